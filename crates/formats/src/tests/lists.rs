//! Lists with single bad records.

use serde_json::json;

use super::*;

/// Whether a report is whole, how many problems it holds, and what was skipped: where, and why.
fn told(format: &str, text: &impl ToString) -> (bool, usize, Vec<(String, String)>) {
    let whole = sound(format, text.to_string());
    (whole.complete, whole.found.len(), whole.skipped)
}

// promise: P8
#[test]
fn one_bad_record_is_skipped_with_its_reason() {
    let good = json!({"check_id": "a", "path": "p", "extra": {"message": "m"}});
    for (bad, why) in [
        (json!("x"), "invalid type: string, expected an object"),
        (json!(7), "invalid type: number, expected an object"),
        (json!(null), "invalid type: null, expected an object"),
        (json!([[]]), "invalid type: sequence, expected an object"),
        (json!({"path": "p"}), "`check_id` is missing"),
        (
            json!({"check_id": ["a"]}),
            "`check_id`: invalid type: sequence, expected a string",
        ),
        (
            json!({"check_id": "b", "start": {"line": true}}),
            "`start.line`: invalid type: boolean, expected a number",
        ),
        (
            json!({"check_id": "b", "extra": [1]}),
            "`extra`: invalid type: sequence, expected an object",
        ),
        (
            json!({"check_id": "b", "extra": {"is_ignored": "yes"}}),
            "`extra.is_ignored`: invalid type: string, expected true or false",
        ),
    ] {
        let report =
            json!({"version": "1", "results": [good, bad, good], "errors": [], "paths": {"scanned": ["p"]}});
        let (whole, found, skipped) = told("semgrep", &report);
        assert_eq!((whole, found), (false, 2), "{bad}");
        let [(place, reason)] = &skipped[..] else {
            panic!("{skipped:?}")
        };
        assert_eq!(place, "results[1]");
        assert!(reason.starts_with(why), "{reason}");
    }
}

// promise: P8
#[test]
fn a_bad_record_spoils_no_more_than_its_own_list() {
    let good = json!({"VulnerabilityID": "CVE-1", "PkgName": "p"});
    for (bad, place) in [
        (json!(7), "Results[1]"),
        (json!({"Target": {}, "Vulnerabilities": []}), "Results[1]"),
        (json!({"Vulnerabilities": "x"}), "Results[1]"),
        (
            json!({"Vulnerabilities": [{"PkgName": 1}]}),
            "Results[1].Vulnerabilities[0]",
        ),
        (
            json!({"Secrets": [{"RuleID": "r", "StartLine": {}}]}),
            "Results[1].Secrets[0]",
        ),
    ] {
        let report = json!({"SchemaVersion": 2, "ArtifactName": "a", "Results": [
            {"Target": "t", "Vulnerabilities": [good]}, bad, {"Target": "u", "Vulnerabilities": [good]}]});
        let (whole, found, skipped) = told("trivy", &report);
        let places: Vec<_> = skipped.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!((whole, found, places), (false, 2, vec![place]), "{bad}");
    }
    let twice = r#"{"version": "1", "errors": [], "results": [{"check_id": "a", "check_id": "b"}, {"check_id": "a"}]}"#;
    let (whole, found, skipped) = told("semgrep", &twice);
    assert_eq!((whole, found), (false, 1));
    assert_eq!(skipped[0].1, "the key `check_id` is there twice");
    let bytes = r#"{"results": [{"check_id": 7}, {"check_id": "a"}"#;
    assert!(read("semgrep", bytes).unwrap_err().what.contains("too early"));
}
