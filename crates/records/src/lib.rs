//! The records that emit events: assets, agreements, approvals, reports, projects, scans, findings, their deadlines,
//! and what is due when.
//!
//! Owns: the tables of these records and every change of them, each with its one event in the same transaction; the
//! lifecycle of a finding ([`findings::Status`]); external events ([`external`]); the SLA ([`sla`]); what is due when
//! ([`dated`]), and announcing it at the right time ([`clock`]); the dashboard ([`dashboard`]) and recent activity
//! ([`activity`]).
//! Must not: depend on `notify`, `realtime` or `calendar`, or know who consumes events.

pub mod activity;
pub mod agreements;
pub mod approvals;
pub mod assets;
pub mod by;
pub mod clock;
pub mod dashboard;
pub mod date;
pub mod dated;
pub mod external;
pub mod findings;
pub mod import;
pub mod matching;
pub mod order;
pub mod projects;
pub mod record;
pub mod reports;
pub mod router;
pub mod scans;
pub mod sla;
pub mod targets;

mod column;
mod differ;
pub mod owned;
mod tags;
mod text;
mod turns;

pub use access::Refused;
pub use by::{By, Named, Place};
pub use clock::SlaClock;
pub use date::Date;
pub use text::{MAX_COMMENT, MAX_DESCRIPTION, MAX_LINE, MAX_SEARCH, MAX_TITLE};

use base::Id;
use std::sync::Arc;

use store::{Store, Tx, rows};
use tokio::sync::Notify;

/// The tables this crate owns: every file in `migrations`, which `build.rs` lists.
pub const MIGRATIONS: store::MigrationSet = store::MigrationSet {
    owner: "records",
    steps: include!(concat!(env!("OUT_DIR"), "/migrations.rs")),
};

/// The company of a finding, a project, an asset or a scan, if there is such a record: for callers that have only its
/// id and check the scope afterwards.
///
/// # Errors
/// The store's.
pub fn company_of(tx: &mut Tx<'_>, kind: base::SubjectType, id: Id) -> Result<Option<Id>, store::Error> {
    let sql = match kind {
        base::SubjectType::Finding => "select company_id from findings where id = $1",
        base::SubjectType::Project => "select company_id from projects where id = $1",
        base::SubjectType::Asset => "select company_id from assets where id = $1",
        base::SubjectType::Scan => "select company_id from scans where id = $1",
        _ => return Ok(None),
    };
    Ok(tx
        .one::<(Id,)>(sql, store::params![id])?
        .map(|(company,)| company))
}

/// The operator's settings for all companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many days a finding of each severity may stay open. A company may override them.
    pub sla_days: sla::Days,
    /// The number of days for a retest.
    pub retest_days: u32,
    /// When to warn about a finding's deadline, and the deadline itself. A company may override it.
    pub sla_steps: sla::Ladder,
    /// When to announce that an agreement is about to expire.
    pub agreement_steps: sla::Ladder,
    /// How many reports there may be, and for how long.
    pub reports: reports::Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sla_days: sla::Days::default(),
            retest_days: 14,
            sla_steps: sla::Ladder::up_to([7 * 24, 3 * 24, 24, 4]),
            agreement_steps: sla::Ladder::before([30 * 24, 7 * 24, 24]),
            reports: reports::Limits::default(),
        }
    }
}

impl Settings {
    /// The settings of a company until the end of the transaction: its own SLA days and warnings if it has set some.
    ///
    /// # Errors
    /// The store's.
    pub fn of(mut self, tx: &mut Tx<'_>, company: Id) -> Result<Self, store::Error> {
        self.sla_days = sla::overrides(tx, company)?.over(self.sla_days);
        self.sla_steps = sla::warnings::get_for_share(tx, company)?.unwrap_or(self.sla_steps);
        Ok(self)
    }

    /// The current settings of a company, for a transaction that only reads.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn current_of(mut self, tx: &mut Tx<'_>, company: Id) -> Result<Self, store::Error> {
        self.sla_days = sla::overrides(tx, company)?.over(self.sla_days);
        let own = sla::warnings::among(tx, &[company])?.remove(&company);
        self.sla_steps = own.unwrap_or(self.sla_steps);
        Ok(self)
    }
}

/// The state of this crate's handlers.
#[derive(Clone)]
pub struct Records {
    store: Store,
    settings: Settings,
    /// Wakes the clock of this process if no event does.
    wake: Arc<Notify>,
    /// The order of bulk changes of findings.
    bulk: turns::Turns,
    /// The imports of this process.
    running: import::Running,
}

impl Records {
    /// Records in the tables of `store`.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self {
            store,
            settings,
            wake: Arc::default(),
            bulk: turns::Turns::default(),
            running: import::Running::default(),
        }
    }

    /// The data.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) const fn running(&self) -> &import::Running {
        &self.running
    }

    /// The settings of every company.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    async fn read<T: Send + 'static, E: From<store::Error> + Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.store.read(f).await
    }

    /// Reads a list. One that searches scans all rows, which may take long.
    async fn list<T: Send + 'static, E: From<store::Error> + Send + 'static>(
        &self,
        searches: bool,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        if searches {
            self.store.scan(f).await
        } else {
            self.store.read(f).await
        }
    }

    async fn write<T: Send + 'static, E: From<store::Error> + Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Clone + Send + 'static,
    ) -> Result<T, E> {
        self.store.write(f).await
    }
}
