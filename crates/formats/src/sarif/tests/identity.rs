//! What a result is recognised by in the next scan report.

use super::*;
use crate::Identity;

fn case(name: &str) -> Vec<Found> {
    found(sample(&format!("cases/{name}")))
}

/// A result in a file, with further fields.
fn at(uri: &str, region: &str, fields: &str) -> Found {
    let place =
        format!(r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"{uri}"}},"region":{{{region}}}}}}}"#);
    one(
        "",
        &format!(r#"{{"ruleId":"R","message":{{"text":"m"}},"locations":[{place}]{fields}}}"#),
    )
}

/// Whether two can be the same problem: equal group and a shared key.
fn candidates(one: &Identity, other: &Identity) -> bool {
    one.group == other.group && one.keys.iter().any(|key| *key != 0 && other.keys.contains(key))
}

// promise: M5
#[test]
fn moved_lines_change_only_the_line() {
    let (before, after) = (
        case("08-sarif-line-shift/1.sarif"),
        case("08-sarif-line-shift/2-three-lines-above.sarif"),
    );
    for (one, other) in before.iter().zip(&after) {
        let (mut one, other) = (one.identity.clone(), &other.identity);
        assert!(candidates(&one, other));
        assert_ne!((one.message, one.line), (0, other.line));
        (one.line, one.whole) = (other.line, other.whole);
        assert_eq!(&one, other);
    }
    assert!(
        !candidates(&before[0].identity, &before[1].identity),
        "another file"
    );
}

// promise: M4
#[test]
fn equal_lines_of_code_are_distinguished_by_their_surroundings() {
    let shell = |name: &str| -> Vec<Identity> {
        let found = case(&format!("03d-bandit-real/bandit-fp-{name}.sarif"));
        let shells = found
            .iter()
            .filter(|found| found.rule_id.as_deref() == Some("B602"));
        shells.map(|found| found.identity.clone()).collect()
    };
    let (first, second, third) = (shell("b1"), shell("b2"), shell("b3"));
    let ([tool], [search, moved], [left]) = (first.as_slice(), second.as_slice(), third.as_slice()) else {
        panic!("{first:?} {second:?} {third:?}");
    };
    for other in [search, moved, left] {
        assert!(candidates(tool, other) && tool.code == other.code);
    }
    assert_eq!(tool.detail, moved.detail);
    assert_eq!(search.detail, left.detail);
    assert_ne!(tool.detail, search.detail);
}

// promise: M4
#[test]
fn different_code_is_different_evidence() {
    let code = |text: &str| {
        let region = format!(r#""startLine":1,"snippet":{{"text":"{text}"}}"#);
        at("a.c", &region, "").identity
    };
    let (one, other) = (code("run(a)"), code("run(b)"));
    assert!(candidates(&one, &other));
    assert_ne!((one.code, one.whole), (other.code, other.whole));
    assert_ne!(one.code, other.code);
}

// promise: M5
#[test]
fn only_a_hash_of_the_line_counts_as_the_tools_evidence() {
    let tool = |fields: &str| at("a.c", "", &format!(",{fields}")).identity.tool;
    let hash = tool(r#""partialFingerprints":{"primaryLocationLineHash":"39fa2ee980eb94b0:1"}"#);
    assert_ne!(hash, 0);
    for same in [
        r#""partialFingerprints":{"primaryLocationLineHash":"39fa2ee980eb94b0:2","primaryLocationStartColumnFingerprint":"9"}"#,
        r#""partialFingerprints":{"primaryLocationLineHash/v1":"39fa2ee980eb94b0:1","scanFileHash":"77"}"#,
        r#""fingerprints":{"other":{"nested":[1]},"primaryLocationLineHash":"39fa2ee980eb94b0:1"}"#,
    ] {
        assert_eq!(tool(same), hash, "{same}");
    }
    assert_ne!(
        tool(r#""partialFingerprints":{"primaryLocationLineHash":"49fa2ee980eb94b0:1"}"#),
        hash
    );
    let semgrep = |print: &str| tool(&format!(r#""fingerprints":{{"matchBasedId/v1":"{print}"}}"#));
    assert_eq!(semgrep("0123456789abcdef_0"), semgrep("0123456789abcdef_12"));
    assert_ne!(semgrep("0123456789abcdef_0"), 0);
    assert_eq!(semgrep("requires login"), 0);
    for none in [
        r#""partialFingerprints":{"scanFileHash":"f196e70ba8d8dace","scanPrimaryLocationHash":"47f57f9669991906"}"#,
        r#""fingerprints":{"0":"aaaaaaaaaaaaaaaa"}"#,
        r#""guid":"b0f1bb4c-1b83-4a2f-9f0e-000000000000""#,
    ] {
        assert_eq!(tool(none), 0, "{none}");
    }
}

// promise: M5
#[test]
fn a_changed_file_hash_changes_nothing() {
    let text = String::from_utf8(sample("bash-report.sarif")).unwrap();
    let other = text.replace(r#""scanFileHash":"#, r#""scanFileHash": "00","was":"#);
    let other = other.replace(r#""scanFileHash": ""#, r#""scanFileHash": "1"#);
    assert_ne!(text, other);
    let identities = |text: &str| -> Vec<_> { found(text).into_iter().map(|found| found.identity).collect() };
    assert_eq!(identities(&text), identities(&other));
}

// promise: M5
#[test]
fn indentation_and_spelling_of_paths_change_nothing() {
    let code = |uri: &str, line: u32, code: &str| {
        at(
            uri,
            &format!(r#""startLine":{line},"startColumn":{line},"snippet":{{"text":"{code}"}}"#),
            "",
        )
        .identity
    };
    let base = code("src/a.c", 1, "x = 1;");
    for (uri, text) in [
        ("src/a.c", "  x =  1;\\n"),
        ("./src/a.c", "\\tx = 1;"),
        (".\\\\src\\\\a.c", "x = 1;"),
        ("file:src/a.c", "x = 1;"),
        ("src//b/../a.c", "x = 1;"),
        ("%SRCROOT%/src/a.c", "x = 1;"),
        ("src/%61.c", "x = 1;"),
    ] {
        let other = code(uri, 7, text);
        assert!(candidates(&base, &other), "{uri}");
        assert_eq!(
            (base.code, base.message),
            (other.code, other.message),
            "{uri} {text}"
        );
    }
    assert_ne!(base.code, code("src/a.c", 1, "x = 2;").code);
    assert!(!candidates(&base, &code("src/b.c", 1, "x = 1;")));
}

// promise: M5
#[test]
fn another_checkout_is_the_same_place() {
    let checkout = |root: &str| {
        let report = |uri: &str| {
            format!(
                r#"{{"ruleId":"R","message":{{"text":"see {root}/src/x.c:5"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"{uri}"}}}}}}]}}"#
            )
        };
        let results = [
            report(&format!("file://{root}/src/x.c")),
            report(&format!("file://{root}/lib/y.c")),
        ];
        let mut found = found(super::report("", &results.join(",")));
        found.remove(0)
    };
    let (one, other) = (checkout("/home/a/build-1"), checkout("/w/2"));
    assert_eq!((one.path.as_str(), other.path.as_str()), ("src/x.c", "src/x.c"));
    assert_eq!(
        (one.identity.group, one.identity.message),
        (other.identity.group, other.identity.message)
    );
}

// promise: M5
#[test]
fn base_uris_are_resolved() {
    let under = |bases: &str, place: &str| {
        let result = format!(
            r#"{{"ruleId":"R","message":{{"text":"m"}},"locations":[{{"physicalLocation":{{"artifactLocation":{place}}}}}]}}"#
        );
        let text = report("", &result).replace(
            r#""results""#,
            &format!(r#""originalUriBaseIds":{bases},"results""#),
        );
        let mut found = found(text);
        let found = found.remove(0);
        (found.path.clone(), found.identity.group)
    };
    let plain = at("lib/a.c", "", "").identity.group;
    for (bases, place) in [
        (
            r#"{"%SRCROOT%":{"uri":"file:///home/a/"}}"#,
            r#"{"uri":"lib/a.c","uriBaseId":"%SRCROOT%"}"#,
        ),
        (
            r#"{"SRCROOT":{"uri":"file:///home/b/"},"L":{"uri":"lib/","uriBaseId":"SRCROOT"}}"#,
            r#"{"uri":"a.c","uriBaseId":"L"}"#,
        ),
        (
            r#"{"SRCROOT":{"uri":"file:///home/c/"}}"#,
            r#"{"uri":"file:///home/c/lib/a.c"}"#,
        ),
        (
            r#"{"SRCROOT":{"description":{"text":"the top"}}}"#,
            r#"{"uri":"lib/a.c","uriBaseId":"SRCROOT"}"#,
        ),
        ("null", r#"{"uri":"lib/a.c","uriBaseId":"%SRCROOT%"}"#),
    ] {
        assert_eq!(
            under(bases, place),
            ("lib/a.c".to_owned(), plain),
            "{bases} {place}"
        );
    }
}

// promise: M2
#[test]
fn the_order_of_locations_does_not_matter() {
    let (one, other) = (
        case("12-sarif-two-locations/a.sarif"),
        case("12-sarif-two-locations/b.sarif"),
    );
    assert_eq!(one[0].identity, other[0].identity);
    assert_eq!(one[0].spots, other[0].spots);
    assert_eq!(one[0].details.locations, ["a.tf:1", "b.tf:2"]);
    assert_eq!(
        (one[0].details.locations_count, one[0].identity.places.len()),
        (2, 2)
    );
}

#[test]
fn several_lines_of_one_file_are_one_place() {
    let place = |uri: &str, line: u32| {
        format!(
            r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"{uri}"}},"region":{{"startLine":{line}}}}}}}"#
        )
    };
    let result = |places: &[String]| {
        let places = places.join(",");
        one(
            "",
            &format!(r#"{{"message":{{"text":"m"}},"locations":[{places}],"relatedLocations":[{places}]}}"#),
        )
    };
    let lines = result(&[place("a.c", 9), place("a.c", 2), place("a.c", 2)]);
    assert_eq!(lines.details.locations, ["a.c:2", "a.c:9"]);
    assert_eq!((lines.identity.places.len(), lines.identity.line), (0, 2));
    // The same two files in another checkout have the same places.
    let files = |root: &str| {
        result(&[
            place(&format!("{root}/x/b.c"), 1),
            place(&format!("{root}/a.c"), 1),
        ])
    };
    let (files, elsewhere) = (files("/home/a"), files("/w"));
    assert_eq!(files.identity.places.len(), 2);
    assert_eq!(files.identity.places, elsewhere.identity.places);
}

// promise: P1
#[test]
fn the_number_of_locations_is_kept_when_there_are_too_many() {
    let place = |line: usize| {
        format!(
            r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"f{line}.c"}},"region":{{"startLine":1}}}}}}"#
        )
    };
    let places: Vec<_> = (0..2_500).map(place).collect();
    let found = one(
        "",
        &format!(
            r#"{{"message":{{"text":"m"}},"locations":[{}]}}"#,
            places.join(",")
        ),
    );
    assert_eq!(
        (found.details.locations.len(), found.details.locations_count),
        (100, 2_500)
    );
}

// promise: M6
#[test]
fn results_that_differ_in_anything_shown_are_two() {
    let whole = |fields: &str| at("a.c", r#""startLine":1"#, fields).identity.whole;
    let base = whole("");
    for fields in [
        r#","level":"note""#,
        r#","properties":{"cwe":"CWE-79"}"#,
        r#","provenance":{"firstDetectionTimeUtc":"2026-01-02T03:04:05Z"}"#,
    ] {
        assert_ne!(whole(fields), base, "{fields}");
    }
    assert_eq!(whole(r#","correlationGuid":"x""#), base);
    assert_ne!(at("a.c", r#""startLine":2"#, "").identity.whole, base);
}

// promise: M5
#[test]
fn earlier_ids_are_names_of_the_rule() {
    let rule = r#"{"id":"NEW","deprecatedIds":["OLD-1","OLD-2"]}"#;
    let renamed = one(rule, r#"{"ruleId":"NEW","message":{"text":"m"}}"#);
    let before = one("", r#"{"ruleId":"OLD-2","message":{"text":"m"}}"#);
    let other = one("", r#"{"ruleId":"OLD-3","message":{"text":"m"}}"#);
    assert!(candidates(&renamed.identity, &before.identity));
    assert!(!candidates(&renamed.identity, &other.identity));
}
