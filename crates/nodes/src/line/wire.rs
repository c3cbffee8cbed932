//! What carries texts from node to node.
//!
//! Owns: the choice. Must not: know what a text means.

use store::{Listening, Notices};

/// Why the line is not available, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(String);

/// The ways there are.
#[derive(Clone)]
pub enum Wire {
    /// LISTEN and NOTIFY of the database.
    Postgres(Box<Notices>),
}

/// A connection that receives every text sent since it was opened, its own included.
pub(super) enum Link {
    Postgres(Box<Listening>),
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
        }
    }

    pub(super) const fn longest(&self) -> usize {
        match self {
            Self::Postgres(_) => Notices::LONGEST,
        }
    }

    pub(super) async fn connect(&self) -> Result<Link, Broken> {
        match self {
            Self::Postgres(notices) => {
                let link = notices.listen().await.map_err(broken)?;
                Ok(Link::Postgres(Box::new(link)))
            }
        }
    }
}

impl Broken {
    pub(super) fn ended(how: &str) -> Self {
        Self(how.to_owned())
    }
}

fn broken(error: impl std::fmt::Display) -> Broken {
    Broken(error.to_string())
}

impl Link {
    /// Sends these texts in order. After an error it is unknown which of them arrive.
    pub(super) async fn send(&self, texts: &[String]) -> Result<(), Broken> {
        match self {
            Self::Postgres(link) => link.send(texts).await.map_err(broken),
        }
    }

    /// The next text; none once the connection has ended.
    pub(super) async fn receive(&mut self) -> Option<String> {
        match self {
            Self::Postgres(link) => link.receive().await,
        }
    }
}
