use proptest::prelude::*;

use super::*;

/// A scan report with `found` in place of one value; the rest is valid.
fn with(path: &str, value: &str) -> String {
    let sound = [
        ("version", r#""2.1.0""#),
        ("name", r#""T""#),
        ("rule", r#"{"id":"R"}"#),
        ("result", r#"{"message":{"text":"m"}}"#),
    ];
    let of = |key: &str| {
        let (_, sound) = sound.iter().find(|(name, _)| *name == key).unwrap();
        if path == key { value } else { sound }
    };
    format!(
        r#"{{"version":{},"runs":[{{"tool":{{"driver":{{"name":{},"rules":[{}]}}}},"results":[{}]}}]}}"#,
        of("version"),
        of("name"),
        of("rule"),
        of("result")
    )
}

fn result(fields: &str) -> String {
    with("result", &format!(r#"{{"message":{{"text":"m"}},{fields}}}"#))
}

/// Rejected texts: the path that is named, and a part of the message.
fn refused() -> Vec<(String, &'static str, &'static str)> {
    let sound = report("", r#"{"message":{"text":"m"}}"#);
    let mut table: Vec<(String, &str, &str)> = vec![
        (String::new(), "", "empty"),
        (" \n\t ".to_owned(), "", "too early"),
        ("\u{feff}".to_owned(), "", "too early"),
        ("null".to_owned(), "", "a SARIF log"),
        ("[]".to_owned(), "", "a SARIF log"),
        ("42".to_owned(), "", "a SARIF log"),
        ("\"2.1.0\"".to_owned(), "", "a SARIF log"),
        ("<?xml version=\"1.0\"?>".to_owned(), "", "missing or misspelled"),
        ("\u{0}\u{1}\u{2}".to_owned(), "", "missing or misspelled"),
        ("{}".to_owned(), "runs", "not a SARIF report"),
        (r#"{"version":"2.1.0"}"#.to_owned(), "runs", "not a SARIF report"),
        (r#"{"runs":[]}"#.to_owned(), "version", "missing"),
        (
            r#"{"matches":[],"source":{}}"#.to_owned(),
            "runs",
            "not a SARIF report",
        ),
        (
            with("version", "\"2.0.0\""),
            "version",
            "must be 2.1.0, not `2.0.0`",
        ),
        (with("version", "2.1"), "version", "must be 2.1.0, not `2.1`"),
        (with("version", "null"), "version", "missing"),
        (
            r#"{"version":"2.1.0","runs":{}}"#.to_owned(),
            "runs",
            "must be an array",
        ),
        (
            r#"{"version":"2.1.0","runs":[7]}"#.to_owned(),
            "runs[0]",
            "a run object",
        ),
        (
            r#"{"version":"2.1.0","runs":[{"results":[]}]}"#.to_owned(),
            "runs[0].tool",
            "missing",
        ),
        (
            r#"{"version":"2.1.0","runs":[{"tool":{}}]}"#.to_owned(),
            "runs[0].tool.driver",
            "missing",
        ),
        (
            r#"{"version":"2.1.0","runs":[{"tool":{"driver":{}}}]}"#.to_owned(),
            "runs[0].tool.driver.name",
            "missing",
        ),
        (with("name", "\" \\u0000 \""), "runs[0].tool.driver.name", "empty"),
        (with("name", "5"), "runs[0].tool.driver.name", "must be a string"),
        (
            result(r#""ruleIndex":1e999"#),
            "runs[0].results[0].ruleIndex",
            "too large",
        ),
        (
            sound.replace(r#""version":"2.1.0""#, r#""version":"2.1.0","version":"2.1.0""#),
            "",
            "`version` occurs twice",
        ),
        (
            result(r#""properties":{"a":1e999}"#),
            "runs[0].results[0].properties",
            "too large",
        ),
        (
            result(r#""x":tru"#),
            "runs[0].results[0]",
            "missing or misspelled",
        ),
        (format!("{sound}{sound}"), "", "there is more text after the end"),
        (format!("{sound} x"), "", "there is more text after the end"),
        ("[".repeat(100_000), "", "a SARIF log"),
        (r#"{"a":"#.repeat(100_000), "", "deeper than 127"),
        (
            result(&format!(r#""x":{}"#, "[".repeat(100_000))),
            "",
            "deeper than 127",
        ),
        (
            result(&format!(
                r#""properties":{{"a":{}{}}}"#,
                "[".repeat(200),
                "]".repeat(200)
            )),
            "",
            "deeper than 127",
        ),
    ];
    for cut in [1, 10, 50, 100] {
        let end = sound.len() - cut.min(sound.len() - 1);
        table.push((sound[..end].to_owned(), "*", "too early"));
    }
    table
}

#[test]
fn hostile_reports_are_rejected_with_their_place() {
    let table = refused();
    assert!(table.len() > 30);
    for (text, path, what) in table {
        let start: String = text.chars().take(200).collect();
        let refusal = read(&text).map(drop).expect_err(&start);
        assert!(refusal.what.contains(what), "{start}: {refusal}");
        assert!(path == "*" || refusal.path == path, "{start}: {refusal}");
        assert!(refusal.line > 0, "{start}: {refusal}");
        assert!(refusal.to_string().len() < 600, "{refusal}");
    }
}

/// Invalid results: the reason they are skipped with.
fn unfit() -> Vec<(String, &'static str)> {
    let with = |_: &str, result: &str| result.to_owned();
    let result = |fields: &str| format!(r#"{{"message":{{"text":"m"}},{fields}}}"#);
    vec![
        (with("result", "[]"), "must be a result object, not an array"),
        (with("result", "7"), "must be a result object, not `7`"),
        (
            with("result", "{}"),
            "message: missing, and its rule has no text either",
        ),
        (
            with("result", r#"{"message":null}"#),
            "message: missing, and its rule has no text either",
        ),
        (
            with("result", r#"{"message":{}}"#),
            "message: missing, and its rule has no text either",
        ),
        (
            with("result", r#"{"message":"m"}"#),
            "message: must be a message object, not a string",
        ),
        (
            with("result", r#"{"message":{"text":[1,[2],{"a":3}]}}"#),
            "message.text: must be a string, not an array",
        ),
        (
            with("result", r#"{"message":{"text":{"a":{"b":[]}}},"ruleId":8}"#),
            "message.text: must be a string, not an object",
        ),
        (result(r#""ruleId":7"#), "ruleId: must be a string, not `7`"),
        (
            result(r#""ruleIndex":"7""#),
            "ruleIndex: must be a whole number, not a string",
        ),
        (
            result(r#""ruleIndex":1.5"#),
            "ruleIndex: must be a whole number, not `1.5`",
        ),
        (
            result(r#""ruleIndex":123456789012345678901234567890"#),
            "ruleIndex: must be a whole number, not `123456789012345680000000000000.0`",
        ),
        (
            result(r#""kind":"bad""#),
            "kind: must be pass, open, informational, notApplicable, review or fail, not `bad`",
        ),
        (
            result(r#""level":3"#),
            "level: must be none, note, warning or error, not `3`",
        ),
        (
            result(r#""locations":{"a":[1]}"#),
            "locations: must be an array, not an object",
        ),
        (
            result(r#""locations":[{},[]]"#),
            "locations[1]: must be a location object, not an array",
        ),
        (
            result(r#""locations":[{"physicalLocation":{"region":{"startLine":"1"}}}]"#),
            "locations[0].physicalLocation.region.startLine: must be a whole number, not a string",
        ),
        (
            result(r#""locations":[{"physicalLocation":{"artifactLocation":{"uri":false}}}]"#),
            "locations[0].physicalLocation.artifactLocation.uri: must be a string, not `false`",
        ),
        (
            result(r#""partialFingerprints":["a"]"#),
            "partialFingerprints: must be an object of strings, not an array",
        ),
        (
            result(r#""suppressions":[{"kind":"external","status":"maybe"}]"#),
            "suppressions[0].status: must be accepted, underReview or rejected, not `maybe`",
        ),
        (
            result(r#""message":{"text":"n"}"#),
            "the key `message` occurs twice",
        ),
    ]
}

// promise: P8
#[test]
fn an_invalid_result_is_skipped_and_the_others_are_read() {
    for (bad, reason) in unfit() {
        let sound = |text: &str| {
            format!(
                r#"{{"message":{{"text":"{text}"}},"ruleId":"R","locations":[{{"logicalLocations":[{{"name":"n"}}]}}]}}"#
            )
        };
        let results = [sound("before"), bad.clone(), sound("after")].join(",");
        let (report, outcomes) = read(report(r#"{"id":"R"}"#, &results)).unwrap();
        let [
            (_, Outcome::Found(0, before)),
            (place, Outcome::Skipped(skip)),
            (_, Outcome::Found(0, after)),
        ] = outcomes.as_slice()
        else {
            panic!("{bad}: {outcomes:?}");
        };
        assert_eq!(
            (before.description.as_str(), after.description.as_str()),
            ("before", "after")
        );
        assert_eq!(
            (place.as_str(), skip),
            ("runs[0].results[1]", &Skip::unreadable(reason)),
            "{bad}"
        );
        assert_eq!(after.location(), Some("n"), "{bad}");
        let coverage = report.coverage().first().unwrap();
        assert_eq!(coverage.not_whole, ["1 result could not be read"], "{bad}");
    }
}

// promise: P8
#[test]
fn the_valid_parts_of_an_invalid_rule_are_kept() {
    for rule in [
        "7",
        r#"{"id":["R"]}"#,
        r#"{"id":"R","help":"text"}"#,
        r#"{"id":"R","id":"S"}"#,
        r#"{"id":"R","properties":7}"#,
        r#"{"id":"R","relationships":{"target":[]}}"#,
        r#"{"id":"R","messageStrings":{"a":"text","b":{"text":5}}}"#,
    ] {
        let rules = format!(r#"{rule},{{"id":"S","name":"Name"}}"#);
        let found = one(&rules, r#"{"ruleId":"S","ruleIndex":1,"message":{"text":"m"}}"#);
        assert_eq!(found.title, "Name: m", "{rule}");
    }
}

#[test]
fn optional_parts_of_a_run_may_be_anything() {
    for aside in [
        r#""artifacts":{}"#,
        r#""artifacts":[7,{"location":[]},{"location":{"uri":9}}]"#,
        r#""taxonomies":[{}]"#,
        r#""invocations":[{"endTimeUtc":7,"executionSuccessful":"no"},[]]"#,
        r#""originalUriBaseIds":{"A":"file:///"}"#,
        r#""automationDetails":"nightly""#,
        r#""properties":[]"#,
    ] {
        let text = report("", r#"{"message":{"text":"m"}}"#)
            .replace(r#""results""#, &format!(r#"{aside},"results""#));
        assert_eq!(found(&text).len(), 1, "{aside}");
        let [(_, _, not_whole)] = covered(&text).try_into().unwrap();
        assert_eq!(not_whole, [""; 0], "{aside}");
    }
}

// promise: P8
#[test]
fn bytes_that_are_not_text_are_replaced_in_strings_and_rejected_elsewhere() {
    let sound = report("", r#"{"message":{"text":"HERE"}, "other":"HERE"}"#);
    for bad in [&b"\xff\xfe"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf5"] {
        for nth in 0..2 {
            let mut bytes = sound.clone().into_bytes();
            let at = sound.match_indices("HERE").nth(nth).unwrap().0;
            bytes.splice(at..at + 4, bad.iter().copied());
            let title = &found(&bytes)[0].title;
            assert_eq!(title.contains(char::REPLACEMENT_CHARACTER), nth == 0, "{title}");
        }
    }
    for (start, what) in [
        (&b"\x1f\x8b\x08\x00"[..], "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"\x7fELF\x02\x01\x01", "missing or misspelled"),
    ] {
        let refusal = read(start).map(drop).unwrap_err();
        assert!(refusal.what.contains(what), "{refusal}");
    }
}

#[test]
fn a_place_has_line_and_column() {
    let text = r#"{"version":"2.1.0","runs":[
  {"tool":{"driver":{"name":17}}}]}"#;
    let refusal = read(text).map(drop).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "runs[0].tool.driver.name: must be a string, not `17` (line 2, column 31)"
    );
}

#[test]
fn bounds_hold() {
    let refusal = |text: String| read(text).map(drop).unwrap_err().to_string();
    let long = format!(r#"{{"message":{{"text":"{}"}}}}"#, "a".repeat(17 * 1024 * 1024));
    assert!(refusal(report("", &long)).contains("16 MiB"));
    let rules = vec![r#"{"id":"R"}"#; MAX_RULES + 1].join(",");
    assert!(refusal(report(&rules, "")).contains("more than 50000 rules"));
    let runs = vec![r#"{"tool":{"driver":{"name":"T"}}}"#; MAX_RUNS + 1].join(",");
    assert!(refusal(format!(r#"{{"version":"2.1.0","runs":[{runs}]}}"#)).contains("more than 1000 runs"));
}

#[test]
fn hostile_text_is_data() {
    let nasty = r"<script>\u0000\u202e\r\nBCC: x@y\n*bold* <!channel> \u001b[31m";
    let rule =
        format!(r#"{{"id":"{nasty}","shortDescription":{{"text":"{nasty}"}},"help":{{"text":"{nasty}"}}}}"#);
    let uri = r#""locations":[{"physicalLocation":{"artifactLocation":{"uri":"a\u0000b\n%0d%0a"}}}]"#;
    let found = one(
        &rule,
        &format!(
            r#"{{"ruleIndex":0,"message":{{"text":"{nasty}"}},{uri},"partialFingerprints":{{"\u0000":"\u0000"}}}}"#
        ),
    );
    assert_eq!(found.title, "<script> BCC: x@y *bold* <!channel> [31m");
    assert_eq!(found.location(), Some("a b %0d%0a"));
    let location = found.location().map(str::to_owned);
    for text in [Some(found.title), found.rule_id, location] {
        assert!(
            !text
                .unwrap()
                .contains(|char: char| char.is_control() || char == '\u{202e}')
        );
    }
    assert!(!found.description.contains(['\u{0}', '\r', '\u{1b}', '\u{202e}']));
}

fn samples() -> Vec<Vec<u8>> {
    ["SuppressionTestCurrent", "bash-report", "taint-python-report"]
        .map(|name| {
            std::fs::read(format!(
                "{}/tests/samples/{name}.sarif",
                env!("CARGO_MANIFEST_DIR")
            ))
            .unwrap()
        })
        .into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a scan report, it is read to the end or rejected with its place; nothing panics.
    #[test]
    fn mangled_reports_are_read_or_rejected(
        sample in 0..3_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>(), 1..200_usize), 1..6),
    ) {
        let mut bytes = samples().swap_remove(sample);
        for (at, edit, byte, length) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + length).min(bytes.len());
            match edit {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => if let Some(place) = bytes.get_mut(at) { *place = byte },
                _ => {
                    let part = bytes.get(at..end).unwrap_or_default().to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        if let Err(refusal) = read(&bytes) {
            prop_assert!(refusal.line > 0 && !refusal.what.is_empty());
        }
    }
}
