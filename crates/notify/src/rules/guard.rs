//! Which recipients and destinations the caller may name in a rule.

use access::{Caller, Vault};

use crate::{
    channels::Channels,
    http::{CompanyOf, Managers},
};

/// Checks and identifies destinations.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) channels: Channels,
    pub(super) vault: Vault,
    pub(super) company_of: CompanyOf,
    /// What managers may name, if the caller is one.
    pub(super) managers: Option<Managers>,
}

impl Guard {
    /// The same for this caller.
    pub(super) fn of(mut self, caller: &Caller) -> Self {
        if caller.is_admin {
            self.managers = None;
        }
        self
    }
}

impl Guard {
    /// The address, if the caller may name it.
    pub(super) fn may_mail(&self, email: String) -> Result<String, String> {
        let Some(managers) = &self.managers else {
            return Ok(email);
        };
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        if managers
            .email_domains
            .iter()
            .any(|known| known.eq_ignore_ascii_case(domain))
        {
            return Ok(email);
        }
        Err("managers may not name addresses of this domain (outbound.manager_email_domains)".to_owned())
    }

    /// The URL, if the caller may name it.
    pub(super) fn may_post(&self, url: String) -> Result<String, String> {
        let Some(managers) = &self.managers else {
            return Ok(url);
        };
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        if managers
            .hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(host))
        {
            return Ok(url);
        }
        Err("managers may not name URLs on this host (outbound.manager_hosts)".to_owned())
    }
}
