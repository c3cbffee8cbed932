//! The lower bound: a broadcaster without credentials, limits or termination. It encodes each event once, chunk framing
//! included, and two threads write the pending frames of a company to each of its sockets. A client's path is the
//! number of its company.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use base::{Clock, Event, Id};
use realtime::Frame;

use crate::orders::{Publish, execute};

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
    17\r\ndata: {\"type\":\"ping\"}\n\n\r\n";

/// How it writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Everything since the last pass at once.
    Gathered,
    /// Each event separately.
    Each,
}

/// What waits for one writer: chunks with their company, and sockets with theirs.
#[derive(Default)]
struct Waiting {
    chunks: Vec<(usize, Arc<[u8]>)>,
    sockets: Vec<(usize, TcpStream)>,
}

type Writer = Arc<(Mutex<Waiting>, Condvar)>;

/// Serves until its input ends.
pub(crate) fn serve(companies: usize, mode: Writing) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let writers: [Writer; 2] = Default::default();
    for writer in writers.clone() {
        std::thread::spawn(move || write(&writer, companies, mode));
    }
    let accepting = writers.clone();
    std::thread::spawn(move || accept(&listener, &accepting));
    let clock = Clock::system();
    let companies: Vec<Id> = (0..companies).map(|_| clock.id()).collect();
    execute(address, &[std::process::id()], &companies, Writers(writers));
}

/// The clients of a company, and so of all, are spread evenly over the writers.
fn accept(listener: &TcpListener, writers: &[Writer]) {
    let mut turns: BTreeMap<usize, usize> = BTreeMap::new();
    loop {
        let (mut socket, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let size = socket.read(&mut head).unwrap();
        let head = String::from_utf8_lossy(&head[..size]);
        let path = head.split(' ').nth(1).unwrap();
        let company = path.trim_start_matches('/').parse().unwrap();
        socket.write_all(HEAD).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_nonblocking(true).unwrap();
        let turn = turns.entry(company).or_insert(company);
        *turn += 1;
        let mut waiting = writers[*turn % writers.len()].0.lock().unwrap();
        waiting.sockets.push((company, socket));
    }
}

struct Writers([Writer; 2]);

impl Publish for Writers {
    fn publish(&mut self, company: usize, event: Event) {
        let frame = Frame::of(&event).unwrap();
        let bytes = frame.bytes();
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        let chunk: Arc<[u8]> = chunk.into();
        for writer in &self.0 {
            writer
                .0
                .lock()
                .unwrap()
                .chunks
                .push((company, Arc::clone(&chunk)));
            writer.1.notify_one();
        }
    }
}

/// A client with its unsent data.
struct Client {
    socket: TcpStream,
    left: Vec<u8>,
}

fn write(writer: &Writer, companies: usize, mode: Writing) {
    let mut clients: Vec<Vec<Client>> = (0..companies).map(|_| Vec::new()).collect();
    // Companies with a client that has unsent data.
    let mut behind: BTreeSet<usize> = BTreeSet::new();
    loop {
        let mut waiting = writer.0.lock().unwrap();
        if !behind.is_empty() && waiting.chunks.is_empty() {
            waiting = writer
                .1
                .wait_timeout(waiting, Duration::from_millis(1))
                .unwrap()
                .0;
        }
        while waiting.chunks.is_empty() && behind.is_empty() {
            waiting = writer.1.wait(waiting).unwrap();
        }
        let Waiting { chunks, sockets } = std::mem::take(&mut *waiting);
        drop(waiting);
        for (company, socket) in sockets {
            let left = Vec::new();
            clients[company].push(Client { socket, left });
        }
        let late = behind.iter().map(|company| (*company, Vec::new().into()));
        let late: Vec<(usize, Arc<[u8]>)> = late.collect();
        behind.clear();
        for (company, bytes) in late.into_iter().chain(passes(chunks, mode)) {
            let members = &mut clients[company];
            members.retain_mut(|client| write_client(client, &bytes));
            if members.iter().any(|client| !client.left.is_empty()) {
                behind.insert(company);
            }
        }
    }
}

/// What is written at once, and to which company.
fn passes(chunks: Vec<(usize, Arc<[u8]>)>, mode: Writing) -> Vec<(usize, Arc<[u8]>)> {
    if mode == Writing::Each || chunks.len() == 1 {
        return chunks;
    }
    let mut gathered: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for (company, chunk) in chunks {
        gathered.entry(company).or_default().extend_from_slice(&chunk);
    }
    gathered
        .into_iter()
        .map(|(company, bytes)| (company, bytes.into()))
        .collect()
}

/// Writes to a client, after its unsent data. Returns whether it is still connected.
fn write_client(client: &mut Client, bytes: &[u8]) -> bool {
    let Client { socket, left } = client;
    if left.is_empty() {
        let sent = send(socket, bytes);
        left.extend_from_slice(&bytes[sent.unwrap_or(bytes.len())..]);
        return sent.is_some();
    }
    left.extend_from_slice(bytes);
    let sent = send(socket, left);
    left.drain(..sent.unwrap_or(left.len()));
    sent.is_some()
}

/// Writes as much as the socket accepts now; none if it is closed.
fn send(socket: &mut TcpStream, bytes: &[u8]) -> Option<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match socket.write(&bytes[sent..]) {
            Ok(0) => break,
            Ok(n) => sent += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(_) => return None,
        }
    }
    Some(sent)
}
