//! One recipient on one channel, and the outcome.

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
    /// The id of the user, the team or the rule's recipient; for an address the address. Empty if the caller may not
    /// know it: an address or a URL of a platform-wide rule, a user of another company.
    pub recipient: String,
    /// The name of the user or team, if it still exists. Untrusted text: escape it.
    pub name: Option<String>,
    /// Whether they were notified: they have the inbox row, or the other side accepted the message.
    pub told: bool,
    /// Why, or why not, as a word: from the plan, or if the message was not delivered, its outcome (`pending`,
    /// `sending`, `written`, `refused`, `failed`, `outcome_unknown`, or why it was canceled). `team_channel` is a
    /// member of a team that is notified in its own channel.
    pub reason: &'static str,
    /// The same in a sentence.
    pub explanation: String,
    /// The rule by which they are notified.
    pub rule_id: Option<Id>,
    /// The team they were considered as a member of.
    pub team_id: Option<Id>,
    /// Their inbox row, if the channel is `in_app`: for a grouped event the row about the group.
    pub notification_id: Option<Id>,
    /// The message with its attempts, on the other channels: for a grouped event the one about the group.
    pub delivery: Option<DeliveryLog>,
    /// The recipient.
    #[serde(skip)]
    pub(super) to: Recipient,
    /// Why the plan notifies them, or does not.
    #[serde(skip)]
    pub(super) why: Why,
    /// Whether it is in a message about a group.
    #[serde(skip)]
    pub(super) grouped: bool,
}

/// The reason of a member of a team that is notified in its channel.
pub(super) const TEAM_CHANNEL: &str = "team_channel";

/// The outcome of the summaries that name the event.
pub(super) type Summaries = HashMap<Id, (Progress, Option<Why>)>;

impl Entry {
    /// The plan's decision on one recipient.
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
            told: why.is_notified(),
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

    /// Whether its message is still in flight.
    pub(super) fn waits(&self) -> bool {
        matches!(self.reason, "pending" | "sending")
    }

    /// Marks it as not, or not yet, notified.
    pub(super) fn miss(&mut self, reason: &'static str, explanation: impl Into<String>) {
        (self.told, self.reason, self.explanation) = (false, reason, explanation.into());
    }

    /// Applies the outcome of its message, or of the summary that names it, which counts rather than the plan.
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
                let explanation = format!("waiting: {}", Why::Sealed.words());
                self.miss("pending", explanation);
            } else if let Some((reason, explanation)) = missed(state, cancelled) {
                self.miss(reason, explanation);
            } else if summary.is_some() {
                "one of many in a minute: bundled in a summary".clone_into(&mut self.explanation);
            }
        }
        self.delivery = log;
    }
}

/// Why the message notified nobody, or not yet; none for a delivered one.
fn missed(state: Progress, cancelled: Option<&Why>) -> Option<(&'static str, &'static str)> {
    Some(match state {
        Progress::Delivered => return None,
        Progress::Written => (
            "written",
            "the mail was written to a file: no mail server is set up",
        ),
        Progress::Pending => ("pending", "the message is waiting for its next attempt"),
        Progress::SetAside => ("set_aside", "this version of the server cannot read the message"),
        Progress::Sending => ("sending", "an attempt is in progress"),
        Progress::Refused => ("refused", "the destination rejected the message permanently"),
        Progress::Failed => ("failed", "the message was given up after its last attempt"),
        Progress::Unknown => (
            "outcome_unknown",
            "it is unknown whether the message was delivered",
        ),
        // The summary's own state counts; it always exists.
        Progress::Bundled => ("pending", "the message is waiting for its summary"),
        Progress::Cancelled => match cancelled {
            Some(why) => (why.name(), why.words()),
            None => ("cancelled", "the message was canceled before it was sent"),
        },
    })
}
