//! The words about a risk acceptance, requested or granted.

use base::Event;

use super::sentence::{Words, changed};
use crate::message::{plain, texts::one_line};

pub(super) fn requested(event: &Event) -> Words {
    let until = plain::when(event, "expires_at").map_or_else(String::new, |end| format!(" until {end}"));
    let sentence = match one_line(event, "actor_name") {
        Some(actor) => format!("{actor} requested a risk acceptance{until}."),
        None => format!("A risk acceptance was requested{until}."),
    };
    Words::new("Approval requested", sentence)
}

pub(super) fn decided(event: &Event) -> Words {
    let decision = ["decision", "status"].iter().find_map(|key| event.text(key));
    let (action, verb) = match decision {
        Some("approved") => ("Approval granted", "approved"),
        Some("rejected") => ("Approval rejected", "rejected"),
        _ => ("Approval decided", "decided"),
    };
    let until = plain::when(event, "expires_at").filter(|_| verb == "approved");
    let until = until.map_or_else(String::new, |end| format!(" until {end}"));
    let sentence = match one_line(event, "actor_name") {
        Some(actor) => format!("{actor} {verb} the risk acceptance{until}."),
        None => format!("The risk acceptance was {verb}{until}."),
    };
    Words::new(action, sentence)
}

pub(super) fn updated(event: &Event) -> Words {
    match event.text("status") {
        Some("ended") => Words::new("Approval ended", "The risk acceptance ended early."),
        Some("expired") => Words::new("Approval expired", "The risk acceptance expired."),
        _ => changed(event, "Approval changed", "request", false),
    }
}

pub(super) fn expiring(event: &Event) -> Words {
    let sentence = match plain::when(event, "expires_at") {
        Some(end) => format!("The risk acceptance expires on {end}. The finding will then be open again."),
        None => "The risk acceptance expires soon. The finding will then be open again.".to_owned(),
    };
    Words::new("Approval expiring", sentence)
}

pub(super) fn outgrown(event: &Event) -> Words {
    let severity = |key| event.text(key).and_then(plain::severity);
    let sentence = match (severity("finding_severity"), severity("accepted_severity")) {
        (Some(now), Some(accepted)) => format!(
            "This finding is now {now}; its risk was accepted as {accepted}. Withdraw the acceptance if it no \
             longer applies."
        ),
        _ => {
            "This finding is now more severe than what was accepted. Withdraw the acceptance if it no longer \
              applies."
                .to_owned()
        }
    };
    Words::new("More severe than accepted", sentence)
}
