//! The channel registry, one line per channel.
//!
//! Owns: [`Channel`], and everything read from the [`Descriptor`]s of all channels.
//! Must not: contain anything specific to one channel; that belongs in the channel's own module.

use crate::{
    chat,
    descriptor::{Descriptor, Kind},
    email, inbox, slack, teams, webhook,
};

macro_rules! registry {
    ($($channel:ident => $about:path;)*) => {
        /// A way to notify someone.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum Channel {
            $($channel,)*
        }

        impl Channel {
            /// All channels.
            pub const ALL: [Self; [$(stringify!($channel)),*].len()] = [$(Self::$channel),*];

            const NAMES: &'static [&'static str] = &[$($about.name),*];

            /// The channel's descriptor.
            pub const fn about(self) -> &'static Descriptor {
                match self {
                    $(Self::$channel => &$about,)*
                }
            }
        }
    };
}

registry! {
    InApp => inbox::DESCRIPTOR;
    Email => email::DESCRIPTOR;
    Webhook => webhook::DESCRIPTOR;
    Slack => slack::DESCRIPTOR;
    Teams => teams::DESCRIPTOR;
    Chat => chat::DESCRIPTOR;
}

impl Channel {
    /// Channels that reach one person, who controls them by preferences: the columns of the preference matrix (promise
    /// R5).
    pub const PERSONAL: [Self; PERSONAL] = personal();

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// The default for a person without a preference: in-app and email on, personal chat off (promise F5).
    pub const fn on_by_default(self) -> bool {
        self.about().default_on
    }

    /// Whether it is a group or personal chat: reached by a URL, where a receiver cannot recognize a duplicate, so that
    /// a message is repeated only once after an unknown outcome.
    pub const fn is_chat(self) -> bool {
        matches!(self.about().kind, Kind::Chat)
    }

    /// Whether its destination is a URL.
    pub const fn has_url(self) -> bool {
        matches!(self.about().kind, Kind::Chat | Kind::Hook)
    }

    /// The chat channels.
    pub fn chats() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|channel| channel.is_chat())
    }
}

const PERSONAL: usize = {
    let (mut at, mut count) = (0, 0);
    while at < Channel::ALL.len() {
        if Channel::ALL[at].about().personal {
            count += 1;
        }
        at += 1;
    }
    count
};

const fn personal() -> [Channel; PERSONAL] {
    let mut found = [Channel::InApp; PERSONAL];
    let (mut at, mut count) = (0, 0);
    while at < Channel::ALL.len() {
        if Channel::ALL[at].about().personal {
            found[count] = Channel::ALL[at];
            count += 1;
        }
        at += 1;
    }
    found
}

base::word!(Channel, Channel, Some("A way to notify someone.".to_owned()));

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_channel_has_one_name_and_is_read_back_by_it() {
        let names: BTreeSet<_> = Channel::ALL.iter().map(|channel| channel.name()).collect();
        assert_eq!(names.len(), Channel::ALL.len());
        for channel in Channel::ALL {
            assert_eq!(channel.name().parse(), Ok(channel));
            assert_eq!(serde_json::json!(channel), channel.name());
            assert!(
                !channel.about().retries.is_empty() || channel == Channel::InApp,
                "{channel}"
            );
        }
        let refused = "pager".parse::<Channel>().unwrap_err().to_string();
        assert!(
            refused.starts_with("must be one of in_app, email, webhook, slack, "),
            "{refused}"
        );
    }
}
