//! Why a recipient gets a message, in words for that recipient or for others.
//!
//! Owns: one clause for each reason to notify. Must not: decide anything.

use base::{Event, Id, SubjectType, text};

use super::reason::Why;
use crate::{message::Detail, target::Recipient};

/// The longest name in a sentence.
const NAME: usize = 80;

/// Who gets the message, and what the sentence may name.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The message's event.
    pub event: &'a Event,
    /// Its recipient.
    pub recipient: &'a Recipient,
    /// The name of the team in the reason, if it is about one.
    pub team: Option<&'a str>,
    /// How much detail the message contains.
    pub detail: Detail,
    /// Whether it is about several findings, each with a reason of its own; this one is the closest.
    pub many: bool,
}

/// Why a recipient gets a message, as stored with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The reason.
    pub why: Why,
    /// The name of the team in the reason, if it is about one.
    pub team: Option<String>,
}

impl Cause {
    /// The reason for this recipient, with the name of its team from `name`.
    pub fn of(why: Why, recipient: &Recipient, name: impl FnOnce(Id) -> Option<String>) -> Self {
        let team = match (&why, recipient) {
            (Why::Member(team), _) | (_, Recipient::Team(team)) => name(*team),
            _ => None,
        };
        Self { why, team }
    }

    /// The sentence for the recipient of a message about the event, or about several that it represents.
    pub fn sentence(
        &self,
        event: &Event,
        recipient: &Recipient,
        detail: Detail,
        many: bool,
    ) -> Option<String> {
        let team = self.team.as_deref();
        let reader = Reader {
            event,
            recipient,
            team,
            detail,
            many,
        };
        because(&self.why, &reader)
    }
}

/// Whom a clause addresses: the recipient, or others about the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// "assigned to you".
    You,
    /// "assigned to them".
    They,
}

impl Voice {
    const fn pick(self, you: &'static str, they: &'static str) -> &'static str {
        match self {
            Self::You => you,
            Self::They => they,
        }
    }
}

/// "You get this because the finding is assigned to you." None for a reason not to notify.
pub fn because(why: &Why, reader: &Reader<'_>) -> Option<String> {
    let because = clause(why, reader, Voice::You)?;
    Some(format!("{} because {because}.", reader.start()))
}

/// "the finding is assigned to you". None for a reason not to notify.
pub fn clause(why: &Why, reader: &Reader<'_>, voice: Voice) -> Option<String> {
    Some(match why {
        Why::Rule(_) if reader.is_concerned() => reader.concern(voice),
        Why::Rule(_) => format!("a notification rule names {}", reader.object(voice)),
        Why::Role(_) => {
            let role = voice.pick("your role", "their role");
            format!("a notification rule names {role} in this company")
        }
        Why::Personal | Why::Concerned => reader.concern(voice),
        _ if reader.many => reader.responsible_for_some(why, voice)?,
        _ => reader.responsible(why, voice)?,
    })
}

impl Reader<'_> {
    /// How the recipient is responsible for what one event is about.
    fn responsible(&self, why: &Why, voice: Voice) -> Option<String> {
        let (object, manage) = (
            self.object(voice),
            voice.pick("you administer", "they administer"),
        );
        Some(match why {
            Why::Assignee => format!("the finding is assigned to {}", voice.pick("you", "them")),
            Why::Follower => voice.pick("you follow it", "they follow it").to_owned(),
            Why::Team => format!("{} is responsible", self.team(voice)),
            Why::Member(_) => format!("{} is responsible and has no chat channel", self.team(voice)),
            Why::OwnershipRule(position) => {
                format!("ownership rule {position} names {object} and nobody is assigned")
            }
            Why::Owner(SubjectType::Asset) => {
                format!("{} this asset and nobody is assigned", self.owns(voice))
            }
            Why::Owner(_) => format!("{} this project and nobody is assigned", self.owns(voice)),
            Why::Manager => format!("{} and nobody else is responsible", self.manages(voice)),
            Why::Administrator => format!("{manage} the platform and nobody else is responsible"),
            _ => return None,
        })
    }

    /// The same for some of the findings of a message about several.
    fn responsible_for_some(&self, why: &Why, voice: Voice) -> Option<String> {
        let (object, manage) = (
            self.object(voice),
            voice.pick("you administer", "they administer"),
        );
        Some(match why {
            Why::Assignee => format!("findings in it are assigned to {}", voice.pick("you", "them")),
            Why::Follower => {
                let follow = voice.pick("you follow", "they follow");
                format!("{follow} findings in it or their project")
            }
            Why::Team => format!("{} is responsible for findings in it", self.team(voice)),
            Why::Member(_) => format!(
                "{} is responsible for findings in it and has no chat channel",
                self.team(voice)
            ),
            Why::OwnershipRule(position) => {
                format!("ownership rule {position} names {object} for unassigned findings in it")
            }
            Why::Owner(SubjectType::Asset) => {
                format!("{} an asset with unassigned findings in it", self.owns(voice))
            }
            Why::Owner(_) => format!("{} a project with unassigned findings in it", self.owns(voice)),
            Why::Manager => format!(
                "{} and nobody else is responsible for findings in it",
                self.manages(voice)
            ),
            Why::Administrator => {
                format!("{manage} the platform and nobody else is responsible for findings in it")
            }
            _ => return None,
        })
    }

    fn is_concerned(&self) -> bool {
        matches!(self.recipient, Recipient::User(user) if self.event.assignee_users.contains(user))
    }

    const fn start(&self) -> &'static str {
        match self.recipient {
            Recipient::User(_) => "You get this",
            Recipient::Team(_) => "This channel gets this",
            Recipient::Address(_) => "This address gets this",
            Recipient::Url(_) => "This destination gets this",
        }
    }

    const fn object(&self, voice: Voice) -> &'static str {
        match self.recipient {
            Recipient::User(_) => voice.pick("you", "them"),
            Recipient::Team(_) => "this team",
            Recipient::Address(_) | Recipient::Url(_) => "it",
        }
    }

    /// "the team Platform", or if it may not be named "your team".
    fn team(&self, voice: Voice) -> String {
        let name = self.team.filter(|_| self.detail == Detail::Full);
        let whose = match self.recipient {
            Recipient::User(_) => voice.pick("your", "their"),
            _ => "the",
        };
        match name.and_then(|name| text::name(name, NAME)) {
            Some(name) => format!("{whose} team {name}"),
            None => format!("{whose} team"),
        }
    }

    const fn owns(&self, voice: Voice) -> &'static str {
        match self.recipient {
            Recipient::Team(_) => "this team owns",
            _ => voice.pick("you own", "they own"),
        }
    }

    /// "you manage Acme": the company, which a message without details also names.
    fn manages(&self, voice: Voice) -> String {
        let name = self.event.text("company_name");
        let name = name
            .and_then(|name| text::name(name, NAME))
            .unwrap_or_else(|| "this company".to_owned());
        format!("{} {name}", voice.pick("you manage", "they manage"))
    }

    /// How the event involves the people it names.
    fn concern(&self, voice: Voice) -> String {
        let (you, them) = (voice.pick("you", "they"), voice.pick("you", "them"));
        match self.event.kind.category() {
            "finding" | "sla" | "retest" if self.many => {
                format!("findings in it are assigned to {them} or {you} take part in them")
            }
            "finding" | "sla" | "retest" => {
                format!("the finding is assigned to {them} or {you} take part in it")
            }
            "scan" => format!("{you} added this scan or it changed findings assigned to {them}"),
            "report" => format!("{you} requested this report"),
            "approval" => format!("{you} take part in this request"),
            "agreement" => format!("{you} manage this company"),
            "destination" | "delivery" => format!("{you} can fix this destination"),
            "platform" => "an administrator announced it to everyone".to_owned(),
            _ => format!("it involves {them}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Audience, Clock, Kind, Subject};

    use super::*;

    fn event(clock: &Clock, kind: Kind, user: Id) -> Event {
        let subject = Subject {
            kind: SubjectType::Finding,
            id: clock.id(),
        };
        let mut event = Event::new(clock, kind, Audience::Company(clock.id()), subject);
        event.assignee_users = vec![user];
        event
    }

    // promise: C8
    #[test]
    fn every_recipient_reads_why_they_get_it() {
        let clock = Clock::system();
        let (ana, ben, rule) = (clock.id(), clock.id(), clock.id());
        let event = event(&clock, Kind::FindingAssigned, ana);
        let sentence = |why: &Why, recipient: Recipient, detail| {
            let reader = Reader {
                event: &event,
                recipient: &recipient,
                team: Some("Plat\u{202e}form"),
                detail,
                many: false,
            };
            because(why, &reader).unwrap_or_default()
        };
        let full = Detail::Full;
        assert_eq!(
            sentence(&Why::Rule(rule), Recipient::User(ana), full),
            "You get this because the finding is assigned to you or you take part in it."
        );
        assert_eq!(
            sentence(&Why::Rule(rule), Recipient::User(ben), full),
            "You get this because a notification rule names you."
        );
        assert_eq!(
            sentence(
                &Why::Rule(rule),
                Recipient::Address("x@y.example".to_owned()),
                full
            ),
            "This address gets this because a notification rule names it."
        );
        let team = Recipient::Team(clock.id());
        assert_eq!(
            sentence(&Why::Team, team.clone(), full),
            "This channel gets this because the team Platform is responsible."
        );
        assert_eq!(
            sentence(&Why::Team, team, Detail::Minimal),
            "This channel gets this because the team is responsible."
        );
        assert_eq!(
            sentence(&Why::Manager, Recipient::User(ben), full),
            "You get this because you manage this company and nobody else is responsible."
        );
        assert_eq!(
            sentence(&Why::OwnershipRule(2), Recipient::User(ben), full),
            "You get this because ownership rule 2 names you and nobody is assigned."
        );
        assert_eq!(sentence(&Why::OptedOut, Recipient::User(ana), full), "");
    }

    // promise: C8
    #[test]
    fn of_several_findings_it_says_that_some_of_them_are_the_readers() {
        let clock = Clock::system();
        let (ana, team) = (clock.id(), clock.id());
        let event = event(&clock, Kind::FindingAssigned, ana);
        let sentence = |why: Why, recipient: Recipient| {
            let cause = Cause {
                why,
                team: Some("Platform".to_owned()),
            };
            cause.sentence(&event, &recipient, Detail::Full, true).unwrap()
        };
        let me = || Recipient::User(ana);
        assert_eq!(
            sentence(Why::Assignee, me()),
            "You get this because findings in it are assigned to you."
        );
        assert_eq!(
            sentence(Why::Owner(SubjectType::Project), me()),
            "You get this because you own a project with unassigned findings in it."
        );
        assert_eq!(
            sentence(Why::Member(team), me()),
            "You get this because your team Platform is responsible for findings in it and has no chat channel."
        );
        assert_eq!(
            sentence(Why::Team, Recipient::Team(team)),
            "This channel gets this because the team Platform is responsible for findings in it."
        );
        assert_eq!(
            sentence(Why::Manager, me()),
            "You get this because you manage this company and nobody else is responsible for findings in it."
        );
    }

    // promise: O8
    #[test]
    fn others_read_the_same_of_a_person() {
        let clock = Clock::system();
        let (ana, ben) = (clock.id(), clock.id());
        let event = event(&clock, Kind::ReportReady, ana);
        let recipient = Recipient::User(ben);
        let reader = Reader {
            event: &event,
            recipient: &recipient,
            team: None,
            detail: Detail::Full,
            many: false,
        };
        let they = |why: &Why| clause(why, &reader, Voice::They);
        assert_eq!(they(&Why::Assignee).unwrap(), "the finding is assigned to them");
        assert_eq!(they(&Why::Concerned).unwrap(), "they requested this report");
        assert_eq!(
            they(&Why::Manager).unwrap(),
            "they manage this company and nobody else is responsible"
        );
        assert_eq!(they(&Why::OptedOut), None);
    }
}
