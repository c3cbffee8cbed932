//! What the fuzz target does with its input.

use std::{io::Cursor, sync::OnceLock};

use formats::{Error, FORMATS, Format, Options, Outcome, detect};

/// The format that is fuzzed: the one that `FORMAT` names.
pub fn format() -> &'static Format {
    static FORMAT: OnceLock<&'static Format> = OnceLock::new();
    FORMAT.get_or_init(|| {
        let name = std::env::var("FORMAT").unwrap_or_default();
        let found = FORMATS.iter().find(|format| format.name == name);
        found.unwrap_or_else(|| panic!("FORMAT must be one of {}", Format::names()))
    })
}

/// Reads a scan report like an import: detected, surveyed, read. Nothing may panic, a surveyed file must not be
/// refused later, and every entry must have an outcome.
pub fn read(format: &'static Format, report: &[u8]) {
    let mut file = Cursor::new(report);
    let _ = detect(&mut file);
    let surveyed = match format.survey(&mut file, &Options::default()) {
        Ok(surveyed) => surveyed,
        Err(Error::Refused(refusal)) => {
            assert!(!refusal.what.is_empty());
            return;
        }
        Err(Error::Io(error)) => panic!("{error}"),
    };
    let mut entries = 0;
    let ended = surveyed.each(&mut file, "", &mut |place, outcome| {
        entries += 1;
        match outcome {
            Outcome::Found(coverage, found) => {
                assert!(coverage < surveyed.coverage().len());
                assert!(!found.title.is_empty() && found.identity.keys != [0; formats::KEYS]);
            }
            Outcome::Skipped(skip) => assert!(!place.to_string().is_empty() && !skip.reason.is_empty()),
        }
        true
    });
    ended.unwrap();
    assert_eq!(entries, surveyed.entries());
}
