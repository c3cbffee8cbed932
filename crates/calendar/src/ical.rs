//! The feed as iCalendar (RFC 5545).
//!
//! Owns: the document and its lines. Titles come from scanners, so from attackers: they are data of one property,
//! folded and escaped, and never a line of their own (promise C7). Must not: decide what is in a feed.
//!
//! The same entries produce the same bytes: a stamp is when the record last changed, not the time of the request. Why
//! no library writes it: `docs/decisions/0009-icalendar.md`.

mod event;
mod lines;

use records::dated::Item;

use lines::Lines;

/// The refresh interval for subscribed programs: an hour.
const REFRESH: &str = "PT1H";

/// A feed to write.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The calendar's title.
    pub name: &'a str,
    /// Minutes before each entry of a reminder.
    pub alarms: &'a [u32],
    /// The console's address.
    pub public_url: &'a str,
    /// Whether there are more than these entries.
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
            let more = "This feed is incomplete: limit it to a company or to some kinds.";
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
