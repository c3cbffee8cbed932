//! The readers on real, generated and hostile scan reports.

mod cyclonedx;
mod documents;
mod fixtures;
mod grype;
mod hostile;
mod hosts;
mod lists;
mod mangled;
mod random;
mod recognition;
mod samples;
mod semgrep;
mod tables;
mod trivy;

use std::io::Cursor;

use super::*;

/// A whole scan report.
#[derive(Debug)]
struct Whole {
    complete: bool,
    found: Vec<Found>,
    /// Place and reason.
    skipped: Vec<(String, String)>,
}

/// Reads a whole scan report.
fn read(format: &str, text: impl AsRef<[u8]>) -> Result<Whole, Refusal> {
    let mut file = Cursor::new(text.as_ref());
    let refused = |error| match error {
        Error::Refused(refusal) => refusal,
        Error::Io(error) => panic!("{error}"),
    };
    // Only the reader: its input need not have all marks of its tool.
    let format: &Format = format.parse().unwrap();
    let report = (format.survey)(&mut file, &Options::default()).map_err(refused)?;
    let complete = report.coverage().iter().all(|one| one.not_whole.is_empty());
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    let mut each = |place: &dyn Display, outcome| {
        match outcome {
            Outcome::Found(_, finding) => found.push(*finding),
            Outcome::Skipped(skip) => skipped.push((place.to_string(), skip.reason)),
        }
        true
    };
    report.each(&mut file, "", &mut each).map_err(refused)?;
    assert_eq!(
        report.entries() as usize,
        found.len() + skipped.len(),
        "every entry has an outcome"
    );
    Ok(Whole {
        complete,
        found,
        skipped,
    })
}

/// A valid scan report.
fn sound(format: &str, text: impl AsRef<[u8]>) -> Whole {
    read(format, text).unwrap()
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The samples of every format but SARIF.
const SAMPLES: [(&str, &str); 10] = [
    ("trivy.json", "trivy"),
    ("nuclei.jsonl", "nuclei"),
    ("semgrep.json", "semgrep"),
    ("grype.json", "grype"),
    ("cyclonedx.json", "cyclonedx"),
    ("made/nessus.nessus", "nessus"),
    ("openvas.xml", "openvas"),
    ("zap.xml", "zap"),
    ("made/findings.csv", "csv"),
    ("made/sbom.xml", "cyclonedx"),
];
