//! What the handlers of this crate share. The handlers are next to their domain: `inbox::http`, `rules::http`, …

use std::{sync::Arc, time::Duration};

use access::Access;
use base::{Id, SubjectType};
use store::{Error, Tx};

use crate::{channels::Channels, doorbell::Doorbell};

/// The company of a record, if there is such a record. Records belong to another crate: the code that combines both
/// provides this.
pub type CompanyOf = Arc<dyn Fn(&mut Tx<'_>, SubjectType, Id) -> Result<Option<Id>, Error> + Send + Sync>;

/// What managers may name in rules, in addition to people, teams and roles of their company.
#[derive(Debug, Clone, Default)]
pub struct Managers {
    /// Domains of mail addresses.
    pub email_domains: Vec<String>,
    /// Hosts of URLs.
    pub hosts: Vec<String>,
}

/// The state of every handler here.
#[derive(Clone)]
pub struct State {
    /// The data, and the caller.
    pub access: Access,
    /// Checks destinations, and knows the console's address.
    pub channels: Channels,
    /// Wakes the engine.
    pub doorbell: Doorbell,
    /// A record's company.
    pub company_of: CompanyOf,
    /// What managers may name in rules.
    pub managers: Managers,
    /// After how long unread critical and urgent events are announced; zero for never.
    pub unread_after: Duration,
}
