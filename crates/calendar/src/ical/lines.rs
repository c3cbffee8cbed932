//! Content lines: escaping (RFC 5545, 3.3.11) and folding (3.1).

use base::text;

/// The most octets of a line, without its end.
const OCTETS: usize = 75;

/// The most characters of a text.
const CHARS: usize = 400;

/// Lines, each ending in CR LF, none longer than [`OCTETS`].
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// A trusted line that needs neither.
    pub(super) fn raw(&mut self, line: &str) {
        debug_assert!(line.len() <= OCTETS && !line.contains(['\r', '\n']), "{line}");
        self.0.push_str(line);
        self.0.push_str("\r\n");
    }

    /// A property whose value is not text: a time, an id, an address.
    pub(super) fn value(&mut self, name: &str, value: &str) {
        self.fold(name, value);
    }

    /// A property whose value is untrusted text: one line of it.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.fold(name, &escaped(&text::line(text, CHARS)));
    }

    /// The same for several lines of untrusted text.
    pub(super) fn block(&mut self, name: &str, lines: &[String]) {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| escaped(&text::line(line, CHARS)))
            .collect();
        self.fold(name, &lines.join("\\n"));
    }

    /// Writes a line in pieces: a continuation begins with a space, which is not part of the value.
    fn fold(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for char in name.chars().chain([':']).chain(value.chars()) {
            // No value can end a line.
            if char.is_control() {
                continue;
            }
            if octets + char.len_utf8() > OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(char);
            octets += char.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    pub(super) fn done(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '\\' | ';' | ',') {
            out.push('\\');
        }
        out.push(char);
    }
    out
}
