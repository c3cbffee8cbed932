use base::Severity;
use serde_json::{Value, json};

use super::*;

fn one(format: &str, text: &impl ToString) -> Found {
    let mut whole = sound(format, text.to_string());
    assert_eq!(
        (whole.found.len(), whole.skipped.len()),
        (1, 0),
        "{:?}",
        whole.skipped
    );
    whole.found.remove(0)
}

fn reasons(whole: &Whole) -> Vec<&str> {
    whole.skipped.iter().map(|(_, reason)| reason.as_str()).collect()
}

/// The same value with the keys of every object in reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .rev()
                .map(|(key, value)| format!("{}:{}", json!(key), reversed(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[test]
fn the_order_of_keys_does_not_matter() {
    for (name, format) in SAMPLES {
        if let Ok(value) = serde_json::from_slice::<Value>(&sample(name)) {
            let (forth, back) = (value.to_string(), reversed(&value));
            let (forth, back) = (sound(format, forth), sound(format, back));
            assert_eq!(forth.found, back.found, "{name}");
        }
    }
    let zap = json!({"@version": "D", "site": [{"@name": "https://a.test", "alerts": [{"pluginid": "1", "name": "x", "riskcode": "3"}]}]});
    assert_eq!(one("zap", &zap), one("zap", &reversed(&zap)));
    assert_eq!(one("zap", &zap).location(), Some("https://a.test"));
}

#[test]
fn cyclonedx_is_the_same_as_json_and_xml() {
    let (json, xml) = (
        sound("cyclonedx", sample("made/sbom.json")),
        sound("cyclonedx", sample("made/sbom.xml")),
    );
    assert_eq!(json.found, xml.found);
    assert_eq!(reasons(&json), reasons(&xml));
    assert_eq!(
        reasons(&json),
        ["analysis state not_affected: code_not_reachable"]
    );
    let locations: Vec<_> = json.found.iter().map(|found| found.location()).collect();
    assert_eq!(
        locations,
        [
            Some("org.acme/lib-a 2.1"),
            Some("lib-b 0.3"),
            None,
            Some("shop 1.0"),
            Some("gone@1")
        ]
    );
    let plain = sound(
        "cyclonedx",
        r#"{"bomFormat":"CycloneDX","components":[{"name":"a"}]}"#,
    );
    assert!(
        plain.found.is_empty() && !plain.complete,
        "a list of parts alone states nothing about vulnerabilities"
    );
}

#[test]
fn fingerprints_survive_versions_tags_and_lines() {
    let trivy = |tag: &str, version: &str| {
        one(
            "trivy",
            &json!({"SchemaVersion": 2, "Results": [{"Target": format!("app:{tag} (debian 12)"), "Class": "os-pkgs", "Type": "debian",
            "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p", "InstalledVersion": version}]}]}),
        )
    };
    let semgrep = |line: u32, code: &str| {
        one(
            "semgrep",
            &json!({"results": [{"check_id": "a.b", "path": "p", "start": {"line": line}, "extra": {"lines": code, "message": "m"}}]}),
        )
    };
    let bom = |version: &str| {
        let reference = format!("pkg:npm/%40a/b@{version}?x=y@z");
        one(
            "cyclonedx",
            &json!({"bomFormat": "CycloneDX", "components": [{"bom-ref": reference, "name": "b", "version": version, "purl": reference}],
            "vulnerabilities": [{"id": "CVE-1", "affects": [{"ref": reference}]}]}),
        )
    };
    for (before, after) in [
        (trivy("1", "1.0"), trivy("2", "1.1")),
        (semgrep(3, "x  = 1"), semgrep(9, "x = 1\n")),
        (bom("1.0"), bom("2.0")),
    ] {
        assert!(lists::related(&before, &after), "{before:?} {after:?}");
        assert_ne!(before, after, "what moved is visible");
    }
    let code = |found: Found| found.identity.code;
    assert_eq!(code(semgrep(3, "x  = 1")), code(semgrep(9, "x = 1\n")));
    assert_ne!(code(semgrep(3, "x = 1")), code(semgrep(3, "x = 2")));
}

#[test]
fn trivy_finds_more_than_vulnerabilities() {
    let report = json!({"SchemaVersion": 2, "Results": [{"Target": "Dockerfile",
        "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p", "Severity": "UNKNOWN", "CVSS": {"ghsa": {"V3Score": 9.8}, "nvd": {"V3Score": 5}}}],
        "Misconfigurations": [
            {"ID": "DS002", "Title": "root", "Severity": "HIGH", "Status": "FAIL", "CauseMetadata": {"StartLine": 3}},
            {"ID": "DS003", "Status": "PASS"},
            {"ID": "DS004", "Status": "EXCEPTION"}],
        "Secrets": [{"RuleID": "aws", "Title": "AWS key", "Severity": "CRITICAL", "StartLine": 7, "Match": "key = ****"}],
        "Licenses": [{"Name": "GPL-3.0", "PkgName": "p", "Severity": "LOW"}]}]});
    let whole = sound("trivy", report.to_string());
    let severities: Vec<_> = whole
        .found
        .iter()
        .map(|found| (found.severity, found.location().unwrap()))
        .collect();
    let expected = [
        (Severity::Low, "Dockerfile: p"),
        (Severity::High, "Dockerfile:3"),
        (Severity::Critical, "Dockerfile:7"),
        (Severity::Critical, "Dockerfile: p"),
    ];
    assert_eq!(severities, expected);
    assert_eq!(
        reasons(&whole),
        [
            "status PASS: the check found no problem",
            "suppressed (status EXCEPTION)"
        ]
    );
}

#[test]
fn what_is_not_an_open_problem_is_skipped() {
    for (format, text, reason) in [
        ("nuclei", json!({"template-id": "t", "matcher-status": false}).to_string(), "matcher-status false: nothing was found"),
        (
            "semgrep",
            json!({"results": [{"check_id": "r", "path": "p", "extra": {"is_ignored": true}}]}).to_string(),
            "suppressed (in source)",
        ),
        (
            "grype",
            json!({"matches": [], "ignoredMatches": [{"vulnerability": {"id": "C"}, "appliedIgnoreRules": [{"reason": "test only"}]}]}).to_string(),
            "suppressed (ignore rule): test only",
        ),
        (
            "openvas",
            "<report><results><result><host>h</host><nvt oid='1'/><severity>-1.0</severity></result></results></report>".to_owned(),
            "false positive (override)",
        ),
        (
            "openvas",
            "<get_reports_response><report><report><results><result><host>h</host><nvt oid='1'/><threat>Error</threat></result></results></report></report></get_reports_response>".to_owned(),
            "an error message of the scanner",
        ),
        (
            "zap",
            json!({"site": [{"@name": "s", "alerts": [{"pluginid": 1, "riskcode": 2, "confidence": 0}]}]}).to_string(),
            "confidence 0: marked as a false positive",
        ),
    ] {
        let whole = sound(format, text);
        assert_eq!(reasons(&whole), [reason], "{format:?}");
    }
}

#[test]
fn severities_are_those_of_the_tool() {
    let nessus = |attribute: &str, score: &str| {
        format!(
            "<NessusClientData_v2><Report><ReportHost name='h'><ReportItem pluginID='1' {attribute}>{score}</ReportItem></ReportHost></Report></NessusClientData_v2>"
        )
    };
    let openvas = |fields: &str| {
        format!("<report><results><result><host>h</host><nvt oid='1'/>{fields}</result></results></report>")
    };
    let grype = |word: &str| {
        json!({"matches": [{"vulnerability": {"id": "C", "severity": word}, "relatedVulnerabilities": [{"id": "D", "cvss": [{"metrics": {"baseScore": 7.1}}]}]}]}).to_string()
    };
    let semgrep =
        |word: &str| json!({"results": [{"check_id": "r", "extra": {"severity": word}}]}).to_string();
    for (format, text, severity) in [
        ("nessus", nessus("severity='4'", ""), Severity::Critical),
        ("nessus", nessus("", "<cvss3_base_score>7.5</cvss3_base_score>"), Severity::High),
        ("openvas", openvas("<threat>High</threat><severity>9.8</severity>"), Severity::Critical),
        ("openvas", openvas("<threat>Log</threat><severity>0.0</severity>"), Severity::Informational),
        ("openvas", openvas("<threat>Medium</threat>"), Severity::Medium),
        ("grype", grype("Negligible"), Severity::Informational),
        ("grype", grype("Unknown"), Severity::High),
        ("semgrep", semgrep("ERROR"), Severity::High),
        ("semgrep", semgrep("CRITICAL"), Severity::Critical),
        ("semgrep", semgrep("INVENTORY"), Severity::Informational),
        ("nuclei", json!({"template-id": "t", "info": {"severity": "unknown", "classification": {"cvss-score": 9.1}}}).to_string(), Severity::Critical),
        ("csv", "title;severity\nx;8.9".to_owned(), Severity::High),
        ("csv", "Name\tRisk\nx\tUrgent".to_owned(), Severity::Urgent),
    ] {
        assert_eq!(one(format, &text).severity, severity, "{text}");
    }
}

#[test]
fn interrupted_scans_close_nothing() {
    for (format, text, complete) in [
        (
            "openvas",
            "<report><report><scan_run_status>Stopped</scan_run_status><results/></report></report>",
            false,
        ),
        (
            "openvas",
            "<report><report><results/><host><ip>h</ip></host><scan_run_status>Done</scan_run_status></report></report>",
            true,
        ),
        ("semgrep", r#"{"results":[],"errors":[{"level":"error"}]}"#, false),
        ("semgrep", r#"{"results":[],"errors":[{"level":"warn"}]}"#, true),
        (
            "nessus",
            "<NessusClientData_v2><Policy/></NessusClientData_v2>",
            false,
        ),
        ("zap", "<OWASPZAPReport/>", false),
    ] {
        assert_eq!(sound(format, text).complete, complete, "{text}");
    }
}

#[test]
fn nuclei_is_the_same_as_lines_and_as_an_array() {
    let lines = String::from_utf8(sample("nuclei.jsonl")).unwrap();
    let array = format!("[{}]", lines.lines().collect::<Vec<_>>().join(","));
    assert_eq!(sound("nuclei", &lines).found, sound("nuclei", &array).found);
    assert_eq!(
        detect(&mut Cursor::new(&array)).unwrap().map(|found| found.name),
        Some("nuclei")
    );
}

#[test]
fn tables_are_read_as_text_whatever_their_cells_contain() {
    let table = "\u{feff}SEVERITY;title;id;Rule-ID;file\r\nhigh;\"=1+1;\"\"x\"\"\";a;-2;@SUM(A1)\r\n\r\nlow;+x;b;;\r\n";
    let found = sound("csv", table).found;
    assert_eq!(found[0].title, "=1+1;\"x\"");
    assert_eq!(
        (found[0].rule_id.as_deref(), found[0].location()),
        (Some("-2"), Some("@SUM(A1)"))
    );
    assert_eq!(found[1].title, "+x");
}
