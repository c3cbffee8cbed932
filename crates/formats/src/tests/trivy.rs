//! Trivy: what stays the same from one scan report to the next, and what is read of an entry.

use serde_json::{Value, json};

use super::{
    lists::{case, covered, one, related},
    *,
};

fn report(target: &Value, list: &str, entries: &Value) -> Value {
    let mut result = target.clone();
    result[list] = entries.clone();
    json!({"SchemaVersion": 2, "ArtifactName": "shop:1", "ArtifactType": "container_image", "Results": [result]})
}

fn vulnerable(target: &Value, entry: &Value) -> Found {
    one("trivy", &report(target, "Vulnerabilities", &json!([entry])))
}

// promise: M5
#[test]
fn a_version_in_the_path_does_not_close_a_finding() {
    let folder = "07-version-in-path";
    let [before, after] =
        ["trivy-1", "trivy-2"].map(|name| one("trivy", &case(&format!("{folder}/{name}.json"))));
    assert!(related(&before, &after));
    assert_eq!(before.identity.message, after.identity.message);
    assert_ne!(before.identity.version, after.identity.version);
    assert!(after.identity.rank > before.identity.rank);
    assert_eq!(before.path, "app/lib/log4j-core-*.jar");
}

// promise: M5
#[test]
fn a_title_names_its_package_once_and_identifies_nothing() {
    let target = json!({"Target": "app/package-lock.json", "Class": "lang-pkgs", "Type": "npm"});
    let mut first = None;
    for (title, shown) in [
        ("lodash: Prototype pollution", "lodash: Prototype pollution"),
        ("Lodash prototype pollution", "Lodash prototype pollution"),
        ("Prototype pollution", "lodash: Prototype pollution"),
        (
            "lodash-es: Prototype pollution",
            "lodash: lodash-es: Prototype pollution",
        ),
        ("é", "lodash: é"),
    ] {
        let found = vulnerable(
            &target,
            &json!({"VulnerabilityID": "CVE-2024-1", "PkgName": "lodash", "InstalledVersion": "1", "Severity": "LOW",
                "Title": title}),
        );
        assert_eq!(found.title, shown);
        let mut identity = found.identity.clone();
        // Only to distinguish entries of one scan report.
        identity.whole = 0;
        assert_eq!(*first.get_or_insert(identity.clone()), identity, "{title}");
    }
}

// promise: M5
#[test]
fn a_vulnerability_stays_the_same_with_another_tag_text_or_alias() {
    let entry = json!({"VulnerabilityID": "CVE-2024-1", "PkgName": "zlib", "InstalledVersion": "1.2", "Severity": "LOW",
        "Description": "old", "VendorIDs": ["GHSA-aaaa-bbbb-cccc"]});
    let system = |tag: &str| json!({"Target": format!("shop:{tag} (debian 12)"), "Class": "os-pkgs", "Type": "debian"});
    let first = vulnerable(&system("1"), &entry);
    let mut renamed = entry.clone();
    renamed["VulnerabilityID"] = json!("GHSA-aaaa-bbbb-cccc");
    renamed["VendorIDs"] = json!(["CVE-2024-1"]);
    renamed["Description"] = json!("new");
    let second = vulnerable(&system("2"), &renamed);
    assert!(related(&first, &second));
    assert_eq!(first.identity.version, second.identity.version);
    assert_eq!(first.identity.message, second.identity.message);
    // Another package, another vulnerability, another advisory that bundles this one.
    for (key, value) in [
        ("PkgName", json!("zlib2")),
        ("VulnerabilityID", json!("CVE-2024-2")),
        ("VulnerabilityID", json!("DSA-1")),
    ] {
        let mut other = entry.clone();
        other[key] = value;
        other["VendorIDs"] = json!(["CVE-2024-1", "CVE-2024-3"]);
        assert!(!related(&first, &vulnerable(&system("1"), &other)), "{key}");
    }
    // For a lock file, its path is part of the place, in any spelling.
    let locked = |path: &str| {
        vulnerable(
            &json!({"Target": path, "Class": "lang-pkgs", "Type": "npm"}),
            &entry,
        )
    };
    assert!(related(
        &locked("./a/package-lock.json"),
        &locked("a\\package-lock.json")
    ));
    assert!(!related(
        &locked("a/package-lock.json"),
        &locked("b/package-lock.json")
    ));
}

// promise: M4
#[test]
fn two_versions_in_one_lock_file_are_distinguished() {
    let read = |name: &str| {
        sound(
            "trivy",
            case(&format!("04-two-versions-one-accepted/{name}.json")),
        )
        .found
    };
    let both = read("both");
    let [older, newer] = &both[..] else {
        panic!("{both:?}")
    };
    assert!(related(older, newer));
    assert_ne!(older.identity.version, newer.identity.version);
    assert_ne!(older.identity.whole, newer.identity.whole);
    assert_eq!(read("only-3.10.1"), std::slice::from_ref(older));
    assert_eq!(read("only-4.17.4"), std::slice::from_ref(newer));
}

// promise: M4
#[test]
fn two_secrets_of_one_rule_are_distinguished() {
    let read = |name: &str| sound("trivy", case(&format!("03-number-inherits-triage/{name}.json"))).found;
    let (before, after) = (read("secrets-1"), read("secrets-2-new-one-above"));
    let [judged] = &before[..] else { panic!() };
    let [new, same] = &after[..] else { panic!() };
    assert!(related(judged, new) && related(judged, same));
    assert_eq!(judged.identity.code, same.identity.code, "the line moved");
    assert_ne!(judged.identity.code, new.identity.code);
    assert_eq!((new.identity.line, same.identity.line), (3, 11));
    // A whole line may be masked; then its neighbours distinguish it.
    let hidden = |above: &str| {
        let lines = json!([{"Content": above}, {"Content": "****", "IsCause": true}]);
        let entry = json!({"RuleID": "r", "StartLine": 2, "Match": "****", "Code": {"Lines": lines}});
        one(
            "trivy",
            &report(&json!({"Target": "a"}), "Secrets", &json!([entry])),
        )
    };
    let (a, b) = (hidden("a"), hidden("b"));
    assert_eq!(a.identity.code, b.identity.code);
    assert_ne!(a.identity.detail, b.identity.detail);
    assert_eq!(a.details.snippet, "a\n****");
}

// promise: M5
#[test]
fn a_misconfiguration_survives_moved_lines_and_indentation() {
    let found = |line: u32, resource: &str, code: &str| {
        let lines = json!([{"Content": "resource x {"}, {"Content": code, "IsCause": true}]);
        let cause = json!({"Resource": resource, "StartLine": line, "Code": {"Lines": lines}});
        let entry = json!({"ID": "AWS-0001", "AVDID": "AVD-AWS-0001", "Message": "Bucket has no logging", "CauseMetadata": cause});
        one(
            "trivy",
            &report(
                &json!({"Target": "main.tf", "Type": "terraform"}),
                "Misconfigurations",
                &json!([entry]),
            ),
        )
    };
    let (before, moved) = (found(3, "b", "  acl = \"x\""), found(9, "b", "\tacl   = \"x\""));
    assert!(related(&before, &moved));
    assert_eq!(before.identity.code, moved.identity.code);
    assert_eq!(before.identity.message, moved.identity.message);
    assert_ne!(before.identity.code, found(3, "b", "acl = \"y\"").identity.code);
    assert!(
        !related(&before, &found(3, "c", "  acl = \"x\"")),
        "another resource"
    );
    assert_eq!(before.details.snippet, "resource x {\n  acl = \"x\"");
    assert_eq!(before.details.identifiers, ["AVD-AWS-0001"]);
}

#[test]
fn a_vulnerability_has_everything_from_the_report() {
    let entry = json!({"VulnerabilityID": "CVE-2024-1", "VendorIDs": ["RHSA-1", "GHSA-a"], "PkgName": "p", "InstalledVersion": "1.0",
        "FixedVersion": "1.1, 2.0", "PkgIdentifier": {"PURL": "pkg:npm/p@1.0"}, "SeveritySource": "ghsa", "Severity": "HIGH",
        "CweIDs": ["CWE-79", "CWE-20"], "PrimaryURL": "https://avd.test/1", "References": ["https://a.test", "https://b.test"],
        "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N", "V3Score": 9.8}, "ghsa": {"V3Vector": "CVSS:3.0/AV:L", "V3Score": 7.1},
            "bitnami": {"V40Score": 10}}});
    let target = json!({"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm"});
    let details = vulnerable(&target, &entry).details;
    assert_eq!(details.identifiers, ["CVE-2024-1", "RHSA-1", "GHSA-a"]);
    assert_eq!(details.cwes, ["CWE-79", "CWE-20"]);
    assert_eq!(
        details.references,
        ["https://avd.test/1", "https://a.test", "https://b.test"]
    );
    let component = details.component.unwrap();
    assert_eq!(
        (component.name.as_str(), component.version.as_str()),
        ("p", "1.0")
    );
    assert_eq!(
        (component.purl.as_str(), component.fixed_versions),
        ("pkg:npm/p@1.0", vec!["1.1".to_owned(), "2.0".to_owned()])
    );
    let rating = |entry: &Value| vulnerable(&target, entry).details.cvss.unwrap();
    assert_eq!(
        rating(&entry).vector,
        "CVSS:3.0/AV:L",
        "from the source of the severity"
    );
    let mut other = entry.clone();
    other["SeveritySource"] = json!("debian");
    assert_eq!(
        (rating(&other).version.as_str(), rating(&other).score),
        ("3.1", Some(9.8))
    );
    other["CVSS"].as_object_mut().unwrap().remove("nvd");
    assert_eq!(
        (rating(&other).version.as_str(), rating(&other).score),
        ("4.0", Some(10.0))
    );
}

// promise: P2
#[test]
fn a_report_has_its_artifact_as_target_and_its_time() {
    for (name, kind, target) in [
        (
            "docker.io/library/nginx:1.2@sha256:0a",
            "container_image",
            "docker.io/library/nginx",
        ),
        ("localhost:5000/shop:7", "container_image", "localhost:5000/shop"),
        ("shop:7", "", "shop"),
        ("./src/", "filesystem", "src"),
        (".", "filesystem", ""),
        ("https://git.test/a/b", "repository", "https://git.test/a/b"),
    ] {
        let report = json!({"SchemaVersion": 2, "ArtifactName": name, "ArtifactType": kind, "CreatedAt": "2024-01-15T08:58:29.5+01:00"});
        let coverage = covered("trivy", &report).remove(0);
        assert_eq!(coverage.target, target, "{name}");
        assert_eq!(coverage.time, "2024-01-15T07:58:29.5Z".parse().ok());
        assert!(coverage.not_whole.is_empty());
    }
    let zoneless = json!({"SchemaVersion": 2, "ArtifactName": "a", "CreatedAt": "2024-01-15T08:58:29"});
    assert_eq!(covered("trivy", &zoneless)[0].time, None);
}

#[test]
fn other_reports_of_trivy_are_rejected_by_name() {
    for (text, what) in [
        (r#" [{"Target":"a","Vulnerabilities":null}]"#, "before 0.20"),
        (r#"{"ClusterName":"c","Resources":[]}"#, "`trivy k8s`"),
    ] {
        let refusal = read("trivy", text)
            .map(|whole| whole.found.len())
            .expect_err(text);
        assert!(refusal.what.contains(what), "{refusal}");
    }
}

// promise: P1
#[test]
fn what_a_statement_excludes_is_skipped_with_its_reason() {
    let report = json!({"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "t",
        "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Status": "not_affected"}],
        "ExperimentalModifiedFindings": [{"Type": "vulnerability", "Status": "ignored", "Statement": "not reachable", "Finding": {}}]}]});
    let whole = sound("trivy", report.to_string());
    let mut reasons: Vec<_> = whole.skipped.iter().map(|(_, reason)| reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "status not_affected: the component is not affected",
            "suppressed (status ignored): not reachable"
        ]
    );
    assert!(whole.complete && whole.found.is_empty());
}
