//! What an entry is recognised by, within one scan report and from one to the next.
//!
//! Owns: the evidence of identity ([`Identity`]) and its hashing; the fingerprints of versions before 0.2 ([`Old`],
//! [`OldNumbering`]), which old databases still contain. Must not: compare entries of different scan reports
//! (`records::matching` does), or depend on the order of entries in the file.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The number of rule names that are kept: a CVE, its GHSA, earlier ids.
pub const KEYS: usize = 4;

/// What an entry is recognised by. Numbers are hashes; 0 means no evidence.
///
/// Two entries can only be the same if their groups are equal and they share a key. Which of several is which is
/// decided by the rest, strongest first: the tool's own line hash, the code, the version of the component, the message,
/// the line.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The place: a file, a component in a place, a host, a site. Without lines and versions.
    pub group: u128,
    /// The rule under each of its names, with what distinguishes it within the place (a port, a resource).
    pub keys: [u64; KEYS],
    /// The tool's own hash of the code around the line.
    pub tool: u64,
    /// The code, with white space normalized.
    pub code: u64,
    /// The version of the component.
    pub version: u64,
    /// The tool's message about this entry, without what changes from run to run.
    pub message: u64,
    /// The same with its numbers. If these count lines or time, they change from run to run, so they only break ties;
    /// and a verdict on code does not apply to code with other numbers.
    pub exact: u64,
    /// Among entries that are equal in all of the above, those with the same value here are the same.
    pub detail: u64,
    /// The line, from 1.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// The order of versions, for pairs whose versions differ: the numbers in it, the first ones weigh most.
    pub rank: u64,
    /// Its appearance, independent of its place: among entries in one place with equal evidence, those that look alike
    /// are the same.
    pub look: u64,
    /// Everything an analyst can see of the entry: two with the same value are one.
    pub whole: u64,
    /// The places of an entry that has several and keeps its identity while they come and go; sorted. Empty for an
    /// entry with one place.
    pub places: Vec<u64>,
}

impl Identity {
    /// Everything except the group and `whole`, as a short text: numbers in hexadecimal, nothing for 0.
    pub fn to_text(&self) -> String {
        let list = |numbers: &[u64]| {
            let numbers: Vec<_> = numbers.iter().map(|number| format!("{number:x}")).collect();
            numbers.join(",")
        };
        let keys: Vec<_> = self.keys.iter().copied().filter(|key| *key != 0).collect();
        let numbers = [
            self.tool,
            self.code,
            self.version,
            self.message,
            self.exact,
            self.detail,
            u64::from(self.line),
            u64::from(self.column),
            self.rank,
        ];
        let mut text = list(&keys);
        for number in numbers {
            text.push('.');
            if number != 0 {
                let _ = write!(text, "{number:x}");
            }
        }
        text.push('.');
        text.push_str(&list(&self.places));
        let _ = write!(text, ".{:x}", self.look);
        text
    }

    /// Parses the output of [`to_text`](Self::to_text); none for anything else.
    pub fn from_text(group: u128, text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let number = |at: usize| match parts.get(at).copied() {
            Some("") => Some(0),
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => None,
        };
        let list = |at: usize| -> Option<Vec<u64>> {
            let texts = parts.get(at)?.split(',').filter(|text| !text.is_empty());
            texts.map(|text| u64::from_str_radix(text, 16).ok()).collect()
        };
        let mut keys = [0; KEYS];
        for (key, known) in keys.iter_mut().zip(list(0)?) {
            *key = known;
        }
        Some(Self {
            group,
            keys,
            tool: number(1)?,
            code: number(2)?,
            version: number(3)?,
            message: number(4)?,
            exact: number(5)?,
            detail: number(6)?,
            line: u32::try_from(number(7)?).ok()?,
            column: u32::try_from(number(8)?).ok()?,
            rank: number(9)?,
            look: number(11).unwrap_or_default(),
            whole: 0,
            places: list(10)?,
        })
    }
}

/// A hash over texts with unambiguous boundaries.
pub(crate) struct Hash(Sha256);

impl Hash {
    /// An empty hash; hashes of different domains never have the same value.
    pub(crate) fn new(domain: &str) -> Self {
        Self(Sha256::new()).add(domain)
    }

    /// Adds a text.
    pub(crate) fn add(mut self, text: &str) -> Self {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
        self
    }

    /// Adds each of these texts.
    pub(crate) fn all<T: AsRef<str>>(self, texts: impl IntoIterator<Item = T>) -> Self {
        texts.into_iter().fold(self, |hash, text| hash.add(text.as_ref()))
    }

    /// Adds a number or its absence.
    pub(crate) fn number(mut self, number: Option<i64>) -> Self {
        self.0.update([u8::from(number.is_some())]);
        self.0.update(number.unwrap_or_default().to_le_bytes());
        self
    }

    /// Its value.
    pub(crate) fn end(self) -> u128 {
        let digest = self.0.finalize();
        let (start, _) = digest.split_at(16);
        u128::from_be_bytes(start.try_into().unwrap_or_default())
    }

    /// The first half of its value.
    pub(crate) fn half(self) -> u64 {
        u64::try_from(self.end() >> 64).unwrap_or_default()
    }
}

/// The hash of a text used as evidence: never 0, except 0 for a blank text.
pub(crate) fn evidence(domain: &str, text: &str) -> u64 {
    if text.trim().is_empty() {
        return 0;
    }
    Hash::new(domain).add(text).half().max(1)
}

/// Code with white space normalized: a re-indented line is the same line.
pub(crate) fn even_spaces(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    for word in code.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// A message without what changes from run to run: numbers are removed, white space is normalized.
pub(crate) fn without_numbers(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut number = false;
    for char in message.chars() {
        let digit = char.is_ascii_digit();
        if digit && !number {
            out.push('#');
        } else if !digit {
            out.push(char);
        }
        number = digit;
    }
    even_spaces(&out)
}

/// The tool's own hash without a trailing occurrence number (`…:1`, `…_0`): a number is not an identity.
pub(crate) fn unnumbered(print: &str) -> &str {
    let bare = print.trim_end_matches(|char: char| char.is_ascii_digit());
    let cut = bare.len() < print.len() && print.len() - bare.len() <= 6;
    match bare.strip_suffix([':', '_']) {
        Some(hash) if cut && !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            hash
        }
        _ => print,
    }
}

/// The order of a version: its first four numbers, 16 bits each.
pub(crate) fn rank(version: &str) -> u64 {
    let numbers = version.split(|char: char| !char.is_ascii_digit());
    let mut numbers = numbers.filter(|part| !part.is_empty());
    (0..4).fold(0, |rank, _| {
        let number = numbers.next().and_then(|part| part.parse::<u64>().ok());
        rank << 16 | number.unwrap_or_default().min(0xffff)
    })
}

/// What versions before 0.2 recognised an entry by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Old {
    /// The same for the same problem.
    pub print: u128,
    /// The line, for ordering entries that share a print.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// Differs if place or message differ.
    pub detail: u64,
}

/// The fingerprints of versions before 0.2 over a whole scan report: entries that shared a print were numbered in the
/// order of their place.
#[derive(Debug, Default)]
pub struct OldNumbering(Vec<(u32, Option<u32>)>);

impl OldNumbering {
    /// Numbers the entries of one tool; each with its index in the scan report.
    pub fn new(mut entries: Vec<(Old, u32)>) -> Self {
        entries.sort_unstable();
        let mut marks = Vec::new();
        for group in entries.chunk_by(|(one, _), (other, _)| one.print == other.print) {
            let same = |(one, _): &(Old, u32), (other, _): &(Old, u32)| one == other;
            for (number, copies) in (1..).zip(group.chunk_by(same)) {
                // Sorted by index within the same identity: the first one counted.
                let Some(((_, first), rest)) = copies.split_first() else {
                    continue;
                };
                marks.extend((number > 1).then_some((*first, Some(number))));
                marks.extend(rest.iter().map(|(_, index)| (*index, None)));
            }
        }
        marks.sort_unstable_by_key(|(index, _)| *index);
        Self(marks)
    }

    /// The fingerprint as it was stored; none for a duplicate entry.
    pub fn fingerprint(&self, old: &Old, index: u32) -> Option<String> {
        let at = self.0.binary_search_by_key(&index, |(index, _)| *index);
        match at.ok().and_then(|at| self.0.get(at)) {
            Some((_, Some(number))) => Some(format!("{:032x}#{number}", old.print)),
            Some((_, None)) => None,
            None => Some(format!("{:032x}", old.print)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_occurrence_are_cut_off() {
        for (print, bare) in [
            ("39fa2ee980eb94b0:1", "39fa2ee980eb94b0"),
            ("0123456789abcdef_12", "0123456789abcdef"),
            ("39fa2ee980eb94b0", "39fa2ee980eb94b0"),
            ("abc:1", "abc"),
            ("a/b.c:1", "a/b.c:1"),
            ("0123456789_1234567890", "0123456789_1234567890"),
            ("", ""),
        ] {
            assert_eq!(unnumbered(print), bare, "{print}");
        }
    }

    #[test]
    fn an_identity_is_written_and_read() {
        let identity = Identity {
            group: 7,
            keys: [1, 2, 0, 0],
            tool: u64::MAX,
            message: 3,
            line: 10,
            rank: 5,
            places: vec![8, 9],
            look: 11,
            ..Identity::default()
        };
        assert_eq!(
            Identity::from_text(7, &identity.to_text()),
            Some(identity.clone())
        );
        // As it was written before `look` existed.
        let text = identity.to_text();
        let short = text.rsplit_once('.').map(|(short, _)| short).unwrap();
        assert_eq!(
            Identity::from_text(7, short),
            Some(Identity { look: 0, ..identity })
        );
        assert_eq!(
            Identity::from_text(0, &Identity::default().to_text()),
            Some(Identity::default())
        );
        for bad in ["", "1", "x..........", "1.2.3"] {
            assert_eq!(Identity::from_text(0, bad), None, "{bad}");
        }
    }

    #[test]
    fn versions_have_an_order() {
        let ordered = [
            "",
            "0.9",
            "1",
            "1.2.3",
            "1.2.10",
            "2.0.0-rc1",
            "2.14.0",
            "2.14.1",
            "10.0",
        ];
        assert!(ordered.map(rank).is_sorted());
    }

    #[test]
    fn what_changes_from_run_to_run_is_no_evidence() {
        assert_eq!(
            without_numbers("took 12 ms\n at 10.0.0.1"),
            without_numbers("took 7 ms at 10.0.22.1")
        );
        assert_ne!(without_numbers("a b"), without_numbers("a c"));
        assert_eq!(even_spaces(" a\n\t b"), "a b");
        assert_eq!(evidence("code", " \n"), 0);
    }
}
