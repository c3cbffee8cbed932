//! Which kinds of report there are.
//!
//! Owns: their names and how one is recognised. Must not: parse.

use std::{
    io::{self, Read, Seek},
    str::FromStr,
};

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SARIF 2.1.0.
    Sarif,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Sarif];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sarif => "sarif",
        }
    }

    /// All names, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// What a file looks like from its start; none if it looks like no report. It may still turn out not to be one.
    ///
    /// # Errors
    /// Those of reading.
    pub fn detect<F: Read + Seek>(file: &mut F) -> io::Result<Option<Self>> {
        file.rewind()?;
        let mut start = Vec::new();
        file.take(1024).read_to_end(&mut start)?;
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        Ok(text.trim_ascii_start().starts_with(b"{").then_some(Self::Sarif))
    }
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|format| format.name() == text);
        known.ok_or_else(|| format!("is not known; there is {}", Self::names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_look_like_sarif_and_nothing_else_does() {
        for (text, format) in [
            ("{}", Some(Format::Sarif)),
            ("\u{feff}\n\t {\"a\":1}", Some(Format::Sarif)),
            ("", None),
            ("[]", None),
            ("<xml/>", None),
            ("\u{0}", None),
        ] {
            assert_eq!(
                Format::detect(&mut io::Cursor::new(text)).unwrap(),
                format,
                "{text}"
            );
        }
        assert_eq!("sarif".parse(), Ok(Format::Sarif));
        assert!("SARIF".parse::<Format>().is_err());
    }
}
