//! The feed as iCalendar (RFC 5545).
//!
//! Owns: the document and its lines. Titles come from scanners, so from attackers: what they write is data of one
//! property, folded and escaped, and no line of its own (promise C7). Must not: decide what is in a feed.
//!
//! The same entries make the same bytes: a stamp is when the record last changed, not when somebody asked. Why no
//! library writes it: `docs/decisions/0009-icalendar.md`.

mod event;
mod lines;

use records::dated::Item;

use lines::Lines;

/// What a program that subscribed is told of how often to come back: an hour.
const REFRESH: &str = "PT1H";

/// A feed to write.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// What the calendar is called.
    pub name: &'a str,
    /// Minutes before each entry at which a reminder rings.
    pub alarms: &'a [u32],
    /// Where the console is.
    pub public_url: &'a str,
    /// Whether there is more than these entries.
    pub cut: bool,
    /// The entries.
    pub items: &'a [Item],
}

impl Document<'_> {
    /// The document: a calendar with an event for each entry.
    pub fn write(&self) -> String {
        let mut lines = Lines::default();
        lines.raw("BEGIN:VCALENDAR");
        lines.raw("VERSION:2.0");
        lines.raw("PRODID:-//Campanile//Calendar//EN");
        lines.raw("CALSCALE:GREGORIAN");
        lines.raw("METHOD:PUBLISH");
        // The name of RFC 7986 and the one that programs knew before it.
        lines.text("NAME", self.name);
        lines.text("X-WR-CALNAME", self.name);
        if self.cut {
            let more = "There is more than this feed holds: a company or some kinds make a shorter one.";
            lines.text("X-WR-CALDESC", more);
        }
        lines.value("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
        lines.value("X-PUBLISHED-TTL", REFRESH);
        for item in self.items {
            event::write(&mut lines, item, self);
        }
        lines.raw("END:VCALENDAR");
        lines.done()
    }
}

#[cfg(test)]
mod tests;
