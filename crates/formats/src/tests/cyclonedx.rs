//! `CycloneDX`: what stays the same from one document to the next, and what is read of a vulnerability.

use base::Severity;
use serde_json::{Value, json};

use super::{
    lists::{case, covered, one, related},
    *,
};

fn bom(components: &Value, vulnerability: &Value) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components, "vulnerabilities": [vulnerability]})
}

// promise: M5
#[test]
fn a_vulnerability_stays_the_same_with_another_version_text_or_alias() {
    let of = |version: &str, id: &str, alias: &str, text: &str| {
        let url = format!("pkg:maven/org.apache/log4j-core@{version}?type=jar");
        let component = json!([{"bom-ref": format!("r{version}"), "group": "org.apache", "name": "log4j-core", "version": version, "purl": url}]);
        let vulnerability = json!({"id": id, "description": text, "references": [{"id": alias}], "affects": [{"ref": format!("r{version}")}]});
        one("cyclonedx", &bom(&component, &vulnerability))
    };
    let (before, after) = (
        of("2.14.0", "GHSA-a", "CVE-1", "old"),
        of("2.14.1", "CVE-1", "", "new"),
    );
    assert!(related(&before, &after));
    assert_eq!(before.identity.message, after.identity.message);
    assert_ne!(before.identity.version, after.identity.version);
    assert!(!related(&before, &of("2.14.0", "CVE-2", "", "old")));
    // A document that contains only vulnerabilities names the affected components by reference.
    let far = |version: &str| {
        let affects =
            json!([{"ref": format!("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/x@{version}")}]);
        one(
            "cyclonedx",
            &bom(&json!([]), &json!({"id": "CVE-1", "affects": affects})),
        )
    };
    assert!(related(&far("1"), &far("2")));
    assert_ne!(far("1").identity.version, far("2").identity.version);
    assert_eq!(far("1").details.component.unwrap().purl, "pkg:npm/x@1");
}

// promise: M4
#[test]
fn two_versions_of_one_component_are_distinguished() {
    let part = |version: &str| json!({"bom-ref": version, "name": "lodash", "version": version, "purl": format!("pkg:npm/lodash@{version}")});
    let both = bom(
        &json!([part("3.10.1"), part("4.17.4")]),
        &json!({"id": "CVE-1", "affects": [{"ref": "3.10.1"}, {"ref": "4.17.4"}]}),
    );
    let found = sound("cyclonedx", both.to_string()).found;
    let [older, newer] = &found[..] else {
        panic!("{found:?}")
    };
    assert!(related(older, newer));
    assert_ne!(older.identity.version, newer.identity.version);
    assert!(older.identity.rank < newer.identity.rank);
}

// promise: P1
#[test]
fn unaffected_versions_create_no_findings() {
    let whole = sound("cyclonedx", case("14-vex-version-status/a.cdx.json"));
    let [found] = &whole.found[..] else {
        panic!("{whole:?}")
    };
    assert_eq!(found.rule_id.as_deref(), Some("CVE-2024-1"));
    assert_eq!(found.details.component.as_ref().unwrap().version, "1.9");
    let skipped = (
        "vulnerabilities[1].affects[0]",
        "unaffected versions: vers:semver/<3.0.0 unaffected",
    );
    assert_eq!(whole.skipped, [(skipped.0.to_owned(), skipped.1.to_owned())]);
    assert!(whole.complete, "an entry that is not a problem was read");
    // The status of the exact version takes precedence over the rest.
    let status = |here: &str, others: &str| {
        let versions =
            json!([{"version": "1.0", "status": here}, {"range": "vers:semver/<9", "status": others}]);
        let component = json!([{"bom-ref": "a", "name": "a", "version": "1.0"}]);
        let whole = sound(
            "cyclonedx",
            bom(
                &component,
                &json!({"id": "C", "affects": [{"ref": "a", "versions": versions}]}),
            )
            .to_string(),
        );
        (
            whole.found.len(),
            whole
                .found
                .first()
                .map(|found| found.details.statement.clone())
                .unwrap_or_default(),
        )
    };
    assert_eq!(status("unaffected", "affected"), (0, String::new()));
    assert_eq!(status("affected", "unaffected"), (1, String::new()));
    assert_eq!(
        status("unknown", "unaffected"),
        (1, "it is unknown whether this version is affected".to_owned())
    );
    // The same in XML.
    let xml = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><vulnerabilities><vulnerability><id>C</id><affects><target><ref>a</ref>
        <versions><version><version>1</version><status>unaffected</status></version></versions></target></affects></vulnerability></vulnerabilities></bom>"#;
    let whole = sound("cyclonedx", xml);
    assert_eq!(whole.skipped[0].1, "unaffected versions: 1 unaffected");
}

#[test]
fn a_vulnerability_has_everything_from_the_document() {
    let json = json!({"id": "GHSA-a", "source": {"url": "https://ghsa.test"}, "references": [{"id": "CVE-1", "source": {"url": "https://nvd.test"}}],
        "ratings": [{"severity": "medium", "score": 5.0, "method": "CVSSv2", "vector": "AV:N/AC:L"},
            {"severity": "high", "score": 8.1, "method": "CVSSv31", "vector": "CVSS:3.1/AV:N"}, {"score": 60, "method": "OWASP"}],
        "cwes": [79, 20], "advisories": [{"url": "https://adv.test"}], "recommendation": "Upgrade.", "workaround": "Pray.",
        "analysis": {"state": "exploitable", "detail": "reachable from the API"}, "affects": [{"ref": "a"}]});
    let component =
        json!([{"bom-ref": "a", "group": "g", "name": "n", "version": "1", "purl": "pkg:npm/%40g/n@1"}]);
    let xml = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5">
        <components><component bom-ref="a"><group>g</group><name>n</name><version>1</version><purl>pkg:npm/%40g/n@1</purl></component></components>
        <vulnerabilities><vulnerability><id>GHSA-a</id><source><url>https://ghsa.test</url></source>
        <references><reference><id>CVE-1</id><source><url>https://nvd.test</url></source></reference></references>
        <ratings><rating><score>5.0</score><severity>medium</severity><method>CVSSv2</method><vector>AV:N/AC:L</vector></rating>
        <rating><score>8.1</score><severity>high</severity><method>CVSSv31</method><vector>CVSS:3.1/AV:N</vector></rating>
        <rating><score>60</score><method>OWASP</method></rating></ratings><cwes><cwe>79</cwe><cwe>20</cwe></cwes>
        <advisories><advisory><url>https://adv.test</url></advisory></advisories><recommendation>Upgrade.</recommendation><workaround>Pray.</workaround>
        <analysis><state>exploitable</state><detail>reachable from the API</detail></analysis>
        <affects><target><ref>a</ref></target></affects></vulnerability></vulnerabilities></bom>"#;
    let found = one("cyclonedx", &bom(&component, &json));
    assert_eq!(found, one("cyclonedx", &xml));
    assert_eq!(found.severity, Severity::High);
    assert!(found.description.contains("Workaround: Pray."));
    let details = found.details;
    assert_eq!(details.identifiers, ["GHSA-a", "CVE-1"]);
    assert_eq!(details.cwes, ["CWE-79", "CWE-20"]);
    assert_eq!(
        details.references,
        ["https://ghsa.test", "https://adv.test", "https://nvd.test"]
    );
    assert_eq!(details.statement, "exploitable: reachable from the API");
    let (cvss, component) = (details.cvss.unwrap(), details.component.unwrap());
    assert_eq!(
        (cvss.version.as_str(), cvss.vector.as_str(), cvss.score),
        ("3.1", "CVSS:3.1/AV:N", Some(8.1))
    );
    assert_eq!(
        (component.name.as_str(), component.version.as_str()),
        ("g/n", "1")
    );
    assert_eq!(component.purl, "pkg:npm/%40g/n@1");
}

// promise: P2
#[test]
fn a_document_has_the_target_and_time_of_its_metadata() {
    for (component, target) in [
        (
            json!({"type": "application", "group": "org.acme", "name": "shop", "version": "1.0"}),
            "org.acme/shop",
        ),
        (
            json!({"type": "container", "name": "registry.test:5000/shop:1@sha256:0a", "version": "sha256:0a"}),
            "registry.test:5000/shop",
        ),
        (
            json!({"type": "file", "name": "dist/shop-1.2.jar", "version": "1.2"}),
            "dist/shop-*.jar",
        ),
        (json!({"type": "file", "name": "."}), ""),
        (json!(null), ""),
    ] {
        let metadata = json!({"timestamp": "2022-07-22T09:45:32+01:00", "component": component});
        let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1", "metadata": metadata, "vulnerabilities": []});
        let coverage = covered("cyclonedx", &document).remove(0);
        assert_eq!(coverage.target, target);
        assert_eq!(coverage.time, "2022-07-22T08:45:32Z".parse().ok());
        assert!(coverage.not_whole.is_empty(), "{coverage:?}");
    }
    let xml = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><metadata><timestamp>2022-07-22T09:45:32Z</timestamp>
        <component type="application"><name>shop</name><version>1</version></component></metadata><vulnerabilities/></bom>"#;
    let coverage = covered("cyclonedx", &xml).remove(0);
    assert_eq!(
        (coverage.target.as_str(), coverage.time),
        ("shop", "2022-07-22T09:45:32Z".parse().ok())
    );
}

// promise: P6
#[test]
fn documents_before_1_4_are_rejected_by_name() {
    let old = |inside: &str| {
        format!(
            r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.2" xmlns:v="http://cyclonedx.org/schema/ext/vulnerability/1.0">{inside}</bom>"#
        )
    };
    let within = "<components><component><name>a</name><v:vulnerabilities><v:vulnerability><v:id>C</v:id></v:vulnerability></v:vulnerabilities></component></components>";
    let on_top =
        "<v:vulnerabilities><v:vulnerability ref=\"a\"><v:id>C</v:id></v:vulnerability></v:vulnerabilities>";
    for inside in [within, on_top] {
        let refusal = read("cyclonedx", old(inside))
            .map(|whole| whole.found.len())
            .expect_err(inside);
        assert!(refusal.what.contains("schema/ext/vulnerability/1.0"), "{refusal}");
    }
    let refusal = read("cyclonedx", old("<components/>"))
        .map(|whole| whole.found.len())
        .unwrap_err();
    assert!(refusal.what.contains("since version 1.4"), "{refusal}");
    let prefixed =
        r#"<ns0:bom xmlns:ns0="http://cyclonedx.org/schema/bom/1.5"><ns0:vulnerabilities/></ns0:bom>"#;
    assert!(sound("cyclonedx", prefixed).complete);
}

// promise: P3
#[test]
fn a_list_of_components_alone_closes_nothing_and_states_so() {
    let parts = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "a"}]});
    let coverage = covered("cyclonedx", &parts).remove(0);
    assert!(
        coverage.not_whole[0].contains("no list of vulnerabilities"),
        "{coverage:?}"
    );
}

// promise: P1
#[test]
fn a_truncated_list_of_affected_components_states_so() {
    let affects = vec![json!({"ref": "x"}); 10_005];
    let whole = sound(
        "cyclonedx",
        bom(&json!([]), &json!({"id": "C", "affects": affects})).to_string(),
    );
    let [(place, reason)] = &whole.skipped[..] else {
        panic!("{:?}", whole.skipped.len())
    };
    assert_eq!(place, "vulnerabilities[0].affects[10000]");
    assert!(
        reason.contains("more than 10000 components; 5 were not read"),
        "{reason}"
    );
    assert!(!whole.complete);
}
