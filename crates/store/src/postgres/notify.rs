//! Short texts between the processes on one PostgreSQL database: LISTEN and NOTIFY.
//!
//! Owns: one connection for both, outside of the pool, and the channel. Must not: know what a text means, or be part of a
//! transaction that writes: PostgreSQL serializes the commits of transactions that notify.

use std::{future::poll_fn, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Statement, types::ToSql};

use crate::Error;

/// How long connecting and sending may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many received texts may wait. More mean that the receiver is stuck: then the connection ends.
const WAITING: usize = 8_192;
/// The longest name of a channel, in bytes.
const NAME: usize = 63;

const SCHEMA: &str = "select coalesce(current_schema(), '')";
// One round trip for any number of texts, in their order.
const SEND: &str = "select pg_notify($1, text) from unnest($2::text[]) as text";

/// Where the processes on one database exchange texts.
#[derive(Clone)]
pub struct Notices {
    config: Config,
}

/// A connection that receives every text sent since it was opened, its own included.
pub struct Listening {
    client: Client,
    send: Statement,
    channel: String,
    received: mpsc::Receiver<String>,
    connection: JoinHandle<()>,
}

impl Notices {
    /// The longest text, in bytes. PostgreSQL's limit is 8,000 with the end of the text.
    pub const LONGEST: usize = 7_999;

    /// For the database with this URL; none for SQLite, which one process uses.
    ///
    /// # Errors
    /// [`Error::Fault`] for a malformed URL.
    pub fn of(url: &str) -> Result<Option<Self>, Error> {
        if url.starts_with("sqlite://") {
            return Ok(None);
        }
        let config = super::config(url, "campanile line")?;
        Ok(Some(Self { config }))
    }

    /// Connects and listens.
    ///
    /// # Errors
    /// The driver's, or [`Error::Unavailable`] if it takes too long.
    pub async fn listen(&self) -> Result<Listening, Error> {
        timeout(PATIENCE, self.connect())
            .await
            .unwrap_or(Err(Error::Unavailable))
    }

    async fn connect(&self) -> Result<Listening, Error> {
        let (passed, received) = mpsc::channel(WAITING);
        let (client, connection) = match super::tls(&self.config)? {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, tokio::spawn(drive(connection, passed)))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls).await?;
                (client, tokio::spawn(drive(connection, passed)))
            }
        };
        // Channels belong to the database, tables to a schema of it.
        let schema: String = client.query_one(SCHEMA, &[]).await?.get(0);
        let channel = channel_of(&schema);
        let listen = format!("listen \"{}\"", channel.replace('"', "\"\""));
        client.batch_execute(&listen).await?;
        let send = client.prepare(SEND).await?;
        Ok(Listening {
            client,
            send,
            channel,
            received,
            connection,
        })
    }
}

fn channel_of(schema: &str) -> String {
    let mut channel = format!("campanile {schema}");
    while channel.len() > NAME {
        channel.pop();
    }
    channel
}

/// Serves the connection and passes on what it receives, until either ends.
async fn drive<S, T>(mut connection: Connection<S, T>, passed: mpsc::Sender<String>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message
            && passed.try_send(notification.payload().to_owned()).is_err()
        {
            return;
        }
    }
}

impl Listening {
    /// Sends these texts to everyone who listens, in order, all of them or none.
    ///
    /// # Errors
    /// The driver's, or [`Error::Unavailable`] if it takes too long; it is then unknown whether they were sent.
    pub async fn send(&self, texts: &[String]) -> Result<(), Error> {
        let params: [&(dyn ToSql + Sync); 2] = [&self.channel, &texts];
        let sent = self.client.execute(&self.send, &params);
        timeout(PATIENCE, sent).await.map_err(|_| Error::Unavailable)??;
        Ok(())
    }

    /// The next text; none once the connection has ended.
    pub async fn receive(&mut self) -> Option<String> {
        self.received.recv().await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{POSTGRES, postgres_url};

    #[tokio::test]
    async fn texts_arrive_in_order_up_to_the_longest() {
        assert!(Notices::of("sqlite://a.db").unwrap().is_none());
        let Ok(server) = std::env::var(POSTGRES) else {
            return;
        };
        let url = postgres_url(&server, &base::Clock::system()).await.unwrap();
        let notices = Notices::of(&url).unwrap().unwrap();
        let (one, mut other) = (notices.listen().await.unwrap(), notices.listen().await.unwrap());
        let texts = [
            "first \u{1f514} \"quoted\"".to_owned(),
            "x".repeat(Notices::LONGEST),
            "last".to_owned(),
        ];
        one.send(&texts).await.unwrap();
        for text in &texts {
            assert_eq!(other.receive().await.as_ref(), Some(text));
        }
        let too_long = [texts[0].clone(), "x".repeat(Notices::LONGEST + 1)];
        assert!(one.send(&too_long).await.is_err());
        one.send(&texts[2..]).await.unwrap();
        assert_eq!(other.receive().await.as_deref(), Some("last"), "all or none");
    }

    #[test]
    fn a_channel_has_a_name_that_fits() {
        assert_eq!(channel_of("public"), "campanile public");
        assert!(channel_of(&"\u{fc}".repeat(63)).len() <= NAME);
    }
}
