//! What carries texts from node to node.
//!
//! Owns: the choice. Must not: know what a text means.

use base::Id;
use store::{Listening, Notices};

use super::nats::{Nats, NatsLink};

/// Why the line is not available, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(String);

/// The ways there are.
#[derive(Clone)]
pub enum Wire {
    /// LISTEN and NOTIFY of the database.
    Postgres(Box<Notices>),
    /// Core NATS, where this is the name of the database.
    Nats(Box<Nats>, Id),
}

/// A connection that receives every text sent since it was opened, its own included.
pub(super) enum Link {
    Postgres(Box<Listening>),
    Nats(Box<NatsLink>),
}

impl Wire {
    /// The line of this database; none for SQLite, which one process uses.
    ///
    /// # Errors
    /// For a malformed URL.
    pub fn of_database(url: &str) -> Result<Option<Self>, store::Error> {
        Ok(Notices::of(url)?.map(|notices| Self::Postgres(Box::new(notices))))
    }

    /// Its name, for logs and people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::Nats(..) => "NATS",
        }
    }

    pub(super) async fn connect(&self) -> Result<Link, Broken> {
        match self {
            Self::Postgres(notices) => {
                let link = notices.listen().await.map_err(Broken::of)?;
                Ok(Link::Postgres(Box::new(link)))
            }
            Self::Nats(nats, name) => {
                // The client's future is large, and this one would be too.
                let link = Box::pin(nats.connect(*name)).await?;
                Ok(Link::Nats(Box::new(link)))
            }
        }
    }
}

impl Broken {
    pub(super) fn ended(how: &str) -> Self {
        Self(how.to_owned())
    }

    pub(super) fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl Link {
    /// The longest text, in bytes.
    pub(super) fn longest(&self) -> usize {
        match self {
            Self::Postgres(_) => Notices::LONGEST,
            Self::Nats(link) => link.longest,
        }
    }

    /// Sends these texts in order. After an error it is unknown which of them arrive.
    pub(super) async fn send(&self, texts: &[String]) -> Result<(), Broken> {
        match self {
            Self::Postgres(link) => link.send(texts).await.map_err(Broken::of),
            Self::Nats(link) => link.send(texts).await,
        }
    }

    /// The next text; none once the connection has ended.
    pub(super) async fn receive(&mut self) -> Option<String> {
        match self {
            Self::Postgres(link) => link.receive().await,
            Self::Nats(link) => link.receive().await,
        }
    }
}
