//! One recipient on one channel, and what became of it.

use std::collections::HashMap;

use base::Id;
use serde::Serialize;

use crate::{
    channel::Channel,
    deliveries::{State as Progress, log::DeliveryLog},
    plan::{Reason, Why},
    target::Recipient,
};

/// One recipient on one channel.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = TraceEntry)]
pub struct Entry {
    /// The channel.
    pub channel: Channel,
    /// `user`, `team`, `address`, or `url` of a rule.
    pub recipient_type: &'static str,
    /// The id of the person, the team or the rule's recipient; for an address the address. Empty where the caller may not
    /// know it: an address or a URL of a platform-wide rule, a person of another company.
    pub recipient: String,
    /// The name of the person or team, if there still is one. Text from outside: escape it.
    pub name: Option<String>,
    /// Whether they were notified: they have the row in the inbox, or the other side took the message.
    pub told: bool,
    /// Why, or why not, as a word: of the plan, or where the message did not arrive, of what became of it (`pending`,
    /// `sending`, `written`, `refused`, `failed`, `outcome_unknown`, or why it was canceled). `team_channel` is a member of a
    /// team that is notified in its own channel.
    pub reason: &'static str,
    /// The same in a sentence.
    pub explanation: String,
    /// The rule by which they are notified.
    pub rule_id: Option<Id>,
    /// The team as whose member they were considered.
    pub team_id: Option<Id>,
    /// Their row in the inbox, where the channel is `in_app`: of an event that came with others the row about all of them.
    pub notification_id: Option<Id>,
    /// The message with its attempts, on the other channels: of an event that came with others the one about all of them.
    pub delivery: Option<DeliveryLog>,
    /// Whom it is.
    #[serde(skip)]
    pub(super) to: Recipient,
    /// Why the plan notifies them, or does not.
    #[serde(skip)]
    pub(super) why: Why,
    /// Whether it is said in a message about a group.
    #[serde(skip)]
    pub(super) grouped: bool,
}

/// The reason of a member of a team that is notified in its channel.
pub(super) const TEAM_CHANNEL: &str = "team_channel";

/// What became of the summaries in which the event is named.
pub(super) type Summaries = HashMap<Id, (Progress, Option<Why>)>;

impl Entry {
    /// What the plan decided of one recipient.
    pub(super) fn of(reason: &Reason) -> Self {
        let rule = match reason.why {
            Why::Rule(rule) => Some(rule),
            _ => reason.rule,
        };
        Self {
            rule_id: rule,
            ..Self::new(reason.channel, reason.recipient.clone(), reason.why.clone())
        }
    }

    /// A recipient with a reason.
    pub(super) fn new(channel: Channel, to: Recipient, why: Why) -> Self {
        Self {
            channel,
            recipient_type: to.kind(),
            recipient: to.reference(),
            name: None,
            told: why.told(),
            reason: why.name(),
            explanation: why.words().to_owned(),
            rule_id: None,
            team_id: match why {
                Why::Member(team) => Some(team),
                _ => None,
            },
            notification_id: None,
            delivery: None,
            to,
            why,
            grouped: false,
        }
    }

    /// Whether this person is the recipient.
    pub(super) fn is_of(&self, user: Id) -> bool {
        self.to == Recipient::User(user)
    }

    /// Whether its message is still under way.
    pub(super) fn waits(&self) -> bool {
        matches!(self.reason, "pending" | "sending")
    }

    /// It is not, or not yet, notified.
    pub(super) fn miss(&mut self, reason: &'static str, explanation: impl Into<String>) {
        (self.told, self.reason, self.explanation) = (false, reason, explanation.into());
    }

    /// What became of its message, or of the summary that names it, counts, not that it was planned.
    pub(super) fn take(&mut self, log: Option<DeliveryLog>, summaries: &Summaries) {
        if let Some(delivery) = log.as_ref().map(|log| &log.delivery) {
            let summary = delivery
                .summary_id
                .filter(|_| delivery.state == Progress::Bundled);
            let summary = summary.and_then(|summary| summaries.get(&summary));
            let (state, cancelled) = summary
                .map_or((delivery.state, delivery.cancelled.as_ref()), |(state, why)| {
                    (*state, why.as_ref())
                });
            if state == Progress::Pending && delivery.reason.as_deref() == Some(Why::Sealed.words()) {
                let explanation = format!("it waits: {}", Why::Sealed.words());
                self.miss("pending", explanation);
            } else if let Some((reason, explanation)) = missed(state, cancelled) {
                self.miss(reason, explanation);
            } else if summary.is_some() {
                "one of many in a minute: told of in a summary".clone_into(&mut self.explanation);
            }
        }
        self.delivery = log;
    }
}

/// Why nobody was notified by the message, or not yet; nothing of one that arrived.
fn missed(state: Progress, cancelled: Option<&Why>) -> Option<(&'static str, &'static str)> {
    Some(match state {
        Progress::Delivered => return None,
        Progress::Written => ("written", "it was written to a file: there is no mail server"),
        Progress::Pending => ("pending", "it waits for its next attempt"),
        Progress::SetAside => ("set_aside", "it cannot be read by this version of the server"),
        Progress::Sending => ("sending", "an attempt is under way"),
        Progress::Refused => ("refused", "the other side refused it for good"),
        Progress::Failed => ("failed", "it was given up after its last attempt"),
        Progress::Unknown => ("outcome_unknown", "nobody knows whether it arrived"),
        // The summary's own state counts; without one it cannot be.
        Progress::Bundled => ("pending", "it waits for its summary"),
        Progress::Cancelled => match cancelled {
            Some(why) => (why.name(), why.words()),
            None => ("cancelled", "it was canceled before it was sent"),
        },
    })
}
