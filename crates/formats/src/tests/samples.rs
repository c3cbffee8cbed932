use std::collections::BTreeSet;

use base::Severity;

use super::*;

#[test]
fn every_sample_is_known_and_read_to_the_last_entry() {
    for ((name, format), (findings, skipped)) in SAMPLES.into_iter().zip([
        (13, 0),
        (18, 0),
        (3, 0),
        (1, 0),
        (8, 0),
        (6, 1),
        (1, 0),
        (7, 0),
        (5, 3),
        (5, 1),
    ]) {
        let text = sample(name);
        assert_eq!(
            detect(&mut Cursor::new(&text)).unwrap().map(|found| found.name),
            Some(format),
            "{name}"
        );
        let whole = sound(format, &text);
        assert_eq!(
            (whole.found.len(), whole.skipped.len()),
            (findings, skipped),
            "{name}"
        );
        // The table has rows that cannot be read.
        assert_eq!(whole.complete, format != "csv", "{name}");
        let prints: BTreeSet<_> = whole.found.iter().map(|found| &found.identity).collect();
        assert_eq!(prints.len(), findings, "{name}: each fingerprint once");
        for found in &whole.found {
            assert!(
                !found.title.is_empty() && found.title.chars().count() <= 200,
                "{found:?}"
            );
            let texts = [
                Some(found.title.as_str()),
                found.location(),
                found.rule_id.as_deref(),
            ];
            let clean = |text: &str| !text.is_empty() && !text.contains(char::is_control);
            assert!(texts.into_iter().flatten().all(clean), "{found:?}");
        }
    }
}

/// One finding of each sample, by the place in the file: title, severity, location, rule and weakness.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn entries_become_findings() {
    type Line<'a> = (
        &'a str,
        usize,
        &'a str,
        Severity,
        Option<&'a str>,
        Option<&'a str>,
        Option<&'a str>,
    );
    let table: [Line<'_>; 9] = [
        (
            "trivy.json",
            0,
            "apt: It was found that apt-key in apt, all versions, do not correctly valid ...",
            Severity::Low,
            Some("noppaknopsta/example-app:main-159 (debian 10.13): apt 1.8.2.3"),
            Some("CVE-2011-3374"),
            Some("CWE-347"),
        ),
        (
            "nuclei.jsonl",
            3,
            "Wappalyzer Technology Detection (animate.css)",
            Severity::Informational,
            Some("http://127.0.0.1:8080/WebGoat"),
            Some("tech-detect"),
            None,
        ),
        (
            "semgrep.json",
            2,
            "cbc-padding-oracle: Using CBC with PKCS5Padding is susceptible to padding orcale attacks. A malicious actor",
            Severity::Low,
            Some("src/main/java/org/owasp/benchmark/testcode/BenchmarkTest01150.java:66"),
            Some("java.lang.security.audit.cbc-padding-oracle.cbc-padding-oracle"),
            Some("CWE-696"),
        ),
        (
            "grype.json",
            0,
            "CVE-2009-3882 in java 17.0.10+7 -J-ms8m",
            Severity::High,
            Some("/opt/java/openjdk/bin/java"),
            Some("CVE-2009-3882"),
            None,
        ),
        (
            "cyclonedx.json",
            0,
            "CVE-2021-44228 in log4j-core 2.13.2",
            Severity::Critical,
            Some("log4j-core 2.13.2"),
            Some("CVE-2021-44228"),
            None,
        ),
        (
            "made/nessus.nessus",
            2,
            "OpenSSH < 9.8 RCE",
            Severity::Critical,
            Some("192.0.2.10:22/tcp"),
            Some("201194"),
            None,
        ),
        (
            "openvas.xml",
            0,
            "Mozilla Firefox Security Update (mfsa_2023-32_2023-36) - Windows",
            Severity::Critical,
            Some("10.0.101.2"),
            Some("1.3.6.1.4.1.25623.1.0.832260"),
            None,
        ),
        (
            "zap.xml",
            0,
            "Cookie Without Secure Flag",
            Severity::Low,
            Some("https://mainsite.com (dmid)"),
            Some("10011"),
            Some("CWE-614"),
        ),
        (
            "made/findings.csv",
            3,
            "=HYPERLINK(\"https://evil.test\")",
            Severity::Low,
            Some("@here"),
            Some("-2"),
            None,
        ),
    ];
    for (name, at, title, severity, location, rule, cwe) in table {
        let (_, format) = *SAMPLES.iter().find(|(sample, _)| *sample == name).unwrap();
        let found = sound(format, sample(name)).found.swap_remove(at);
        assert_eq!(
            (found.title.as_str(), found.severity),
            (title, severity),
            "{name}"
        );
        let rest = (found.location(), found.rule_id.as_deref(), found.cwe());
        assert_eq!(rest, (location, rule, cwe), "{name}");
    }
}

#[test]
fn references_and_sections_are_part_of_the_text() {
    let found = sound("nessus", sample("made/nessus.nessus")).found;
    assert!(
        found[0]
            .description
            .contains("The server's X.509 certificate cannot be trusted: A <&> B.")
    );
    assert!(
        found[2]
            .description
            .contains("The SSH server <b>installed</b> is affected.")
    );
    assert!(
        found[2]
            .description
            .contains("CVE: CVE-2024-6387, CVE-2024-39894")
    );
    let zap = sound("zap", sample("zap.xml")).found;
    assert!(zap[1].description.contains("a 'cross-site' request"));
    assert!(zap[5].description.contains("<script id=\"Cookiebot\" src="));
}

#[test]
fn skipped_entries_have_their_place_and_reason() {
    let skipped = sound("nessus", sample("made/nessus.nessus")).skipped;
    let item = |at: usize| format!("NessusClientData_v2.Report[0].ReportHost[0].ReportItem[{at}]");
    let expected = [(item(4), "compliance PASSED: 1.1 Password age".to_owned())];
    assert_eq!(skipped, expected);
    let skipped = sound("csv", sample("made/findings.csv")).skipped;
    let reasons = [
        (
            "line 7",
            "the severity `fatal` is not one of informational, low, medium, high, critical, urgent",
        ),
        ("line 8", "the row has no title"),
        ("line 9", "the row has 2 cells, the header 8"),
    ];
    assert_eq!(
        skipped,
        reasons.map(|(place, reason)| (place.to_owned(), reason.to_owned()))
    );
}
