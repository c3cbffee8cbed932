//! Grype: what stays the same from one scan report to the next, and what is read of a match.

use serde_json::{Value, json};

use super::{
    lists::{covered, one, related},
    *,
};

fn matched(vulnerability: &Value, artifact: &Value, related: &Value) -> Found {
    let entry =
        json!({"vulnerability": vulnerability, "artifact": artifact, "relatedVulnerabilities": related});
    one("grype", &json!({"matches": [entry]}))
}

fn jar(version: &str, paths: &[&str]) -> Value {
    let locations: Vec<_> = paths.iter().map(|path| json!({"path": path})).collect();
    json!({"name": "log4j-core", "version": version, "type": "java-archive", "locations": locations})
}

// promise: M2
#[test]
fn the_order_of_locations_does_not_matter() {
    let id = json!({"id": "CVE-1"});
    let (one, other) = (["/b/x.jar", "/a/x.jar"], ["/a/x.jar", "/b/x.jar"]);
    let found = |paths: &[&str]| matched(&id, &jar("1.0", paths), &json!([]));
    assert_eq!(found(&one).identity, found(&other).identity);
    assert_eq!(found(&one).details, found(&other).details);
    assert_eq!(found(&one).details.locations, ["/a/x.jar", "/b/x.jar"]);
    assert_ne!(found(&one).identity.group, found(&["/c/x.jar"]).identity.group);
}

// promise: M5
#[test]
fn a_match_stays_the_same_with_another_version_text_or_alias() {
    let before = matched(
        &json!({"id": "GHSA-jfh8-c2jp-5v3q", "description": "old"}),
        &jar("2.14.0", &["/app/log4j-core-2.14.0.jar"]),
        &json!([{"id": "CVE-2021-44228"}]),
    );
    let after = matched(
        &json!({"id": "CVE-2021-44228", "description": "new"}),
        &jar("2.14.1", &["/app/log4j-core-2.14.1.jar"]),
        &json!([]),
    );
    assert!(related(&before, &after));
    assert_eq!(before.identity.message, after.identity.message);
    assert_ne!(before.identity.version, after.identity.version);
    let other = matched(
        &json!({"id": "CVE-2021-45046"}),
        &jar("2.14.0", &["/app/log4j-core-2.14.0.jar"]),
        &json!([]),
    );
    assert!(!related(&before, &other));
    // An advisory that bundles many is a rule of its own.
    let bundle = |id: &str| {
        let many = json!([{"id": "CVE-1"}, {"id": "CVE-2"}]);
        matched(&json!({"id": id}), &jar("1", &[]), &many)
    };
    assert!(!related(&bundle("ELSA-1"), &bundle("ELSA-2")));
    assert_eq!(bundle("ELSA-1").details.identifiers, ["ELSA-1", "CVE-1", "CVE-2"]);
    // The place of an operating system's package list distinguishes nothing.
    let deb = |path: &str| {
        let artifact = json!({"name": "p", "version": "1", "type": "deb", "locations": [{"path": path}]});
        matched(&json!({"id": "CVE-1"}), &artifact, &json!([]))
    };
    assert!(related(
        &deb("/var/lib/dpkg/status"),
        &deb("/usr/share/doc/p/copyright")
    ));
}

#[test]
fn a_match_has_everything_from_the_report() {
    let found = matched(
        &json!({"id": "GHSA-a", "dataSource": "https://ghsa.test", "urls": ["https://u.test"], "cwes": [{"cwe": "CWE-1"}],
            "fix": {"versions": ["1.1", "2.0"], "state": "fixed"}, "advisories": [{"id": "RHSA-1", "link": "https://rh.test"}],
            "cvss": [{"version": "2.0", "vector": "AV:N/AC:L", "metrics": {"baseScore": 7.5}},
                {"version": "3.1", "vector": "CVSS:3.1/AV:N", "metrics": {"baseScore": 9.8}}]}),
        &json!({"name": "p", "version": "1.0", "type": "npm", "purl": "pkg:npm/p@1.0"}),
        &json!([{"id": "CVE-2024-1", "dataSource": "https://nvd.test", "cwes": [{"cwe": "CWE-2"}],
            "cvss": [{"version": "3.1", "vector": "CVSS:3.1/AV:P", "metrics": {"baseScore": 10}}]}]),
    );
    let details = found.details;
    assert_eq!(details.identifiers, ["GHSA-a", "CVE-2024-1", "RHSA-1"]);
    assert_eq!(details.cwes, ["CWE-1", "CWE-2"]);
    assert_eq!(
        details.references,
        [
            "https://ghsa.test",
            "https://u.test",
            "https://rh.test",
            "https://nvd.test"
        ]
    );
    let cvss = details.cvss.unwrap();
    assert_eq!(
        (cvss.version.as_str(), cvss.score),
        ("3.1", Some(9.8)),
        "its own, and the most severe"
    );
    assert_eq!(cvss.vector, "CVSS:3.1/AV:N");
    let component = details.component.unwrap();
    assert_eq!(
        (component.purl.as_str(), component.fixed_versions),
        ("pkg:npm/p@1.0", vec!["1.1".to_owned(), "2.0".to_owned()])
    );
}

// promise: P2
#[test]
fn a_report_has_its_image_or_folder_as_target_and_its_time() {
    for (source, target) in [
        (
            json!({"type": "image", "target": {"userInput": "registry.test:5000/shop:1@sha256:0a"}}),
            "registry.test:5000/shop",
        ),
        (json!({"type": "directory", "target": "./src/"}), "src"),
        (json!({"type": "directory", "target": "."}), ""),
        (json!(null), ""),
    ] {
        let report = json!({"matches": [], "source": source, "descriptor": {"name": "grype", "timestamp": "2024-01-15T08:58:29.123456789+01:00"}});
        let coverage = covered("grype", &report).remove(0);
        assert_eq!(coverage.target, target);
        assert_eq!(coverage.time, "2024-01-15T07:58:29.123456789Z".parse().ok());
        assert!(coverage.not_whole.is_empty(), "{coverage:?}");
    }
}
