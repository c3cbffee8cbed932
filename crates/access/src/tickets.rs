//! Tickets: credentials for the live stream when neither a header nor a cookie can be sent, worthless in a log a moment
//! later.
//!
//! Owns: the table `stream_tickets`. Must not: know what a ticket's session may see; that is looked up when it is used.
//!
//! Only a hash of a ticket is stored, and its credential only sealed, so reading the table yields neither.

use std::{fmt::Write as _, time::Duration};

use base::{Id, Time};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use store::params;

use crate::{Access, Problem, Secret};

/// How long a ticket is valid.
const LIFETIME: Duration = Duration::from_secs(30);
/// How many tickets are issued in [`LIFETIME`], in total.
const TOTAL: u64 = 65_536;
/// How many tickets one session gets in [`LIFETIME`].
const PER_SESSION: u64 = 60;
/// After how long a session with too many tickets may retry.
const RETRY_AFTER: Duration = Duration::from_secs(10);

const PRUNE: &str = "delete from stream_tickets where expires_at <= $1";
const OF_SESSION: &str = "select count(*) from stream_tickets where session_id = $1 and expires_at > $2";
const ALL: &str = "select count(*) from (select 1 from stream_tickets limit $1) as issued";
const INSERT: &str =
    "insert into stream_tickets (hash, session_id, sealed, expires_at) values ($1, $2, $3, $4)";
const FIND: &str = "select sealed from stream_tickets where hash = $1 and sealed <> '' and expires_at > $2";
const USE: &str = "update stream_tickets set sealed = '' where hash = $1 and sealed <> ''";

impl Access {
    /// A ticket for the session with this credential, and until when it is valid, on every node.
    ///
    /// # Errors
    /// 429 if the session, or everyone together, has too many; those of the store.
    pub async fn issue_ticket(&self, session: Id, credential: &str) -> Result<(String, Time), Problem> {
        let clock = self.clock();
        let ticket = URL_SAFE_NO_PAD.encode(clock.random::<32>());
        let hash = hash(&ticket);
        let sealed = self.vault().seal(&bound_to(&hash), credential);
        let until = clock.now().after(LIFETIME);
        let issued = self.store().write(move |tx| {
            let now = tx.now();
            tx.execute(PRUNE, params![now])?;
            let of_session = tx.one::<(u64,)>(OF_SESSION, params![session, now])?;
            let all = tx.one::<(u64,)>(ALL, params![TOTAL])?;
            let is_full = |count: Option<(u64,)>, most| count.is_some_and(|(count,)| count >= most);
            if is_full(of_session, PER_SESSION) || is_full(all, TOTAL) {
                let busy = "Too many stream tickets. Try again later.";
                return Err(Problem::busy(RETRY_AFTER, busy));
            }
            tx.execute(INSERT, params![hash, session, sealed, until])?;
            Ok(())
        });
        issued.await?;
        Ok((ticket, until))
    }

    /// The credential behind a ticket, which is used up by that; none for an unknown, used or expired ticket.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<Option<Secret>, Problem> {
        let hash = hash(ticket);
        let bound = bound_to(&hash);
        let sealed = self.store().write(move |tx| {
            let now = tx.now();
            let found = tx.one::<(String,)>(FIND, params![&hash, now])?;
            // Of two requests with one ticket, also on two nodes, one changes the row.
            let used = tx.execute(USE, params![&hash])?;
            Ok::<_, Problem>(found.filter(|_| used > 0))
        });
        let sealed = sealed.await?;
        Ok(sealed.and_then(|(sealed,)| self.vault().open(&bound, &sealed).ok()))
    }
}

fn bound_to(hash: &str) -> String {
    format!("stream ticket {hash}")
}

fn hash(ticket: &str) -> String {
    let digest = Sha256::digest(ticket.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;
    use crate::{MIGRATIONS, Options};

    const START: Time = Time::from_nanos(1_790_000_000_000_000_000);

    /// Two nodes on each database.
    async fn nodes() -> Vec<(&'static str, Clock, [Access; 2])> {
        let clock = Clock::manual(START);
        let stores = store::testing::stores_with(clock.clone(), &[store::MIGRATIONS, MIGRATIONS]).await;
        let node = |store: &store::Store| Access::new(store.clone(), Options::new(Secret::new("a key")));
        stores
            .iter()
            .map(|(name, store)| (*name, clock.clone(), [node(store), node(store)]))
            .collect()
    }

    async fn redeemed(node: &Access, ticket: &str) -> Option<String> {
        let secret = node.redeem_ticket(ticket).await.unwrap();
        secret.map(|secret| secret.expose().to_owned())
    }

    // promise: E1
    // promise: N1
    #[tokio::test]
    async fn a_ticket_is_valid_once_and_for_thirty_seconds_on_every_node() {
        for (name, clock, [one, other]) in nodes().await {
            let session = clock.id();
            let (once, until) = one.issue_ticket(session, "secret").await.unwrap();
            assert_eq!(until, clock.now().after(Duration::from_secs(30)), "{name}");
            assert_eq!(once.len(), 43, "256 bits");
            assert_eq!(redeemed(&other, "something else").await, None, "{name}");
            let (first, second) = tokio::join!(redeemed(&other, &once), redeemed(&one, &once));
            let mut both = [first, second];
            both.sort();
            assert_eq!(both, [None, Some("secret".to_owned())], "{name}");
            let (late, _) = one.issue_ticket(session, "secret").await.unwrap();
            clock.advance(Duration::from_secs(29));
            let (fresh, _) = other.issue_ticket(session, "secret").await.unwrap();
            clock.advance(Duration::from_secs(1));
            assert_eq!(redeemed(&other, &late).await, None, "{name}");
            assert!(redeemed(&one, &fresh).await.is_some(), "{name}");
        }
    }

    // promise: N1
    #[tokio::test]
    async fn tickets_are_limited_over_all_nodes_and_forgotten() {
        for (name, clock, [one, other]) in nodes().await {
            let greedy = clock.id();
            for count in 0..PER_SESSION {
                let node = if count % 2 == 0 { &one } else { &other };
                let (ticket, _) = node.issue_ticket(greedy, "secret").await.unwrap();
                assert!(redeemed(node, &ticket).await.is_some(), "{name}");
            }
            let refused = one.issue_ticket(greedy, "secret").await.unwrap_err();
            assert_eq!(refused.status(), 429, "{name}");
            assert!(other.issue_ticket(clock.id(), "secret").await.is_ok(), "{name}");
            clock.advance(LIFETIME);
            other.issue_ticket(greedy, "secret").await.unwrap();
            let count = one.store().read(|tx| tx.one::<(u64,)>(ALL, params![TOTAL]));
            assert_eq!(count.await.unwrap(), Some((1,)), "{name}");
        }
    }

    #[tokio::test]
    async fn the_table_holds_neither_ticket_nor_credential() {
        const ROWS: &str = "select hash, sealed from stream_tickets";
        for (name, clock, [one, _]) in nodes().await {
            let (ticket, _) = one.issue_ticket(clock.id(), "secret").await.unwrap();
            let rows = one.store().read(|tx| tx.all::<(String, String)>(ROWS, &[]));
            let text = format!("{:?}", rows.await.unwrap());
            assert!(
                !text.contains(&ticket) && !text.contains("secret"),
                "{name}: {text}"
            );
        }
    }
}
