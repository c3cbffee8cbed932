//! What a scan report covers, when, and whether it is complete.

use super::*;

fn run(tool: &str, rest: &str) -> String {
    format!(r#"{{"tool":{{"driver":{{"name":"{tool}"}}}},"results":[]{rest}}}"#)
}

fn runs(runs: &[String]) -> String {
    format!(r#"{{"version":"2.1.0","runs":[{}]}}"#, runs.join(","))
}

fn not_whole(rest: &str) -> Vec<String> {
    let [(_, _, reasons)] = covered(runs(&[run("T", rest)])).try_into().unwrap();
    reasons
}

// promise: P2
#[test]
fn the_category_of_a_run_is_its_target() {
    let target = |name: &str| {
        let [(tool, target, _)] = covered(sample(&format!("cases/05-codeql-per-language/{name}.sarif")))
            .try_into()
            .unwrap();
        (tool, target)
    };
    assert_eq!(
        target("java"),
        ("CodeQL".to_owned(), "/language:java-kotlin/".to_owned())
    );
    assert_eq!(target("javascript").1, "/language:javascript-typescript/");
    for (id, expected) in [
        ("nightly/app/2026-11-29", "nightly/app/"),
        ("nightly/app/", "nightly/app/"),
        ("run-17", ""),
        ("", ""),
    ] {
        let details = format!(r#","automationDetails":{{"id":"{id}"}}"#);
        let [(_, target, _)] = covered(runs(&[run("T", &details)])).try_into().unwrap();
        assert_eq!(target, expected, "{id}");
    }
    let image = |name: &str| {
        let properties = format!(r#","properties":{{"imageName":"{name}","repoTags":["x"]}}"#);
        let [(_, target, _)] = covered(runs(&[run("Trivy", &properties)])).try_into().unwrap();
        target
    };
    assert_eq!(image("alpine:3.10"), "alpine");
    assert_eq!(image("host:5000/team/app@sha256:0123"), "host:5000/team/app");
    assert_eq!(image("host:5000/team/app:1"), "host:5000/team/app");
}

// promise: P2
#[test]
fn runs_of_one_tool_and_target_are_one_coverage() {
    let of = |id: &str| format!(r#","automationDetails":{{"id":"{id}"}}"#);
    let text = runs(&[
        run("A", ""),
        run("B", ""),
        run("A", &of("x/1")),
        run("A", &of("x/2")),
        run("A", ""),
    ]);
    let covered: Vec<_> = covered(&text)
        .into_iter()
        .map(|(tool, target, _)| (tool, target))
        .collect();
    let expected = [("A", ""), ("B", ""), ("A", "x/")];
    assert_eq!(
        covered,
        expected.map(|(tool, target)| (tool.to_owned(), target.to_owned()))
    );
    let results = text.replacen(
        r#""automationDetails":{"id":"x/2"}"#,
        r#""automationDetails":{"id":"x/2"},"unused":[]"#,
        1,
    );
    let results = results.replace(
        r#""results":[],"automationDetails":{"id":"x/2"}"#,
        r#""results":[{"message":{"text":"m"}}],"automationDetails":{"id":"x/2"}"#,
    );
    let (_, outcomes) = read(results).unwrap();
    assert!(
        matches!(outcomes.as_slice(), [(_, Outcome::Found(2, _))]),
        "{outcomes:?}"
    );
}

// promise: P3
#[test]
fn a_failed_run_is_incomplete_and_states_why() {
    let error = |level: &str, text: &str| format!(r#"{{"level":"{level}","message":{{"text":"{text}"}}}}"#);
    for (rest, expected) in [
        (String::new(), vec![]),
        (
            r#","invocations":[{"executionSuccessful":true}]"#.to_owned(),
            vec![],
        ),
        (
            r#","invocations":[{"executionSuccessful":true},{"executionSuccessful":false}]"#.to_owned(),
            vec!["the tool reports a failed run"],
        ),
        (
            format!(
                r#","invocations":[{{"executionSuccessful":true,"toolExecutionNotifications":[{},{},{}]}}]"#,
                error("warning", "slow"),
                error("error", "could not parse a.c"),
                error("error", "could not parse b.c")
            ),
            vec!["the tool reports an error: could not parse a.c (and 1 more)"],
        ),
        (
            format!(
                r#","invocations":[{{}},{{"toolConfigurationNotifications":[{}]}}]"#,
                error("error", "no rules")
            ),
            vec!["the tool reports an error: no rules"],
        ),
        (
            format!(
                r#","invocations":[{{"toolExecutionNotifications":[{},{{}}]}}]"#,
                error("note", "fine")
            ),
            vec![],
        ),
    ] {
        assert_eq!(not_whole(&rest), expected, "{rest}");
    }
    let text = |results: &str| {
        format!(r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T"}}}}{results}}}]}}"#)
    };
    for missing in [
        "",
        r#","results":null"#,
        r#","inlineExternalProperties":{"results":[7]}"#,
    ] {
        assert_eq!(
            covered(text(missing))[0].2,
            ["the run has no list of results"],
            "{missing}"
        );
    }
}

// promise: P4
#[test]
fn the_time_of_a_run_is_its_latest_end() {
    let time = |invocations: &str| {
        let (report, _) = read(runs(&[
            run("T", &format!(r#","invocations":[{invocations}]"#)),
            run("T", ""),
        ]))
        .unwrap();
        report.coverage()[0].time.map(|time| time.to_string())
    };
    let ended = |time: &str| format!(r#"{{"startTimeUtc":"2026-11-30T00:00:00Z","endTimeUtc":"{time}"}}"#);
    let late = time(
        &[
            ended("2026-11-29T10:00:00Z"),
            ended("2026-11-29T12:00:00.5Z"),
            ended("2026-11-29T11:00:00Z"),
        ]
        .join(","),
    );
    assert!(
        late.as_deref()
            .is_some_and(|time| time.starts_with("2026-11-29T12:00:00.5")),
        "{late:?}"
    );
    let started = time(r#"{"startTimeUtc":"2026-11-29T10:00:00+02:00"}"#);
    assert!(
        started
            .as_deref()
            .is_some_and(|time| time.starts_with("2026-11-29T08:00:00")),
        "{started:?}"
    );
    for none in [
        "",
        "{}",
        r#"{"endTimeUtc":"2026-11-29T10:00:00"}"#,
        r#"{"endTimeUtc":"yesterday"}"#,
    ] {
        assert_eq!(time(none), None, "{none}");
    }
}

#[test]
fn a_result_without_a_message_has_the_text_of_its_rule() {
    let rule = r#"{"id":"R","fullDescription":{"text":"Do not do this."}}"#;
    for result in [
        r#"{"ruleId":"R"}"#,
        r#"{"ruleId":"R","message":{}}"#,
        r#"{"ruleIndex":0,"message":null}"#,
    ] {
        let found = one(rule, result);
        assert_eq!(found.description, "Do not do this.", "{result}");
        assert_eq!(covered(report(rule, result))[0].2, [""; 0], "{result}");
    }
    let silent = covered(report("", r#"{"ruleId":"R"},{"ruleId":"R","message":null}"#));
    assert_eq!(silent[0].2, ["2 results could not be read"]);
    let suppressed = covered(report(
        "",
        r#"{"ruleId":"R","suppressions":[{"kind":"external"}]}"#,
    ));
    assert_eq!(suppressed[0].2, [""; 0]);
}
