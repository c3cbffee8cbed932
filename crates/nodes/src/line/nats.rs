//! Core NATS carries texts between nodes, for installations that run it anyway: larger ones than LISTEN and NOTIFY, and
//! without work for the database.
//!
//! Owns: the connection to NATS; no other module names its client. Must not: use what NATS stores, or rely on the client's
//! own attempts to connect again: what was sent meanwhile is lost, and the keeper of the line has to know.

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use base::Id;
use futures_util::StreamExt;
use tokio::{sync::Notify, time::timeout};

use super::wire::Broken;

/// How long connecting and sending may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the client checks a silent server.
const PING: Duration = Duration::from_secs(5);
/// How many received texts may wait. More mean that the receiver is stuck: then the connection ends.
const WAITING: usize = 8_192;
/// What a server must carry at least: as much as PostgreSQL.
const LEAST: usize = store::Notices::LONGEST;

const MALFORMED: &str = "expected nats://HOST or tls://HOST, several of one cluster separated by commas";
const DIFFERENT: &str = "expected the same user and password for all servers";
const UNREADABLE: &str = "no NATS credentials in this file";

/// Where NATS is, and how to sign in there.
#[derive(Clone)]
pub struct Nats {
    /// Without user and password: the client logs these.
    servers: Vec<ServerAddr>,
    login: Option<Login>,
    credentials: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Eq)]
enum Login {
    Token(String),
    User(String, String),
}

/// A connection that receives every text sent since it was opened, its own included.
pub(super) struct NatsLink {
    client: Client,
    received: Subscriber,
    subject: String,
    /// The longest text that the server takes, in bytes.
    pub(super) longest: usize,
    lost: Arc<Notify>,
}

impl Nats {
    /// The servers at these URLs, separated by commas, with a user and password or a token in them, or a file of
    /// credentials.
    ///
    /// # Errors
    /// Why that is not possible, without the URL.
    pub fn new(urls: &str, credentials: Option<PathBuf>) -> Result<Self, &'static str> {
        let (mut servers, mut logins) = (Vec::new(), Vec::new());
        for url in urls.split(',') {
            let (server, login) = server(url.trim()).ok_or(MALFORMED)?;
            servers.push(server);
            logins.extend(login);
        }
        if logins.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(DIFFERENT);
        }
        let login = logins.pop();
        Ok(Self {
            servers,
            login,
            credentials,
        })
    }

    /// Whether the credentials can be used.
    ///
    /// # Errors
    /// Why not, without their text.
    pub fn check(&self) -> Result<(), String> {
        let Some(file) = &self.credentials else {
            return Ok(());
        };
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let parsed = ConnectOptions::new().credentials(&text);
        parsed.map(drop).map_err(|_| UNREADABLE.to_owned())
    }

    pub(super) async fn connect(&self, name: Id) -> Result<NatsLink, Broken> {
        timeout(PATIENCE, self.connected(format!("campanile.{name}")))
            .await
            .unwrap_or_else(|_| Err(Broken::ended("NATS does not answer in time")))
    }

    async fn connected(&self, subject: String) -> Result<NatsLink, Broken> {
        let lost = Arc::new(Notify::new());
        let notify = Arc::clone(&lost);
        let options = self.options().await?.event_callback(move |event| {
            // After each of these, texts are missing.
            if matches!(
                event,
                Event::Disconnected | Event::Closed | Event::Draining | Event::SlowConsumer(_)
            ) {
                notify.notify_one();
            }
            std::future::ready(())
        });
        let client = options.connect(&self.servers[..]).await.map_err(Broken::of)?;
        let longest = client.server_info().max_payload;
        if longest < LEAST {
            let error = format!("NATS must take at least {LEAST} bytes: max_payload is {longest}");
            return Err(Broken::ended(&error));
        }
        let received = client.subscribe(subject.clone()).await.map_err(Broken::of)?;
        client.flush().await.map_err(Broken::of)?;
        Ok(NatsLink {
            client,
            received,
            subject,
            longest,
            lost,
        })
    }

    async fn options(&self) -> Result<ConnectOptions, Broken> {
        let options = ConnectOptions::new()
            .name("campanile")
            .connection_timeout(PATIENCE)
            .ping_interval(PING)
            .subscription_capacity(WAITING)
            // Each server once: the client of a lost connection ends instead of trying forever.
            .ignore_discovered_servers()
            .max_reconnects(self.servers.len());
        let options = match self.login.clone() {
            None => options,
            Some(Login::Token(token)) => options.token(token),
            Some(Login::User(user, password)) => options.user_and_password(user, password),
        };
        let Some(file) = &self.credentials else {
            return Ok(options);
        };
        // Read each time: they may have been renewed.
        let text = tokio::fs::read_to_string(file).await.map_err(Broken::of)?;
        options.credentials(&text).map_err(|_| Broken::ended(UNREADABLE))
    }
}

/// A server and how to sign in there; none for anything else.
fn server(url: &str) -> Option<(ServerAddr, Option<Login>)> {
    if !["nats://", "tls://"].iter().any(|scheme| url.starts_with(scheme)) {
        return None;
    }
    let mut url = ServerAddr::from_str(url).ok()?.into_inner();
    if url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (token, None) => Some(Login::Token(decoded(token)?)),
        (user, Some(password)) => Some(Login::User(decoded(user)?, decoded(password)?)),
    };
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some((ServerAddr::from_url(url).ok()?, login))
}

/// The text of a percent-encoded one.
fn decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (byte, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(byte, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

impl NatsLink {
    /// Sends these texts in order. After an error it is unknown which of them arrive.
    pub(super) async fn send(&self, texts: &[String]) -> Result<(), Broken> {
        let sent = async {
            for text in texts {
                let published = self.client.publish(self.subject.clone(), text.clone().into());
                published.await.map_err(Broken::of)?;
            }
            self.client.flush().await.map_err(Broken::of)
        };
        tokio::select! {
            () = self.lost.notified() => Err(Broken::ended("the connection ended")),
            sent = timeout(PATIENCE, sent) => {
                sent.unwrap_or_else(|_| Err(Broken::ended("NATS does not answer in time")))
            }
        }
    }

    /// The next text; none once the connection has ended.
    pub(super) async fn receive(&mut self) -> Option<String> {
        loop {
            let message = tokio::select! {
                biased;
                () = self.lost.notified() => return None,
                message = self.received.next() => message?,
            };
            // Whatever is not in the format of a node is ignored.
            if let Ok(text) = String::from_utf8(message.payload.to_vec()) {
                return Some(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    #[test]
    fn servers_are_a_list_with_one_login() {
        for (urls, count) in [
            ("nats://a", 1),
            ("tls://a:4222", 1),
            ("nats://u:p@a:1, nats://u:p@b:2,tls://c", 3),
            ("nats://token@a", 1),
        ] {
            assert_eq!(Nats::new(urls, None).ok().unwrap().servers.len(), count, "{urls}");
        }
        for urls in [
            "",
            "a:4222",
            "http://a",
            "nats://",
            "nats://a,",
            "nats://a:x",
            "nats://u:%f@a",
        ] {
            assert_eq!(Nats::new(urls, None).err(), Some(MALFORMED), "{urls}");
        }
        assert_eq!(
            Nats::new("nats://u:p@a,nats://u:q@b", None).err(),
            Some(DIFFERENT)
        );
    }

    #[test]
    fn a_password_is_decoded_and_not_part_of_the_address() {
        let nats = Nats::new("tls://me:p%40ss%20w%c3%b6rd+@a", None).ok().unwrap();
        let user = Login::User("me".to_owned(), "p@ss w\u{f6}rd+".to_owned());
        assert!(nats.login == Some(user));
        assert_eq!(nats.servers[0].as_url_str(), "tls://a");
        let nats = Nats::new("nats://s3cret@a", None).ok().unwrap();
        assert!(nats.login == Some(Login::Token("s3cret".to_owned())));
        assert!(!format!("{:?}", nats.servers).contains("s3cret"));
    }

    #[test]
    fn credentials_that_are_none_are_refused_without_their_text() {
        let file = std::env::temp_dir().join(format!("campanile-{}.creds", Clock::system().id()));
        let nats = Nats::new("nats://a", Some(file.clone())).ok().unwrap();
        assert!(nats.check().is_err());
        std::fs::write(&file, "hunter2").unwrap();
        assert_eq!(nats.check(), Err(UNREADABLE.to_owned()));
        std::fs::remove_file(&file).unwrap();
    }

    #[tokio::test]
    async fn texts_arrive_in_order_up_to_the_longest_and_only_under_the_same_name() {
        let Ok(url) = std::env::var("CAMPANILE_TEST_NATS") else {
            return;
        };
        let nats = Nats::new(&url, None).ok().unwrap();
        let (name, other) = (Clock::system().id(), Clock::system().id());
        let one = nats.connect(name).await.unwrap();
        let mut another = nats.connect(name).await.unwrap();
        let mut elsewhere = nats.connect(other).await.unwrap();
        assert!(one.longest > LEAST);
        let texts = [
            "first \u{1f514}".to_owned(),
            "x".repeat(one.longest),
            "last".to_owned(),
        ];
        one.send(&texts).await.unwrap();
        for text in &texts {
            assert_eq!(another.receive().await.as_ref(), Some(text));
        }
        let too_long = ["x".repeat(one.longest + 1)];
        assert!(one.send(&too_long).await.is_err());
        elsewhere.send(&texts[..1]).await.unwrap();
        assert_eq!(
            elsewhere.receive().await.as_ref(),
            Some(&texts[0]),
            "its own, and no other"
        );
    }
}
