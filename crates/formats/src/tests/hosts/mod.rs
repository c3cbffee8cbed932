//! Scan reports about hosts and sites: what they cover, and what their entries are recognised by.

mod nessus;
mod nuclei;
mod openvas;
mod zap;

use super::*;
use crate::draft::host_group;

/// A scan report with what it covers.
#[derive(Debug, PartialEq)]
struct Report {
    coverage: Vec<Coverage>,
    /// Each with the index of its coverage.
    found: Vec<(usize, Found)>,
    skipped: Vec<Skip>,
}

impl Report {
    /// The coverage of a target.
    fn of(&self, target: &str) -> &Coverage {
        let mut all = self.coverage.iter().filter(|one| one.target == target);
        let one = all
            .next()
            .unwrap_or_else(|| panic!("no {target} in {:?}", self.coverage));
        assert_eq!(all.next(), None, "each target once");
        one
    }

    fn targets(&self) -> Vec<&str> {
        self.coverage.iter().map(|one| one.target.as_str()).collect()
    }

    fn identities(&self) -> Vec<&Identity> {
        self.found.iter().map(|(_, found)| &found.identity).collect()
    }

    /// Group and keys: entries can only be the same if these are equal.
    fn groups(&self) -> Vec<(u128, [u64; KEYS])> {
        let mut all: Vec<_> = self.identities().iter().map(|id| (id.group, id.keys)).collect();
        all.sort_unstable();
        all
    }

    /// The one entry.
    fn only(&self) -> &Found {
        assert_eq!(self.found.len(), 1, "{:?}", self.skipped);
        &self.found[0].1
    }

    fn reasons(&self) -> Vec<&str> {
        self.skipped.iter().map(|skip| skip.reason.as_str()).collect()
    }

    fn is_whole(&self) -> bool {
        self.coverage.iter().all(|one| one.not_whole.is_empty())
    }
}

/// Reads a scan report with the caller's options; every entry of a host is in the group that its coverage closes.
fn survey(format: &str, text: impl AsRef<[u8]>, options: &Options) -> Result<Report, String> {
    let mut file = Cursor::new(text.as_ref());
    // Only the reader: its input need not have all marks of its tool.
    let format: &Format = format.parse().unwrap();
    let surveyed = (format.survey)(&mut file, options).map_err(|error| error.to_string())?;
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    let mut each = |_: &dyn Display, outcome| {
        match outcome {
            Outcome::Found(index, one) => found.push((index, *one)),
            Outcome::Skipped(skip) => skipped.push(skip),
        }
        true
    };
    surveyed
        .each(&mut file, "", &mut each)
        .map_err(|error| error.to_string())?;
    let coverage = surveyed.coverage().to_vec();
    for (index, one) in &found {
        if let Some(host) = coverage[*index].host {
            assert_eq!(host, one.identity.group, "{}", coverage[*index].target);
        }
    }
    Ok(Report {
        coverage,
        found,
        skipped,
    })
}

fn report(format: &str, text: impl AsRef<[u8]>) -> Report {
    survey(format, text, &Options::default()).unwrap()
}

fn case(name: &str) -> Vec<u8> {
    sample(&format!("cases/{name}"))
}

// promise: P2
#[test]
fn each_host_and_site_of_the_samples_has_its_own_coverage() {
    let nessus = report("nessus", sample("made/nessus.nessus"));
    assert_eq!(nessus.targets(), ["192.0.2.10", "192.0.2.11"]);
    assert_eq!(
        nessus.of("192.0.2.11").host,
        Some(host_group("nessus", "192.0.2.11"))
    );
    let openvas = report("openvas", sample("openvas.xml"));
    assert_eq!(openvas.targets(), ["10.0.101.2"]);
    assert_eq!(
        openvas.of("10.0.101.2").time,
        "2023-09-28T16:12:15Z".parse().ok(),
        "the end of its own scan"
    );
    let nuclei = report("nuclei", sample("nuclei.jsonl"));
    assert_eq!(
        nuclei.targets(),
        ["nuclei-example.com", "127.0.0.1:8080", "127.0.0.1:9090"]
    );
    assert_eq!(
        nuclei.of("127.0.0.1:8080").time,
        "2021-05-20T11:12:02.301031+03:00".parse().ok(),
        "the latest of all"
    );
    let zap = report("zap", sample("zap.xml"));
    for one in &zap.coverage {
        assert_eq!(one.host, Some(host_group("zap", &one.target)));
    }
    assert_eq!(
        zap.of("https://mainsite.com").time,
        None,
        "`generated` has no zone"
    );
    for report in [nessus, openvas, nuclei, zap] {
        assert!(report.is_whole(), "{:?}", report.coverage);
    }
}

// promise: M2
#[test]
fn the_same_report_twice_is_the_same() {
    for (name, format) in [
        ("made/nessus.nessus", "nessus"),
        ("openvas.xml", "openvas"),
        ("nuclei.jsonl", "nuclei"),
        ("zap.xml", "zap"),
    ] {
        assert_eq!(
            report(format, sample(name)),
            report(format, sample(name)),
            "{name}"
        );
    }
}

// promise: M5
#[test]
fn entries_are_recognised_in_databases_of_earlier_versions() {
    for (name, format, at, print) in [
        (
            "made/nessus.nessus",
            "nessus",
            2,
            0xa348_d613_7750_f10f_9348_f0af_fb4a_df84,
        ),
        (
            "openvas.xml",
            "openvas",
            0,
            0x189e_6c73_c900_e19d_ba56_48fc_a70c_2701,
        ),
        ("zap.xml", "zap", 0, 0x2b66_2600_df17_5ef7_bce7_3ab4_bd23_f93d),
        (
            "nuclei.jsonl",
            "nuclei",
            3,
            0x151d_7aa4_a94a_2440_4ad1_03b3_e30e_7438_u128,
        ),
    ] {
        let found = &report(format, sample(name)).found[at].1;
        assert_eq!(found.old.print, print, "{name}");
    }
}

// promise: P8
#[test]
fn an_entry_of_the_wrong_shape_is_skipped_and_the_rest_is_read() {
    for (format, text, reason) in [
        (
            "nuclei",
            r#"{"template-id":"t","host":"a","info":{"severity":{}}}
               {"template-id":"t","host":"a"}"#,
            "info.severity: ",
        ),
        (
            "nuclei",
            r#"["x", {"template-id":"t","host":"a"}]"#,
            "must be an object, not a string",
        ),
        (
            "zap",
            r#"{"site":[{"@name":"s","alerts":[{"pluginid":"1","riskcode":"1","instances":[7]},{"pluginid":"1","riskcode":"1"}]}]}"#,
            "instances[0]: ",
        ),
        (
            "zap",
            r#"{"site":{"@name":"s","alerts":["x",{"pluginid":"1","riskcode":"1"}]}}"#,
            "must be an object, not a string",
        ),
        (
            "zap",
            r#"{"site":[7,{"@name":"s","alerts":[{"pluginid":"1","riskcode":"1"}]}]}"#,
            "must be an object, not a number",
        ),
    ] {
        let all = report(format, text);
        assert_eq!((all.found.len(), all.skipped.len()), (1, 1), "{text}");
        assert!(all.reasons()[0].starts_with(reason), "{:?}", all.reasons());
        // promise: P3
        assert!(!all.is_whole(), "{text}");
    }
}
