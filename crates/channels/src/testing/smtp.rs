//! An SMTP server that has a real conversation, keeps the mails, and misbehaves as configured.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_rustls::TlsAcceptor;

use super::Stream;

/// A stage of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum Stage {
    Greeting,
    Ehlo,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    /// After the last line of the mail.
    Content,
}

/// What happens instead of the usual response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Another response, such as `450 later`.
    Reply(String),
    /// None, and the connection stays open.
    Hang,
    /// None, and the connection is closed.
    Close,
}

/// What the server offers and requires.
#[derive(Clone, Default)]
pub struct SmtpSinkOptions {
    /// TLS, if it has any.
    pub tls: Option<TlsAcceptor>,
    /// Whether TLS starts with the first byte instead of by STARTTLS.
    pub implicit: bool,
    /// User and password that it requires.
    pub credentials: Option<(String, String)>,
    /// Where it misbehaves, and how.
    pub misbehaviour: Option<(Stage, Misbehaviour)>,
}

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The mail, with dot-stuffing undone.
    pub data: Vec<u8>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Whether the client had authenticated.
    pub authenticated: bool,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    mails: Vec<Received>,
    confirmed: usize,
    commands: Vec<String>,
}

/// An SMTP server on this machine.
pub struct SmtpSink {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    options: Arc<Mutex<SmtpSinkOptions>>,
    held: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl SmtpSink {
    /// A server on a free port of 127.0.0.1.
    pub async fn start(options: SmtpSinkOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (seen, options) = (Arc::<Mutex<Seen>>::default(), Arc::new(Mutex::new(options)));
        let (held, holding) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&seen), Arc::clone(&options), holding));
        Self {
            address,
            seen,
            options,
            held,
            _tasks: tasks,
        }
    }

    /// Its address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it misbehaves from the next connection on.
    pub fn misbehave(&self, misbehaviour: Option<(Stage, Misbehaviour)>) {
        self.options
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .misbehaviour = misbehaviour;
    }

    /// Whether mails are only accepted from now on, and confirmed once this is turned off.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// How many mails were confirmed.
    pub fn confirmed(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).confirmed
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .connections
    }

    /// The mails that were accepted.
    pub fn mails(&self) -> Vec<Received> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .mails
            .clone()
    }

    /// The commands received, without the credentials of AUTH.
    pub fn commands(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .commands
            .clone()
    }

    /// Waits until there are this many mails, at most ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(Instant::now() < end, "{} of {count} mails came", mails.len());
            sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn accept(
    listener: TcpListener,
    seen: Arc<Mutex<Seen>>,
    options: Arc<Mutex<SmtpSinkOptions>>,
    holding: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        seen.lock().unwrap_or_else(PoisonError::into_inner).connections += 1;
        let options = options.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (seen, holding) = (Arc::clone(&seen), holding.clone());
        connections.spawn(async move {
            // What the other side does to its connection is up to the test.
            let _ = converse(tcp, (&options, holding), &seen).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

struct Session<'a> {
    stream: BufReader<Box<dyn Stream>>,
    options: &'a SmtpSinkOptions,
    holding: watch::Receiver<bool>,
    encrypted: bool,
    authenticated: bool,
    from: Option<String>,
    to: Vec<String>,
}

async fn converse(
    tcp: TcpStream,
    (options, holding): (&SmtpSinkOptions, watch::Receiver<bool>),
    seen: &Mutex<Seen>,
) -> io::Result<()> {
    let implicit = options.tls.as_ref().filter(|_| options.implicit);
    let stream: Box<dyn Stream> = match implicit {
        Some(tls) => Box::new(tls.accept(tcp).await?),
        None => Box::new(tcp),
    };
    let mut session = Session {
        stream: BufReader::new(stream),
        options,
        holding,
        encrypted: implicit.is_some(),
        authenticated: false,
        from: None,
        to: Vec::new(),
    };
    session.reply(Stage::Greeting, "220 sink ESMTP").await?;
    loop {
        let mut line = String::new();
        if session.stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let logged = if verb == "AUTH" { "AUTH" } else { line };
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .commands
            .push(logged.to_owned());
        if verb == "QUIT" {
            return session.say("221 bye").await;
        }
        session = session.obey(&verb, line, seen).await?;
    }
}

impl Session<'_> {
    async fn obey(mut self, verb: &str, line: &str, seen: &Mutex<Seen>) -> io::Result<Self> {
        match verb {
            "EHLO" => {
                let starttls = self.options.tls.is_some() && !self.encrypted;
                let auth = self.options.credentials.is_some() && !starttls;
                let answer = format!(
                    "250-sink\r\n{}{}250 PIPELINING",
                    if starttls { "250-STARTTLS\r\n" } else { "" },
                    if auth { "250-AUTH PLAIN LOGIN\r\n" } else { "" },
                );
                self.reply(Stage::Ehlo, &answer).await?;
            }
            "STARTTLS" => return self.upgrade().await,
            "AUTH" => self.auth(line).await?,
            "MAIL" if self.options.credentials.is_some() && !self.authenticated => {
                self.say("530 authenticate first").await?;
            }
            "MAIL" => {
                self.from = Some(address(line));
                self.reply(Stage::MailFrom, "250 ok").await?;
            }
            "RCPT" => {
                self.to.push(address(line));
                self.reply(Stage::RcptTo, "250 ok").await?;
            }
            "DATA" => self.data(seen).await?,
            "NOOP" => self.say("250 ok").await?,
            "RSET" => {
                self.from = None;
                self.to.clear();
                self.say("250 ok").await?;
            }
            _ => self.say("502 no such command").await?,
        }
        Ok(self)
    }

    async fn upgrade(mut self) -> io::Result<Self> {
        let Some(tls) = self.options.tls.clone() else {
            self.say("502 no TLS here").await?;
            return Ok(self);
        };
        self.say("220 go ahead").await?;
        // What was sent in the clear after the command is dropped with the buffer.
        let stream: Box<dyn Stream> = Box::new(tls.accept(self.stream.into_inner()).await?);
        Ok(Self {
            stream: BufReader::new(stream),
            encrypted: true,
            ..self
        })
    }

    async fn auth(&mut self, line: &str) -> io::Result<()> {
        let (user, password) = self.options.credentials.clone().unwrap_or_default();
        let expected = format!(
            "AUTH PLAIN {}",
            BASE64_STANDARD.encode(format!("\0{user}\0{password}"))
        );
        if line == expected {
            self.authenticated = true;
            self.reply(Stage::Auth, "235 welcome").await
        } else {
            self.say("535 no").await
        }
    }

    async fn data(&mut self, seen: &Mutex<Seen>) -> io::Result<()> {
        self.reply(Stage::Data, "354 go on").await?;
        let mut data = Vec::new();
        while !(data.ends_with(b"\r\n.\r\n") || data == b".\r\n") {
            if (&mut self.stream)
                .take(10_000_000)
                .read_until(b'\n', &mut data)
                .await?
                == 0
            {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        data.truncate(data.len() - 3);
        let refused = matches!(
            &self.options.misbehaviour,
            Some((Stage::Content, Misbehaviour::Reply(_)))
        );
        if !refused {
            let mail = Received {
                from: self.from.take().unwrap_or_default(),
                to: std::mem::take(&mut self.to),
                data: unstuffed(&data),
                encrypted: self.encrypted,
                authenticated: self.authenticated,
            };
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .mails
                .push(mail);
        }
        // Without the server that holds it the test is over.
        let _ = self.holding.wait_for(|held| !held).await;
        self.reply(Stage::Content, "250 2.0.0 queued as 42").await?;
        seen.lock().unwrap_or_else(PoisonError::into_inner).confirmed += 1;
        Ok(())
    }

    /// The response at a stage, unless it misbehaves there.
    async fn reply(&mut self, stage: Stage, usual: &str) -> io::Result<()> {
        match &self.options.misbehaviour {
            Some((at, how)) if *at == stage => match how {
                Misbehaviour::Reply(other) => self.say(&other.clone()).await,
                Misbehaviour::Hang => {
                    sleep(Duration::from_mins(10)).await;
                    Err(io::ErrorKind::TimedOut.into())
                }
                Misbehaviour::Close => Err(io::ErrorKind::ConnectionAborted.into()),
            },
            _ => self.say(usual).await,
        }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

/// The address between angle brackets.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}

/// The mail without dot-stuffing.
fn unstuffed(data: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(data).replace("\r\n..", "\r\n.");
    text.strip_prefix("..")
        .map_or(text.clone(), |rest| format!(".{rest}"))
        .into_bytes()
}
