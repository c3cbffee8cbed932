//! The readers on real reports, on made ones, and on hostile ones.

mod cyclonedx;
mod fixtures;
mod grype;
mod hostile;
mod hosts;
mod lists;
mod mangled;
mod random;
mod samples;
mod semgrep;
mod trivy;

use std::io::Cursor;

use super::*;

/// A report, read whole.
#[derive(Debug)]
struct Whole {
    complete: bool,
    found: Vec<Found>,
    /// Place and reason.
    skipped: Vec<(String, String)>,
}

/// Reads a report whole.
fn read(format: &str, text: impl AsRef<[u8]>) -> Result<Whole, Refusal> {
    let mut file = Cursor::new(text.as_ref());
    let refused = |error| match error {
        Error::Refused(refusal) => refusal,
        Error::Io(error) => panic!("{error}"),
    };
    let report = format
        .parse::<&Format>()
        .unwrap()
        .survey(&mut file, &Options::default())
        .map_err(refused)?;
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
        "every entry comes to something"
    );
    Ok(Whole {
        complete,
        found,
        skipped,
    })
}

/// A report that is sound.
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
