//! Whether one person was notified of an event, and why, in one sentence.

use base::{Event, Id};

use super::{
    entry::{Entry, TEAM_CHANNEL},
    gather::Gathered,
    summary::listed,
};
use crate::{
    channel::Channel,
    message::Detail,
    plan::{Absence, Reader, Voice, Why, World, absence, clause, near_miss},
    target::Recipient,
};

/// Whom the sentence is about, and who reads it.
pub(super) struct Asked<'a> {
    pub(super) user: Id,
    pub(super) name: &'a str,
    pub(super) voice: Voice,
    /// What is known about the person, the rules and the teams now.
    pub(super) world: &'a World,
}

/// The entries that are of this person.
pub(super) fn own(entries: &[Entry], user: Id) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(move |entry| entry.is_of(user))
}

impl Asked<'_> {
    const fn pick(&self, you: &'static str, they: &'static str) -> &'static str {
        match self.voice {
            Voice::You => you,
            Voice::They => they,
        }
    }

    /// "Mara was", "You were".
    fn subject(&self, you: &str, they: &str) -> String {
        match self.voice {
            Voice::You => format!("You {you}"),
            Voice::They => format!("{} {they}", self.name),
        }
    }

    /// Whether they were notified, and the sentence.
    pub(super) fn answer(&self, gathered: &Gathered) -> (bool, String) {
        let event = &gathered.event;
        let own: Vec<&Entry> = own(&gathered.entries, self.user).collect();
        let notified: Vec<&Entry> = own.iter().copied().filter(|entry| entry.told).collect();
        if !notified.is_empty() {
            return (true, self.notified(event, gathered, (&own, &notified)));
        }
        let not = self.subject("were not notified", "was not notified");
        let sentence = if gathered.fault.is_some() {
            format!("{not}: the event could not be processed.")
        } else if gathered.planned_at.is_none() {
            let yet = self.subject("have not been notified", "has not been notified");
            format!("{yet} yet: the event is not planned yet.")
        } else if let Some(waiting) = own.iter().find(|entry| entry.waits()) {
            let yet = self.subject("have not been notified", "has not been notified");
            format!("{yet} yet: {}.", waiting.explanation)
        } else if let Some(member) = own.iter().find(|entry| entry.reason == TEAM_CHANNEL) {
            self.by_team(gathered, member)
        } else if own.is_empty() {
            format!("{not}: {}.", self.absent(event))
        } else {
            format!("{not}: {}.", self.excluded(event, &own))
        };
        (false, sentence)
    }

    /// "Ana was notified in the inbox and by email, because the finding is assigned to them."
    fn notified(
        &self,
        event: &Event,
        gathered: &Gathered,
        (own, notified): (&[&Entry], &[&Entry]),
    ) -> String {
        let grouped = notified.iter().any(|entry| entry.grouped);
        let bulk = gathered.group.as_ref().is_some_and(|group| group.is_bulk);
        let place = match (grouped, bulk) {
            (false, _) => "",
            (true, false) => " in the message about the import",
            (true, true) => " in the message about the bulk change",
        };
        let closest = notified
            .iter()
            .map(|entry| &entry.why)
            .min_by_key(|why| why.rank());
        let recipient = Recipient::User(self.user);
        let because = closest.and_then(|why| {
            let team = match why {
                Why::Member(team) => self.world.team(*team).map(|team| team.name.as_str()),
                _ => None,
            };
            let reader = Reader {
                event,
                recipient: &recipient,
                team,
                detail: Detail::Full,
                // The end of an import represents what it brought.
                many: grouped && gathered.group.is_none(),
            };
            clause(why, &reader, self.voice)
        });
        let because = because.map_or_else(String::new, |because| format!(", because {because}"));
        let refused: Vec<&Entry> = own
            .iter()
            .copied()
            .filter(|entry| !notified.iter().any(|notified| notified.channel == entry.channel))
            .filter(|entry| !matches!(entry.why, Why::NoRule | Why::Duplicate))
            .collect();
        let refused = match refused.first() {
            Some(first) => {
                let alike = refused.iter().filter(|entry| entry.reason == first.reason);
                let channels: Vec<String> = alike.map(|entry| by_channel(entry.channel)).collect();
                format!(", but not {}: {}", listed(&channels), self.because_not(first))
            }
            None => String::new(),
        };
        let channels: Vec<String> = notified.iter().map(|entry| by_channel(entry.channel)).collect();
        let was = self.subject("were notified", "was notified");
        format!("{was} {}{place}{because}{refused}.", listed(&channels))
    }

    /// A member of a team that has a channel.
    fn by_team(&self, gathered: &Gathered, member: &Entry) -> String {
        let of_team = |entry: &&Entry| member.team_id.map(Recipient::Team).as_ref() == Some(&entry.to);
        let team = gathered.entries.iter().filter(of_team);
        let team = team.max_by_key(|entry| entry.told);
        let name = team
            .and_then(|team| team.name.as_deref())
            .and_then(|name| base::text::name(name, 80))
            .unwrap_or_else(|| "a team".to_owned());
        if team.is_some_and(|team| team.told) {
            let was = self.subject("were notified", "was notified");
            return format!("{was} only through the channel of the team {name}.");
        }
        let why = team.map_or("", |team| team.explanation.as_str());
        let not = self.subject("were not notified", "was not notified");
        let are = self.pick("you are", "they are");
        format!("{not}: {are} a member of the team {name}, whose channel was not notified either ({why}).")
    }

    /// Why the plan or a later step did not notify a person who was considered.
    fn excluded(&self, event: &Event, own: &[&Entry]) -> String {
        if own.iter().all(|entry| matches!(entry.why, Why::NoRule)) {
            return match near_miss(event, self.world, self.user) {
                Some(miss) => self.words(event, miss),
                None => "no rule for this type of event applies".to_owned(),
            };
        }
        let mut reasons: Vec<(&Entry, Vec<String>)> = Vec::new();
        for entry in own.iter().copied() {
            if matches!(entry.why, Why::NoRule) {
                continue;
            }
            match reasons.iter_mut().find(|(known, _)| known.reason == entry.reason) {
                Some((_, channels)) => channels.push(by_channel(entry.channel)),
                None => reasons.push((entry, vec![by_channel(entry.channel)])),
            }
        }
        if let [(entry, _)] = reasons.as_slice() {
            return self.because_not(entry);
        }
        let parts: Vec<String> = reasons
            .iter()
            .map(|(entry, channels)| format!("{} ({})", self.because_not(entry), listed(channels)))
            .collect();
        listed(&parts)
    }

    fn because_not(&self, entry: &Entry) -> String {
        let words = match entry.reason {
            "opted_out" => self.pick(
                "you turned it off in your preferences",
                "they turned it off in their preferences",
            ),
            "own_act" => self.pick("you did it yourself", "they did it themselves"),
            "out_of_scope" => self.out_of_scope(),
            _ => &entry.explanation,
        };
        words.to_owned()
    }

    const fn out_of_scope(&self) -> &'static str {
        self.pick(
            "you have no access to the event's company",
            "they have no access to the event's company",
        )
    }

    /// Why the person was not considered at all.
    fn absent(&self, event: &Event) -> String {
        self.words(event, absence(event, self.world, self.user))
    }

    fn words(&self, event: &Event, absence: Absence) -> String {
        let words = match absence {
            Absence::Silent => "this type of event has no notifications",
            Absence::OutOfScope => self.out_of_scope(),
            Absence::Disabled => "the account is disabled",
            Absence::OwnAct => self.pick("you did it yourself", "they did it themselves"),
            Absence::BelowThreshold(least) => {
                let this = event.severity.map_or("lower", base::Severity::name);
                return format!(
                    "the rules for this type of event that would notify {} start at {least}, and this one is {this}",
                    self.pick("you", "them")
                );
            }
            Absence::Filtered => {
                "the rules that would notify them are limited to other projects, assets, tags, tools or statuses"
            }
            Absence::AssignedBefore => self.pick(
                "you were assigned before, and only new assignees are notified of an assignment",
                "they were assigned before, and only new assignees are notified of an assignment",
            ),
            Absence::NotConcerned if event.subject.kind == base::SubjectType::Finding => self.pick(
                "you are not responsible for this finding and no rule names you",
                "they are not responsible for this finding and no rule names them",
            ),
            Absence::NotConcerned => self.pick(
                "the event is not addressed to you and no rule names you",
                "the event is not addressed to them and no rule names them",
            ),
        };
        match self.voice {
            Voice::You => words.replace("notify them", "notify you"),
            Voice::They => words.to_owned(),
        }
    }
}

/// "by email".
fn by_channel(channel: Channel) -> String {
    match channel {
        Channel::InApp => "in the inbox".to_owned(),
        Channel::Email => "by email".to_owned(),
        other => format!("through {}", other.about().title),
    }
}
