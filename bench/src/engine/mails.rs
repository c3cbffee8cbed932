//! Mails to an SMTP server in this process: through the engine, and through the channel alone; as the baseline, a bare SMTP
//! session that sends the same number of bytes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base::Clock;
use notify::{
    channels::{Channel, Outbound, Outcome, webhook::Signing},
    message,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    emit::{self, Shape},
    figures::{Meter, Rate, rates, ratios, spread},
    fixture::{self, Database, Fixture, Sending},
    rounds,
};

/// Mails per round.
const MAILS: u64 = 6_000;

/// How many connections are open at once, like the engine's.
const CONNECTIONS: usize = 8;

pub(crate) async fn run() {
    let server = Server::new().await;
    for database in Database::all() {
        let (mut bare, mut channel, mut engine) = (vec![], vec![], vec![]);
        for _ in 0..rounds() {
            bare.push(bare_mails(&server).await);
            channel.push(by_channel(&server).await);
            engine.push(by_engine(database, &server).await);
        }
        println!(
            "bare conversations over {CONNECTIONS} connections: {} mails",
            rates(&bare)
        );
        for (name, rounds) in [("the channel alone", &channel), ("the whole engine", &engine)] {
            println!(
                "{}, {name}: {} mails, {} of the bare ones",
                database.name(),
                rates(rounds),
                spread(ratios(rounds, &bare), 2)
            );
        }
    }
}

async fn by_engine(database: Database, server: &Server) -> Rate {
    let fixture = Fixture::new(database, Some(server.port)).await;
    let engine = fixture.engine(Sending::Out, 0);
    let before = server.mails();
    let meter = Meter::start(fixture.postmaster);
    emit::all(&fixture, Shape::InboxAndMail, MAILS / 3).await;
    fixture.delivered(MAILS).await;
    let rate = meter.read(MAILS);
    assert_eq!(server.mails() - before, MAILS);
    engine.stop().await;
    fixture.store.close().await;
    rate
}

async fn by_channel(server: &Server) -> Rate {
    let fixture = Fixture::new(Database::Sqlite, Some(server.port)).await;
    let event = emit::event(&fixture, Shape::InboxAndMail, 0);
    let outbound = Outbound {
        delivery_id: event.id,
        template: String::new(),
        message: message::compose(&event, "https://campanile.example", message::Detail::Full),
        destination: "user1@example.com".to_owned(),
        body: None,
        unsubscribe: Some("https://campanile.example/unsubscribe".to_owned()),
        signing: Signing::default(),
    };
    let channels = fixture::channels(Clock::system(), Some(server.port));
    let meter = Meter::start(None);
    together(move || {
        let (channels, outbound) = (channels.clone(), outbound.clone());
        async move {
            let attempt = channels.send(Channel::Email, &outbound).await;
            assert_eq!(attempt.outcome, Outcome::Delivered, "{}", attempt.reason);
        }
    })
    .await;
    fixture.store.close().await;
    meter.read(MAILS)
}

/// Runs it once per mail, with as many at once as there are connections.
async fn together<F: Future<Output = ()> + Send>(work: impl Fn() -> F + Clone + Send + 'static) {
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (next, work) = (Arc::clone(&next), work.clone());
        callers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < MAILS {
                work().await;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

/// The five steps of a mail, hand-coded over connections that stay open.
async fn bare_mails(server: &Server) -> Rate {
    let mail = format!(
        "{}.\r\n",
        format!("{}\r\n", "x".repeat(76)).repeat(server.bytes_a_mail() / 78)
    );
    let (port, next) = (server.port, Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    let meter = Meter::start(None);
    for _ in 0..CONNECTIONS {
        let (mail, next) = (mail.clone(), Arc::clone(&next));
        callers.spawn(async move {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            while next.fetch_add(1, Ordering::Relaxed) < MAILS {
                let steps = [
                    "MAIL FROM:<campanile@example.com>\r\n",
                    "RCPT TO:<user1@example.com>\r\n",
                    "DATA\r\n",
                    &mail,
                ];
                for step in steps {
                    stream.write_all(step.as_bytes()).await.unwrap();
                    line.clear();
                    stream.read_line(&mut line).await.unwrap();
                    assert!(line.starts_with('2') || line.starts_with('3'), "{line}");
                }
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    meter.read(MAILS)
}

/// An SMTP server that accepts every mail and keeps none.
struct Server {
    port: u16,
    taken: Arc<Taken>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Taken {
    mails: AtomicU64,
    bytes: AtomicU64,
}

impl Server {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Taken::default());
        let mut tasks = JoinSet::new();
        let heard = Arc::clone(&taken);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let heard = Arc::clone(&heard);
                connections.spawn(async move {
                    // The other side may close at any time.
                    let _ = converse(BufReader::new(stream), &heard).await;
                });
            }
        });
        Self {
            port,
            taken,
            _tasks: tasks,
        }
    }

    fn mails(&self) -> u64 {
        self.taken.mails.load(Ordering::Relaxed)
    }

    /// The average size of the received mails; a typical one before there are any.
    fn bytes_a_mail(&self) -> usize {
        const USUAL: u64 = 8_000;
        let bytes = self.taken.bytes.load(Ordering::Relaxed);
        usize::try_from(bytes.checked_div(self.mails()).unwrap_or(USUAL)).unwrap()
    }
}

async fn converse(mut stream: BufReader<TcpStream>, taken: &Taken) -> std::io::Result<()> {
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.get(..4) {
            Some(b"QUIT") => return stream.write_all(b"221 bye\r\n").await,
            Some(b"EHLO") => b"250-sink\r\n250 8BITMIME\r\n",
            Some(b"DATA") => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut bytes = 0;
                line.clear();
                while stream.read_until(b'\n', &mut line).await? > 0 && line != b".\r\n" {
                    bytes += line.len() as u64;
                    line.clear();
                }
                taken.bytes.fetch_add(bytes, Ordering::Relaxed);
                taken.mails.fetch_add(1, Ordering::Relaxed);
                b"250 queued\r\n"
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}
