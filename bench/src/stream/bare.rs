//! The floor: a broadcaster that knows no scope, no credential, no bound and no end. It encodes each event once,
//! chunk framing included, and two threads write what has gathered to every socket they have.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use base::Clock;
use realtime::Frame;

use crate::server::obey;

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
    17\r\ndata: {\"type\":\"ping\"}\n\n\r\n";

/// What waits for one writer.
#[derive(Default)]
struct Waiting {
    frames: Vec<u8>,
    sockets: Vec<TcpStream>,
}

type Writer = Arc<(Mutex<Waiting>, Condvar)>;

/// Serves until its input ends.
pub(crate) fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let writers: [Writer; 2] = Default::default();
    for writer in writers.clone() {
        std::thread::spawn(move || write(&writer));
    }
    let accepting = writers.clone();
    std::thread::spawn(move || {
        for writer in accepting.iter().cycle() {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]).unwrap();
            socket.write_all(HEAD).unwrap();
            socket.set_nodelay(true).unwrap();
            socket.set_nonblocking(true).unwrap();
            writer.0.lock().unwrap().sockets.push(socket);
        }
    });
    obey(address, Clock::system().id(), |event| {
        let frame = Frame::of(&event).unwrap();
        let bytes = frame.bytes();
        for writer in &writers {
            let mut waiting = writer.0.lock().unwrap();
            write!(waiting.frames, "{:x}\r\n", bytes.len()).unwrap();
            waiting.frames.extend_from_slice(bytes);
            waiting.frames.extend_from_slice(b"\r\n");
            writer.1.notify_one();
        }
    });
}

fn write(writer: &Writer) {
    // Each socket with what it did not take yet.
    let mut sockets: Vec<(TcpStream, Vec<u8>)> = Vec::new();
    let mut behind = false;
    loop {
        let mut waiting = writer.0.lock().unwrap();
        if behind && waiting.frames.is_empty() {
            let wait = Duration::from_millis(1);
            waiting = writer.1.wait_timeout(waiting, wait).unwrap().0;
        }
        while waiting.frames.is_empty() && !behind {
            waiting = writer.1.wait(waiting).unwrap();
        }
        let frames = std::mem::take(&mut waiting.frames);
        sockets.extend(waiting.sockets.drain(..).map(|socket| (socket, Vec::new())));
        drop(waiting);
        behind = false;
        for (socket, left) in &mut sockets {
            if left.is_empty() {
                let sent = send(socket, &frames);
                left.extend_from_slice(&frames[sent..]);
            } else {
                left.extend_from_slice(&frames);
                let sent = send(socket, left);
                left.drain(..sent);
            }
            behind |= !left.is_empty();
        }
    }
}

/// Writes as much as the socket takes now.
fn send(socket: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    while sent < bytes.len() {
        match socket.write(&bytes[sent..]) {
            Ok(0) => break,
            Ok(n) => sent += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // Gone: whatever there is for it counts as taken.
            Err(_) => return bytes.len(),
        }
    }
    sent
}
