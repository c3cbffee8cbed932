//! What every fuzz target does with its bytes.

use std::io::Cursor;

use formats::{Error, Format, Outcome, detect};

/// Reads a report as an import does: told what it is, surveyed, handed out. Nothing may panic, what was surveyed may
/// not be refused later, and every entry comes to something.
pub fn read(format: Format, report: &[u8]) {
    let mut file = Cursor::new(report);
    let _ = detect(&mut file);
    let surveyed = match format.survey(&mut file) {
        Ok(surveyed) => surveyed,
        Err(Error::Refused(refusal)) => {
            assert!(!refusal.what.is_empty());
            return;
        }
        Err(Error::Io(error)) => panic!("{error}"),
    };
    let mut entries = 0;
    let ended = surveyed.each(&mut file, &mut |place, outcome| {
        entries += 1;
        match outcome {
            Outcome::Found(tool, found) => {
                assert!(tool < surveyed.tools().len());
                assert!(!found.title.is_empty() && !found.fingerprint.is_empty());
            }
            Outcome::Skipped(reason) => assert!(!place.to_string().is_empty() && !reason.is_empty()),
        }
        true
    });
    ended.unwrap();
    assert_eq!(entries, surveyed.entries());
}
