//! Semgrep: what stays the same from one scan report to the next, and when a scan report is incomplete.

use serde_json::{Value, json};

use super::{
    lists::{covered, one, related},
    *,
};

fn result(path: &str, line: u32, extra: &Value) -> Found {
    let entry =
        json!({"check_id": "py.sql.format", "path": path, "start": {"line": line, "col": 5}, "extra": extra});
    one(
        "semgrep",
        &json!({"version": "1", "errors": [], "results": [entry]}),
    )
}

// promise: M5
#[test]
fn a_result_survives_moved_lines_and_indentation() {
    let extra = |print: &str, lines: &str| json!({"message": "built with format", "fingerprint": print, "lines": lines});
    let before = result("app/db.py", 10, &extra("0123456789abcdef_0", "  q = f(x)"));
    let moved = result("./app\\db.py", 14, &extra("0123456789abcdef_1", "\tq  = f(x)"));
    assert!(related(&before, &moved));
    let (one, other) = (&before.identity, &moved.identity);
    assert_ne!(one.tool, 0);
    assert_eq!(
        (one.tool, one.code, one.message),
        (other.tool, other.code, other.message)
    );
    assert_eq!((one.line, one.column, other.line), (10, 5, 14));
    // Withheld values are not evidence.
    let hidden = result("a.py", 1, &extra("requires login", "requires login")).identity;
    assert_eq!((hidden.tool, hidden.code), (0, 0));
    assert_ne!(hidden.message, 0);
    let changed = result("app/db.py", 10, &extra("fedcba9876543210_0", "q = g(x)"));
    assert_ne!(
        (changed.identity.tool, changed.identity.code),
        (one.tool, one.code)
    );
    assert!(!related(
        &before,
        &result("app/x.py", 10, &extra("0123456789abcdef_0", "q = f(x)"))
    ));
}

// promise: P3
#[test]
fn a_scan_that_left_something_out_is_incomplete() {
    for (more, why) in [
        (
            json!({"errors": [{"level": "error", "message": "Syntax error", "path": "a.py"}]}),
            "Semgrep reports an error: a.py Syntax error",
        ),
        (
            json!({"errors": ["x"]}),
            "an element of `errors` could not be read: must be an object, not a string",
        ),
        (json!({"paths": {"scanned": []}}), "no file was scanned"),
        (
            json!({"paths": {"scanned": ["b"], "skipped": [{"path": "a.py", "reason": "too_big"}]}}),
            "a file was not scanned (too_big): a.py",
        ),
        (
            json!({"skipped_rules": [{"rule_id": "r"}]}),
            "a rule was skipped: r",
        ),
    ] {
        let mut report = json!({"version": "1", "errors": [], "results": []});
        report
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(covered("semgrep", &report)[0].not_whole, [why]);
    }
    let fine = json!({"version": "1", "results": [], "errors": [{"level": "warn", "message": "x"}], "skipped_rules": [],
        "paths": {"scanned": ["b"], "skipped": [{"path": "c", "reason": "semgrepignore_patterns_match"}]}});
    assert!(covered("semgrep", &fine)[0].not_whole.is_empty());
}

// promise: M5
#[test]
fn a_dependency_stays_the_same_with_another_version() {
    let of = |version: &str, line: u32| {
        let found = json!({"package": "lodash", "version": version, "ecosystem": "npm"});
        let extra = json!({"message": format!("lodash {version} is bad"), "lines": format!("lodash@{version}:"), "fingerprint": format!("{line}123456789_0"),
            "metadata": {"sca-vuln-database-identifier": "CVE-2021-23337", "ghsa": "GHSA-a", "cwe": ["CWE-77: x", "CWE-94: y"], "references": ["https://a.test"]},
            "sca_info": {"reachable": false, "dependency_match": {"found_dependency": found}}});
        result("yarn.lock", line, &extra)
    };
    let (before, after) = (of("3.10.1", 7), of("4.17.4", 9));
    assert!(related(&before, &after));
    assert_eq!(before.identity.message, after.identity.message);
    assert_ne!(before.identity.version, after.identity.version);
    let details = before.details;
    let component = details.component.unwrap();
    assert_eq!(
        (component.name.as_str(), component.version.as_str()),
        ("lodash", "3.10.1")
    );
    assert_eq!(component.purl, "pkg:npm/lodash@3.10.1");
    assert_eq!(details.identifiers, ["CVE-2021-23337", "GHSA-a"]);
    assert_eq!(details.cwes, ["CWE-77", "CWE-94"]);
    assert_eq!(details.references, ["https://a.test"]);
}

// promise: M4
#[test]
fn two_calls_of_one_vulnerable_dependency_are_distinguished() {
    let of = |code: &str| {
        let found = json!({"package": "lodash", "version": "1", "ecosystem": "npm"});
        let extra = json!({"lines": code, "sca_info": {"reachable": true, "dependency_match": {"found_dependency": found}}});
        result("a.js", 1, &extra).identity
    };
    assert_ne!(of("template(a)").message, of("template(b)").message);
    assert_eq!(of(" template( a )").message, of("template( a )").message);
}
