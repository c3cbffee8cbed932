//! What the handlers of this crate share. The handlers stand beside their domain: `inbox::http`, `rules::http`, …

use std::{sync::Arc, time::Duration};

use access::Access;
use base::{Id, SubjectType};
use store::{Error, Tx};

use crate::{channels::Channels, doorbell::Doorbell};

/// The company of a record, if there is such a record. Records are another crate's: whoever puts both together says how
/// to ask.
pub type CompanyOf = Arc<dyn Fn(&mut Tx<'_>, SubjectType, Id) -> Result<Option<Id>, Error> + Send + Sync>;

/// Where rules of managers may lead, besides people, teams and roles of their company.
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
    /// The data, and who is calling.
    pub access: Access,
    /// What checks a destination, and the console's address.
    pub channels: Channels,
    /// Wakes the engine.
    pub doorbell: Doorbell,
    /// Whose a record is.
    pub company_of: CompanyOf,
    /// Where rules of managers may lead.
    pub managers: Managers,
    /// After how long critical and urgent events that nobody read are announced; zero for never.
    pub unread_after: Duration,
}
