//! Results of package scanners.

use super::*;

/// A scan report of Trivy: a package of an image or of a jar.
fn trivy(version: &str, uri: &str) -> Found {
    let rule = r#"{"id":"CVE-2021-36159","name":"OsPackageVulnerability","shortDescription":{"text":"libfetch"},
        "helpUri":"https://avd.aquasec.com/nvd/cve-2021-36159","help":{"text":"Vulnerability CVE-2021-36159\nSee https://example.com/a, (https://example.com/b)."},
        "properties":{"security-severity":"9.1","tags":["vulnerability","security","CRITICAL"]}}"#;
    let message = format!(
        r"Package: apk-tools\nInstalled Version: {version}\nVulnerability CVE-2021-36159\nSeverity: CRITICAL\nFixed Version: 2.10.7-r0, 2.12\nLink: [CVE-2021-36159](https://avd.aquasec.com/nvd/cve-2021-36159)"
    );
    one(
        rule,
        &format!(
            r#"{{"ruleId":"CVE-2021-36159","ruleIndex":0,"message":{{"text":"{message}"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"{uri}","uriBaseId":"ROOTPATH"}},"region":{{"startLine":1}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{version}"}}}}"#
        ),
    )
}

#[test]
fn a_package_is_read_with_everything_about_it() {
    let found = trivy("2.10.6-r0", "library/alpine");
    let details = &found.details;
    let component = details.component.as_ref().unwrap();
    assert_eq!(
        (component.name.as_str(), component.version.as_str()),
        ("apk-tools", "2.10.6-r0")
    );
    assert_eq!(component.fixed_versions, ["2.10.7-r0", "2.12"]);
    assert_eq!(details.identifiers, ["CVE-2021-36159"]);
    assert_eq!(details.cvss.as_ref().and_then(|cvss| cvss.score), Some(9.1));
    assert_eq!(
        details.references,
        [
            "https://avd.aquasec.com/nvd/cve-2021-36159",
            "https://example.com/a",
            "https://example.com/b"
        ]
    );
}

// promise: M5
#[test]
fn an_upgrade_without_the_fix_is_the_same_package_in_another_version() {
    let one = trivy("2.10.6-r0", "lib/apk-tools-2.10.6-r0.jar").identity;
    let other = trivy("2.10.6-r1", "lib/apk-tools-2.10.6-r1.jar").identity;
    assert_eq!(
        (one.group, one.keys, one.message),
        (other.group, other.keys, other.message)
    );
    assert_ne!(one.version, other.version);
    assert_eq!(
        (one.tool, one.code),
        (0, 0),
        "a hash over the version is not evidence"
    );
    let elsewhere = trivy("2.10.6-r0", "opt/apk-tools-2.10.6-r0.jar").identity;
    assert_ne!(one.group, elsewhere.group);
}

fn osv(id: &str, aliases: &str, also: &str, package: &str) -> Found {
    let rule = format!(r#"{{"id":"{id}","deprecatedIds":[{aliases}]}}"#);
    let message = format!("Package '{package}' is vulnerable to '{id}'{also}.");
    one(
        &rule,
        &format!(
            r#"{{"ruleId":"{id}","message":{{"text":"{message}"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"file:///w/package-lock.json"}}}}}}]}}"#
        ),
    )
}

// promise: M5
#[test]
fn names_of_one_vulnerability_are_one_rule() {
    let ghsa = osv("GHSA-p6mc-m468-83gw", "", "", "lodash@4.17.11");
    let listed = osv(
        "CVE-2020-8203",
        r#""CVE-2020-8203","GHSA-p6mc-m468-83gw""#,
        "",
        "lodash@4.17.12",
    );
    let stated = osv(
        "CVE-2020-8203",
        "",
        " (also known as 'GHSA-p6mc-m468-83gw')",
        "lodash@4.17.11",
    );
    for other in [&listed, &stated] {
        assert_eq!(
            other.details.identifiers,
            ["CVE-2020-8203", "GHSA-p6mc-m468-83gw"]
        );
        assert_eq!(other.identity.group, ghsa.identity.group);
        assert!(other.identity.keys.contains(&ghsa.identity.keys[0]));
    }
    let unlike = osv("CVE-2021-23337", "", "", "lodash@4.17.11");
    assert!(!unlike.identity.keys.contains(&ghsa.identity.keys[0]));
}

// promise: M4
#[test]
fn two_packages_or_versions_in_one_file_are_distinguished() {
    let of = |package: &str| osv("CVE-2020-8203", "", "", package).identity;
    let (old, new, other) = (of("lodash@3.10.1"), of("lodash@4.17.4"), of("lodash-es@3.10.1"));
    assert_eq!(old.group, new.group);
    assert_ne!(old.version, new.version);
    assert_ne!(old.group, other.group);
}

#[test]
fn packages_are_read_from_grype_and_snyk() {
    let grype = one(
        r#"{"id":"GHSA-p6mc-m468-83gw-lodash","help":{"text":"Vulnerability GHSA-p6mc-m468-83gw\nSeverity: high\nPackage: lodash\nVersion: 4.17.11\nFix Version: 4.17.19\nType: npm"},
            "properties":{"purls":["pkg:npm/lodash@4.17.11"],"security-severity":"7.4"}}"#,
        r#"{"ruleId":"GHSA-p6mc-m468-83gw-lodash","message":{"text":"A high vulnerability in npm package: lodash, version 4.17.11 was found at: /package.json"}}"#,
    );
    let component = grype.details.component.unwrap();
    assert_eq!(
        (component.name.as_str(), component.purl.as_str()),
        ("lodash", "pkg:npm/lodash@4.17.11")
    );
    assert_eq!(component.fixed_versions, ["4.17.19"]);
    assert_eq!(grype.details.identifiers, ["GHSA-p6mc-m468-83gw"]);
    let snyk = one(
        r#"{"id":"SNYK-JS-LODASH-450202","fullDescription":{"text":"(CVE-2019-10744) lodash@4.17.4"},"properties":{"tags":["security","CWE-400","npm"],"cvssv3_baseScore":9.1,"security-severity":"9.1"}}"#,
        r#"{"ruleId":"SNYK-JS-LODASH-450202","message":{"text":"This file introduces a vulnerable lodash package."},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"package-lock.json"}},"logicalLocations":[{"fullyQualifiedName":"lodash@4.17.4"}]}]}"#,
    );
    let component = snyk.details.component.unwrap();
    assert_eq!(
        (component.name.as_str(), component.version.as_str()),
        ("lodash", "4.17.4")
    );
    assert_eq!(
        snyk.details.identifiers,
        ["SNYK-JS-LODASH-450202", "CVE-2019-10744"]
    );
    assert_eq!(snyk.details.cwes, ["CWE-400"]);
}

#[test]
fn a_bundle_is_its_own_rule() {
    let rule = r#"{"id":"RHSA-2021:0001","properties":{"cves":["CVE-2021-1","CVE-2021-2"]}}"#;
    let found = one(rule, r#"{"ruleId":"RHSA-2021:0001","message":{"text":"m"}}"#);
    let plain = one("", r#"{"ruleId":"RHSA-2021:0001","message":{"text":"m"}}"#);
    assert_eq!(found.identity.keys, plain.identity.keys);
    assert_eq!(
        found.details.identifiers,
        ["RHSA-2021:0001", "CVE-2021-1", "CVE-2021-2"]
    );
}

#[test]
fn a_vector_is_kept_with_its_version() {
    let found = one(
        r#"{"id":"R","properties":{"cvss":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","security-severity":"CRITICAL","cvss_score":"9.8"}}"#,
        r#"{"ruleId":"R","message":{"text":"m"}}"#,
    );
    let cvss = found.details.cvss.unwrap();
    assert_eq!((cvss.version.as_str(), cvss.score), ("3.1", Some(9.8)));
    assert!(cvss.vector.starts_with("CVSS:3.1/AV:N"));
    assert_eq!(found.severity, base::Severity::Critical);
}
