use base::Severity;

use super::*;

/// The fields of a result with a message.
fn result(fields: &str) -> String {
    format!(r#"{{"message":{{"text":"m"}},{fields}}}"#)
}

#[test]
fn severity_is_the_score_or_the_level_with_its_defaults() {
    let rule = |fields: &str| format!(r#"{{"id":"R",{fields}}}"#);
    let level = r#""defaultConfiguration":{"level":"error"}"#;
    let score = |score: &str| format!(r#""properties":{{"security-severity":{score}}}"#);
    for (rule, result, severity) in [
        (String::new(), String::new(), Severity::Medium),
        (rule(level), String::new(), Severity::High),
        (rule(level), r#","level":"note""#.to_owned(), Severity::Low),
        (
            rule(level),
            r#","level":"none""#.to_owned(),
            Severity::Informational,
        ),
        (
            rule(level),
            r#","kind":"review""#.to_owned(),
            Severity::Informational,
        ),
        (
            rule(level),
            r#","kind":"open""#.to_owned(),
            Severity::Informational,
        ),
        (rule(level), r#","kind":"fail""#.to_owned(), Severity::High),
        (
            rule(&score("\"9.8\"")),
            r#","level":"note""#.to_owned(),
            Severity::Critical,
        ),
        (rule(&score("4")), String::new(), Severity::Medium),
        (
            rule(&score("\"none\"")),
            r#","level":"error""#.to_owned(),
            Severity::High,
        ),
        (
            rule(&score("\"unknown\"")),
            r#","level":"error""#.to_owned(),
            Severity::High,
        ),
        (
            rule(&score("[{}]")),
            r#","level":"error""#.to_owned(),
            Severity::High,
        ),
        (
            rule(&score("\"9.8\"")),
            format!(",{}", score("2.5")),
            Severity::Low,
        ),
        (
            rule(&score("\"9.8\"")),
            format!(",{}", score("\"?\"")),
            Severity::Critical,
        ),
        (
            rule(&score("\"CRITICAL\"")),
            r#","level":"error""#.to_owned(),
            Severity::Critical,
        ),
        (
            rule(&score("\"9.8\"")),
            format!(",{}", score("\"low\"")),
            Severity::Low,
        ),
    ] {
        let found = one(
            &rule,
            &format!(r#"{{"ruleId":"R","message":{{"text":"m"}}{result}}}"#),
        );
        assert_eq!(found.severity, severity, "{rule} {result}");
    }
}

// promise: P7
#[test]
fn a_severity_that_cannot_be_read_is_not_guessed() {
    let rule = |fields: &str| format!(r#"{{"id":"R",{fields}}}"#);
    let score = |score: &str| format!(r#""properties":{{"security-severity":"{score}"}}"#);
    let level = r#""defaultConfiguration":{"level":"banana"}"#;
    let result = |fields: &str| format!(r#"{{"ruleId":"R","message":{{"text":"m"}}{fields}}}"#);
    let unscored = "security-severity: must be a score from 0 to 10, not `banana`";
    let unlevelled = "level: missing, and defaultConfiguration.level of its rule must be none, note, warning or error, not `banana`";
    for (rule, result, reason) in [
        (rule(&score("banana")), result(""), unscored),
        (String::new(), result(&format!(",{}", score("banana"))), unscored),
        (
            rule(&score("99")),
            result(""),
            "security-severity: must be a score from 0 to 10, not `99`",
        ),
        (
            rule(&score("-1")),
            result(""),
            "security-severity: must be a score from 0 to 10, not `-1`",
        ),
        (rule(level), result(""), unlevelled),
    ] {
        let text = report(&rule, &[result.clone(), result].join(","));
        let places = [0, 1].map(|index| (format!("runs[0].results[{index}]"), reason.to_owned()));
        assert_eq!(skipped(&text), places, "{rule}");
        // promise: P3
        assert_eq!(covered(&text)[0].2, ["2 results could not be read"]);
    }
    // Everything else that is stated applies.
    for (rule, fields, severity) in [
        (
            rule(&score("banana")),
            r#","level":"note""#.to_owned(),
            Severity::Low,
        ),
        (
            rule(&format!(
                r#"{},"defaultConfiguration":{{"level":"error"}}"#,
                score("99")
            )),
            String::new(),
            Severity::High,
        ),
        (rule(level), r#","level":"error""#.to_owned(), Severity::High),
        (rule(level), format!(",{}", score("9.8")), Severity::Critical),
        (
            rule(&score("9.8")),
            format!(",{}", score("banana")),
            Severity::Critical,
        ),
        (
            rule(&score("banana")),
            r#","kind":"review""#.to_owned(),
            Severity::Informational,
        ),
    ] {
        let text = report(&rule, &result(&fields));
        assert_eq!(found(&text)[0].severity, severity, "{rule} {fields}");
        assert!(covered(&text)[0].2.is_empty());
    }
}

// promise: P7
#[test]
fn a_rule_after_its_results_is_known_when_unreadable_ones_are_counted() {
    let text = r#"{"version":"2.1.0","runs":[{"results":[{"ruleId":"R","message":{"text":"m"}},{"ruleId":"S","message":{"text":"m"}},
        {"ruleId":"S"}],"tool":{"driver":{"name":"T","rules":[{"id":"R","properties":{"security-severity":"x"}}]}}}]}"#;
    assert_eq!(found(text).len(), 1);
    assert_eq!(covered(text)[0].2, ["2 results could not be read"]);
}

#[test]
fn what_is_not_an_open_problem_is_skipped() {
    let accepted = r#"{"kind":"inSource","status":"accepted","justification":"not\nreachable"}"#;
    let (review, rejected) = (
        r#"{"kind":"external","status":"underReview"}"#,
        r#"{"kind":"external","status":"rejected"}"#,
    );
    for (fields, reason) in [
        (r#""suppressions":[]"#.to_owned(), None),
        (r#""suppressions":null"#.to_owned(), None),
        (format!(r#""suppressions":[{review}]"#), None),
        (format!(r#""suppressions":[{rejected}]"#), None),
        (format!(r#""suppressions":[{accepted},{rejected}]"#), None),
        (
            format!(r#""suppressions":[{accepted}]"#),
            Some("suppressed (in source): not reachable"),
        ),
        (
            r#""suppressions":[{"kind":"external"}]"#.to_owned(),
            Some("suppressed (external)"),
        ),
        (r#""suppressions":[{}]"#.to_owned(), Some("suppressed")),
        (
            r#""kind":"pass""#.to_owned(),
            Some("kind pass: the rule found no problem"),
        ),
        (
            r#""kind":"notApplicable""#.to_owned(),
            Some("kind notApplicable: the rule was not evaluated"),
        ),
        (
            r#""kind":"informational""#.to_owned(),
            Some("kind informational: no problem is reported"),
        ),
        (r#""kind":"review""#.to_owned(), None),
        (
            r#""baselineState":"absent""#.to_owned(),
            Some("baselineState absent: no longer found"),
        ),
        (r#""baselineState":"unchanged""#.to_owned(), None),
        (r#""baselineState":"existing""#.to_owned(), None),
    ] {
        let skipped = skipped(report("", &result(&fields)));
        assert_eq!(
            skipped.first().map(|(_, reason)| reason.as_str()),
            reason,
            "{fields}"
        );
    }
}

#[test]
fn rules_are_found_by_index_by_id_and_in_extensions() {
    let text = |tool: &str, result: &str| {
        format!(
            r#"{{"runs":[{{"results":[{{"message":{{"id":"i"}},{result}}}],"tool":{tool}}}],"version":"2.1.0"}}"#
        )
    };
    let rule = |id: &str| {
        format!(r#"{{"id":"{id}","name":"Name {id}","messageStrings":{{"i":{{"text":"of {id}"}}}}}}"#)
    };
    let driver = format!(r#"{{"name":"D","rules":[{},{}]}}"#, rule("d0"), rule("d1"));
    let tool = format!(
        r#"{{"extensions":[{{"name":"E0"}},{{"name":"E1","guid":"g","rules":[{},{}]}}],"driver":{driver}}}"#,
        rule("e0"),
        rule("e1")
    );
    for (result, rule) in [
        (r#""ruleIndex":1"#, "d1"),
        (r#""ruleId":"d1""#, "d1"),
        (r#""ruleId":"d1","ruleIndex":1"#, "d1"),
        (r#""ruleId":"d1","ruleIndex":0"#, "d1"),
        (r#""ruleId":"d1","ruleIndex":99"#, "d1"),
        (r#""rule":{"id":"d1"}"#, "d1"),
        (r#""rule":{"index":0}"#, "d0"),
        (r#""ruleId":"e1""#, "e1"),
        (r#""rule":{"index":1,"toolComponent":{"index":1}}"#, "e1"),
        (r#""rule":{"index":1,"toolComponent":{"name":"E1"}}"#, "e1"),
        (
            r#""rule":{"index":0,"toolComponent":{"guid":"g"}},"ruleId":"e0""#,
            "e0",
        ),
        (r#""ruleId":"e1","rule":{"toolComponent":{"index":1}}"#, "e1"),
        (r#""ruleIndex":0,"rule":{"id":"d0"}"#, "d0"),
    ] {
        let found = found(text(&tool, result));
        let found = found.first().unwrap();
        assert_eq!(found.rule_id.as_deref(), Some(rule), "{result}");
        assert_eq!(found.title, format!("Name {rule}: of {rule}"), "{result}");
    }
    let part = found(text(&tool, r#""ruleId":"d1/part""#));
    let part = part.first().unwrap();
    assert_eq!(
        (part.rule_id.as_deref(), part.title.as_str()),
        (Some("d1/part"), "Name d1: of d1")
    );
    let unknown = found(text(&tool, r#""ruleId":"zz""#));
    assert_eq!(unknown.first().unwrap().title, "zz");
}

#[test]
fn messages_may_come_from_the_component_and_are_filled() {
    let text = r#"{"version":"2.1.0","runs":[{
        "tool":{"driver":{"name":"D","globalMessageStrings":{"g":{"text":"'{0}' in [{1}](2) {{x}}"}}}},
        "results":[{"message":{"id":"g","arguments":["a\nb","c"]}}]}]}"#;
    let found = found(text);
    let found = found.first().unwrap();
    assert_eq!(found.title, "'a");
    assert_eq!(found.description, "'a\nb' in c {x}");
}

#[test]
fn weaknesses_come_from_tags_and_taxa() {
    let text = r#"{"version":"2.1.0","runs":[{
        "taxonomies":[{"name":"OWASP","taxa":[{"id":"A1"}]},{"name":"CWE","taxa":[{"id":"22"},{"id":"CWE-79"}]}],
        "results":[
            {"message":{"text":"1"},"taxa":[{"id":"A1","toolComponent":{"name":"OWASP"}},{"id":"89","toolComponent":{"name":"CWE"}}]},
            {"message":{"text":"2"},"taxa":[{"index":1,"toolComponent":{"index":1}}]},
            {"message":{"text":"3"},"ruleId":"R"},
            {"message":{"text":"4"},"properties":{"tags":["a","CWE-611: XXE","external/cwe/cwe-020"]}},
            {"message":{"text":"5"},"properties":{"cwe":["CWE-276: Incorrect","400","https://cwe.mitre.org/data/definitions/77.html"]}},
            {"message":{"text":"6"}}
        ],
        "tool":{"driver":{"name":"D","rules":[
            {"id":"R","relationships":[{"target":{"id":"A1","toolComponent":{"index":0}}},{"target":{"index":0,"toolComponent":{"index":1}}}]}]}}}]}"#;
    let cwes: Vec<_> = found(text).into_iter().map(|found| found.details.cwes).collect();
    let expected: [&[&str]; 6] = [
        &["CWE-89"],
        &["CWE-79"],
        &["CWE-22"],
        &["CWE-611", "CWE-20"],
        &["CWE-276", "CWE-400", "CWE-77"],
        &[],
    ];
    assert_eq!(cwes, expected);
}

#[test]
fn places_come_from_locations_artifacts_and_names() {
    let text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"D"}},
        "results":[
            {"message":{"text":"1"},"locations":[{"physicalLocation":{"artifactLocation":{"index":1},"region":{"startLine":7}}}]},
            {"message":{"text":"2"},"locations":[{"logicalLocations":[{"name":"f","fullyQualifiedName":"a::f"}]}]},
            {"message":{"text":"3"},"locations":[]},
            {"message":{"text":"4"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"x.c"},"region":{"startLine":0}}}]}
        ],
        "artifacts":[{"location":{"uri":"a.c"}},{"location":{"uri":"b%20c.c"}}]}]}"#;
    let places: Vec<_> = found(text)
        .into_iter()
        .map(|found| found.details.locations)
        .collect();
    let expected: [&[&str]; 4] = [&["b c.c:7"], &["a::f"], &[], &["x.c"]];
    assert_eq!(places, expected);
}

#[test]
fn a_reader_can_stop() {
    let text = report("", &[r#"{"message":{"text":"m"}}"#; 5].join(","));
    let mut file = Cursor::new(text);
    let report = Report::check(&mut file).unwrap();
    let mut seen = 0;
    let mut each = |_: &dyn std::fmt::Display, _| {
        seen += 1;
        seen < 2
    };
    report.each(&mut file, "", &mut each).unwrap();
    assert_eq!(seen, 2);
}
