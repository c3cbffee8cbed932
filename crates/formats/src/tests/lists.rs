//! Lists with a single bad record.

use serde_json::json;

use super::*;

/// Whether a scan report is complete, how many problems it contains, and what was skipped: where, and why.
fn outcome(format: &str, text: &impl ToString) -> (bool, usize, Vec<(String, String)>) {
    let whole = sound(format, text.to_string());
    (whole.complete, whole.found.len(), whole.skipped)
}

#[test]
fn no_password_of_a_report_is_shown() {
    let text = json!({"SchemaVersion": 2, "ArtifactName": "https://ci:hunter2@git.test/shop", "ArtifactType": "repository",
        "Results": [{"Target": "https://ci:hunter2@git.test/a", "Type": "npm", "Vulnerabilities": [
            {"VulnerabilityID": "V", "PkgName": "p", "Title": "see https://ci:hunter2@git.test", "Description": "http://hunter2@x",
                "PrimaryURL": "https://hunter2@x/y", "Severity": "LOW"},
            {"VulnerabilityID": "V", "Severity": "https://hunter2@x"}]}]});
    let (coverage, whole) = (covered("trivy", &text), sound("trivy", text.to_string()));
    assert_eq!(coverage[0].target, "https://***@git.test/shop");
    let (found, skipped) = (&whole.found[0], &whole.skipped);
    assert_eq!(found.title, "p: see https://***@git.test");
    assert!(
        !format!("{found:?}{coverage:?}{skipped:?}").contains("hunter2"),
        "{found:?} {skipped:?}"
    );
}

// promise: P8
#[test]
fn invalid_unicode_does_not_reject_a_file() {
    for (written, shown) in [
        (&br"a \ud800 b"[..], "a \u{fffd} b"),
        (b"a \xe9 b", "a \u{fffd} b"),
        (b"a \0 b", "a b"),
        (br"a \u0000 b", "a b"),
        (br"C:\dir", r"C:\dir"),
        (br"a \ud83d\ude00 b", "a \u{1f600} b"),
    ] {
        let result = [
            &br#"{"check_id":"r","path":"p","extra":{"message":""#[..],
            written,
            br#""}}"#,
        ]
        .concat();
        let text = [&br#"{"version":"1","paths":{},"results":["#[..], &result, b"]}"].concat();
        let whole = sound("semgrep", text);
        assert_eq!(
            (whole.found[0].description.as_str(), whole.complete),
            (shown, true)
        );
        let line = [
            &br#"{"template-id":"t","host":"h","info":{"name":""#[..],
            written,
            br#""}}"#,
        ]
        .concat();
        let whole = sound("nuclei", [&line[..], b"\n", &line].concat());
        assert!(whole.found.iter().all(|found| found.title == shown), "{shown}");
        let name = [&br#"{"SchemaVersion":2,"ArtifactName":"x","Results":[{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"V","PkgName":""#[..], written, br#""}]}]}"#].concat();
        assert_eq!(sound("trivy", name).found.len(), 1);
        let sarif = [
            &br#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}},"results":[{"message":{"text":""#
                [..],
            written,
            br#""}}]}]}"#,
        ];
        assert_eq!(sound("sarif", sarif.concat()).found[0].title, shown);
    }
}

// promise: P8
#[test]
fn one_bad_record_is_skipped_with_its_reason() {
    let good = json!({"check_id": "a", "path": "p", "extra": {"message": "m"}});
    for (bad, why) in [
        (json!("x"), "must be an object, not a string"),
        (json!(7), "must be an object, not a number"),
        (json!(null), "must be an object, not null"),
        (json!([[]]), "must be an object, not an array"),
        (json!({"path": "p"}), "`check_id` is missing"),
        (
            json!({"check_id": ["a"]}),
            "check_id: must be a string, not an array",
        ),
        (
            json!({"check_id": "b", "start": {"line": true}}),
            "start.line: must be a number, not true or false",
        ),
        (
            json!({"check_id": "b", "extra": [1]}),
            "extra: must be an object, not an array",
        ),
        (
            json!({"check_id": "b", "extra": {"is_ignored": "yes"}}),
            "extra.is_ignored: must be true or false, not a string",
        ),
    ] {
        let report =
            json!({"version": "1", "results": [good, bad, good], "errors": [], "paths": {"scanned": ["p"]}});
        let (whole, found, skipped) = outcome("semgrep", &report);
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
fn a_bad_record_invalidates_only_its_own_list() {
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
        let (whole, found, skipped) = outcome("trivy", &report);
        let places: Vec<_> = skipped.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!((whole, found, places), (false, 2, vec![place]), "{bad}");
    }
    let twice = r#"{"version": "1", "errors": [], "results": [{"check_id": "a", "check_id": "b"}, {"check_id": "a"}]}"#;
    let (whole, found, skipped) = outcome("semgrep", &twice);
    assert_eq!((whole, found), (false, 1));
    assert_eq!(skipped[0].1, "the key `check_id` occurs twice");
    let bytes = r#"{"results": [{"check_id": 7}, {"check_id": "a"}"#;
    assert!(read("semgrep", bytes).unwrap_err().what.contains("too early"));
}

/// What a scan report covers.
pub(super) fn covered(format: &str, text: &impl ToString) -> Vec<Coverage> {
    let mut file = Cursor::new(text.to_string().into_bytes());
    let format: &Format = format.parse().unwrap();
    // Only the reader: its input need not have all marks of its tool.
    let report = (format.survey)(&mut file, &Options::default()).unwrap();
    report.coverage().to_vec()
}

/// The only problem of a scan report.
pub(super) fn one(format: &str, text: &impl ToString) -> Found {
    let mut whole = sound(format, text.to_string());
    assert_eq!((whole.found.len(), whole.skipped.len()), (1, 0), "{whole:?}");
    whole.found.remove(0)
}

/// Whether two can be the same: the place is equal, and they share a name of the rule.
pub(super) fn related(one: &Found, other: &Found) -> bool {
    let (one, other) = (&one.identity, &other.identity);
    one.group == other.group && one.keys.iter().any(|key| *key != 0 && other.keys.contains(key))
}

/// A test case, unchanged.
pub(super) fn case(name: &str) -> String {
    String::from_utf8(sample(&format!("cases/{name}"))).unwrap()
}

/// What versions before 0.2 recognised entries by, over a whole scan report.
fn olds(format: &str, text: impl AsRef<[u8]>) -> u128 {
    let found = sound(format, text).found;
    let olds = found.iter().map(|found| format!("{:?}", found.old));
    identity::Hash::new("olds").all(olds).end()
}

/// Databases contain them: the values were taken from version 0.1.
#[test]
fn old_fingerprints_stay_the_same() {
    for (name, format, value) in [
        ("trivy.json", "trivy", 0x012f_46db_2e7b_845d_a39e_053f_583e_529e),
        (
            "semgrep.json",
            "semgrep",
            0x9b23_7f98_7feb_2908_ae40_35a9_e409_eac8,
        ),
        ("grype.json", "grype", 0x02bb_e47a_e165_aa28_1562_3433_7c75_ae48),
        (
            "cyclonedx.json",
            "cyclonedx",
            0xd093_90ac_f1df_1bd4_f062_457a_e4c0_337d,
        ),
        (
            "made/sbom.xml",
            "cyclonedx",
            0xe1d2_8ffa_71c3_959e_410f_c13e_18bd_dbae,
        ),
        (
            "made/sbom.json",
            "cyclonedx",
            0xe1d2_8ffa_71c3_959e_410f_c13e_18bd_dbae,
        ),
    ] {
        assert_eq!(olds(format, sample(name)), value, "{name}");
    }
    let trivy = r#"{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Target":"t","Class":"lang-pkgs","Type":"npm","Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"p","PkgPath":"x/p-1.0.jar","InstalledVersion":"1.0"},{"VulnerabilityID":"CVE-1","PkgName":"p","InstalledVersion":"1.0"}],"Misconfigurations":[{"ID":"DS002","Message":"m","CauseMetadata":{"Resource":"r","StartLine":3}}],"Secrets":[{"RuleID":"aws","StartLine":7,"Match":"k=**"}],"Licenses":[{"Name":"GPL","PkgName":"p","FilePath":"f"}]}]}"#;
    let semgrep = r#"{"version":"1","errors":[],"results":[{"check_id":"a.b","path":"p","start":{"line":3,"col":2},"extra":{"lines":"x  = 1","message":"m","fingerprint":"requires login"}},{"check_id":"a.b","path":"p","start":{"line":4},"extra":{"message":"m","fingerprint":"abcdef0123_0"}},{"check_id":"c","path":"p","extra":{"message":"only"}}]}"#;
    let grype = r#"{"descriptor":{"name":"grype"},"matches":[{"vulnerability":{"id":"GHSA-1"},"artifact":{"name":"p","version":"1","type":"npm","locations":[{"path":"/z"},{"path":"/a"}]}}]}"#;
    let bom = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"bom-ref":"a","group":"g","name":"n","version":"1"},{"bom-ref":"b","name":"n","version":"1","purl":"pkg:npm/@b"},{"bom-ref":"c","name":"n","purl":"pkg:npm/%40a/b@1.0?x=y"}],"vulnerabilities":[{"id":"CVE-1","affects":[{"ref":"a"},{"ref":"b"},{"ref":"c"},{"ref":"pkg:npm/x@2"},{"ref":"urn:cdx:1/1#a"}]},{"id":"CVE-2"}]}"#;
    for (format, text, value) in [
        ("trivy", trivy, 0xf650_6b95_40bc_30e7_0139_6242_ba16_ae3f),
        ("semgrep", semgrep, 0x2ca3_bac8_c9d7_f0c1_2d5e_6530_a6c6_9ccc),
        ("grype", grype, 0x4c20_1146_5897_7fcf_c030_3da9_5ec1_584c),
        ("cyclonedx", bom, 0xd88a_0565_8d01_6929_ddab_233b_a0a9_5ae3),
    ] {
        assert_eq!(olds(format, text), value, "{format}");
    }
}

// promise: P6
#[test]
fn an_empty_list_is_not_a_mark_of_a_tool() {
    for (format, text) in [
        ("trivy", r#"{"SchemaVersion":2}"#),
        ("trivy", r#"{"SchemaVersion":2,"Results":[]}"#),
        ("grype", r#"{"matches":[]}"#),
        ("grype", r#"{"matches":[],"ignoredMatches":[]}"#),
        ("semgrep", r#"{"results":[]}"#),
        ("semgrep", r#"{"results":[],"errors":[]}"#),
        (
            "semgrep",
            r#"{"results":[],"errors":[],"generated_at":"x","metrics":{}}"#,
        ),
        ("semgrep", r#"{"results":[{"test_id":"B602"}],"errors":[]}"#),
        ("cyclonedx", r#"{"bomFormat":"CycloneDX","vulnerabilities":[]}"#),
        (
            "cyclonedx",
            r#"{"bomFormat":"SPDX","specVersion":"1.5","vulnerabilities":[]}"#,
        ),
        ("cyclonedx", "<bom/>"),
        ("cyclonedx", "<bom><vulnerabilities/></bom>"),
    ] {
        let refusal = read(format, text).map(|whole| whole.found.len()).expect_err(text);
        assert!(refusal.what.contains("this is not a "), "{text}: {refusal}");
    }
    for (format, text) in [
        ("trivy", r#"{"SchemaVersion":2,"ArtifactName":"a"}"#),
        ("grype", r#"{"matches":[],"descriptor":{"name":"grype"}}"#),
        ("semgrep", r#"{"version":"1.2","results":[],"errors":[]}"#),
        (
            "cyclonedx",
            r#"{"bomFormat":"CycloneDX","specVersion":"1.5","vulnerabilities":[]}"#,
        ),
        (
            "cyclonedx",
            r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><vulnerabilities/></bom>"#,
        ),
    ] {
        let whole = sound(format, text);
        assert!(whole.complete && whole.found.is_empty(), "{text}");
    }
    let folder = "18-empty-report-of-another-tool";
    for name in [
        "bandit-clean",
        "osv-scanner-clean",
        "ffuf-nothing",
        "checkov-clean",
    ] {
        for format in ["trivy", "grype", "semgrep", "cyclonedx"] {
            assert!(
                read(format, case(&format!("{folder}/{name}.json"))).is_err(),
                "{name}"
            );
        }
    }
    assert!(
        !sound("semgrep", case(&format!("{folder}/semgrep.json")))
            .found
            .is_empty()
    );
}

#[test]
fn a_fault_outside_of_the_lists_makes_a_file_incomplete() {
    for (format, text) in [
        (
            "trivy",
            r#"{"SchemaVersion":2,"ArtifactName":"a","CreatedAt":[]}"#,
        ),
        (
            "grype",
            r#"{"matches":[],"descriptor":{"name":"grype"},"source":7}"#,
        ),
        (
            "semgrep",
            r#"{"version":"1.2","results":[],"errors":[],"paths":"x"}"#,
        ),
        (
            "cyclonedx",
            r#"{"bomFormat":"CycloneDX","specVersion":"1.5","vulnerabilities":[],"metadata":[]}"#,
        ),
        (
            "cyclonedx",
            r#"{"bomFormat":"CycloneDX","specVersion":"1.5","vulnerabilities":[],"components":[7]}"#,
        ),
    ] {
        let [coverage] = &covered(format, &text)[..] else {
            panic!("{text}")
        };
        assert!(coverage.not_whole[0].contains(": must be "), "{coverage:?}");
    }
}

// promise: P1
#[test]
fn entries_cut_from_a_list_are_counted() {
    let urls: Vec<_> = (0..1_012).map(|at| format!("https://a.test/{at}")).collect();
    let found = one(
        "grype",
        &json!({"matches": [{"vulnerability": {"id": "C", "urls": urls}, "artifact": {"name": "p"}}]}),
    );
    assert_eq!(found.details.references.len(), 1_000);
    assert!(
        found.description.contains("… and 12 more of `urls`"),
        "{}",
        found.description
    );
    let ratings = "<rating/>".repeat(1_003);
    let xml = format!(
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"><vulnerabilities><vulnerability><id>C</id><ratings>{ratings}</ratings></vulnerability></vulnerabilities></bom>"
    );
    let found = one("cyclonedx", &xml);
    assert!(
        found.description.contains("… and 3 more of `rating`"),
        "{}",
        found.description
    );
}

// promise: P8
#[test]
fn one_bad_element_is_skipped_with_its_reason() {
    let bom = |inside: &str| {
        format!(
            "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"><vulnerabilities>{inside}</vulnerabilities></bom>"
        )
    };
    let good = "<vulnerability><id>C</id></vulnerability>";
    for bad in [
        "<vulnerability/>",
        "<vulnerability>text</vulnerability>",
        "<vulnerability><id/><ratings>7</ratings></vulnerability>",
        "<vulnerability><id><b>C</b></id></vulnerability>",
    ] {
        let (whole, found, skipped) = outcome("cyclonedx", &bom(&format!("{good}{bad}{good}")));
        assert_eq!((whole, found), (false, 2), "{bad}");
        let place = "bom.vulnerabilities[0].vulnerability[1]";
        assert_eq!(skipped, [(place.to_owned(), "`id` is missing".to_owned())]);
    }
    for broken in ["<vulnerability><id>C</vulnerability>", "<vulnerability", "&nbsp;"] {
        let text = bom(&format!("{good}{broken}"));
        assert!(read("cyclonedx", &text).is_err(), "{broken}");
    }
}
