//! Which hosts are Slack's, Microsoft's and those of other chats, as far as the operator allows messages to be sent
//! there.

use std::{fmt, str::FromStr};

/// Slack's host for Incoming Webhooks.
pub const SLACK_HOST: &str = "hooks.slack.com";

/// `GovSlack`'s.
pub const SLACK_GOV_HOST: &str = "hooks.slack-gov.com";

/// Microsoft's hosts for Teams webhooks, as [`HostName`] parses them. The first two are for connectors, the others for
/// the Workflows that replaced them.
pub const TEAMS_HOSTS: [&str; 4] = [
    "webhook.office.com",
    "webhook.office365.com",
    ".environment.api.powerplatform.com",
    ".logic.azure.com",
];

/// Hosts of other chats that have a fixed one: Discord's, Google Chat's, ntfy's. The operator names the host of a
/// self-hosted Mattermost.
pub const CHAT_HOSTS: [&str; 3] = ["discord.com", "chat.googleapis.com", "ntfy.sh"];

/// A host name that webhooks may use: one that begins with a full stop matches every host below it, any other matches
/// itself and every host below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// Why a text is not a [`HostName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name of at least two labels, with a leading full stop for its subdomains only")]
pub struct NotAHost;

impl HostName {
    /// Whether the host is the known one or below it.
    pub(super) fn takes(&self, host: &str) -> bool {
        let Some(rest) = host.strip_suffix(&*self.0) else {
            return false;
        };
        if self.0.starts_with('.') {
            !rest.is_empty()
        } else {
            rest.is_empty() || rest.ends_with('.')
        }
    }
}

impl FromStr for HostName {
    type Err = NotAHost;
    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let name = text.strip_prefix('.').unwrap_or(text);
        let plain = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        // An IP address does not end in letters, and a single label would be a whole top-level domain.
        let named = name
            .rsplit_once('.')
            .is_some_and(|(_, last)| last.bytes().any(|byte| byte.is_ascii_lowercase()));
        if named && name.split('.').all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAHost)
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which chat hosts messages may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// Whether `GovSlack` is among them.
    pub slack_gov: bool,
    /// Those for Teams.
    pub teams: Vec<HostName>,
    /// Those for other chats.
    pub chat: Vec<HostName>,
}

impl Default for Hosts {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&host| HostName(host.to_owned())).collect();
        Self {
            slack_gov: false,
            teams: names(&TEAMS_HOSTS),
            chat: names(&CHAT_HOSTS),
        }
    }
}

impl Hosts {
    /// Whether it is one of Slack's.
    pub(super) fn is_slack(&self, host: &str) -> bool {
        host == SLACK_HOST || (self.slack_gov && host == SLACK_GOV_HOST)
    }

    /// Whether it is one of Teams'.
    pub(super) fn is_teams(&self, host: &str) -> bool {
        self.teams.iter().any(|known| known.takes(host))
    }
}
