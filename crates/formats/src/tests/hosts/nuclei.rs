use serde_json::{Value, json};

use super::*;

fn result(template: &str, host: &str, matched: &str) -> Value {
    json!({"template-id": template, "host": host, "matched-at": matched, "info": {"severity": "low"}})
}

fn scan(results: &[Value]) -> Report {
    let lines: Vec<_> = results.iter().map(ToString::to_string).collect();
    report("nuclei", lines.join("\n"))
}

// promise: M6
#[test]
fn results_that_differ_only_in_what_was_extracted_are_two() {
    let tls = |version: &str| {
        let mut one = result("tls-version", "a", "a:443");
        one["extracted-results"] = json!([version]);
        one
    };
    let both = scan(&[tls("tls12"), tls("tls13")]);
    let (one, other) = (&both.found[0].1.identity, &both.found[1].1.identity);
    assert_eq!((one.group, one.keys), (other.group, other.keys));
    // promise: M4
    assert_ne!(
        one.version, other.version,
        "a verdict on one does not cover the other"
    );
    let mut back = scan(&[tls("tls13"), tls("tls12")]);
    back.found.reverse();
    assert_eq!(both, back, "in any order");
    let mut list = result("t", "a", "a");
    list["extracted-results"] = json!(["x", "y"]);
    let mut other = list.clone();
    other["extracted-results"] = json!(["y", "x"]);
    assert_eq!(
        scan(&[list]).only().identity.version,
        scan(&[other]).only().identity.version
    );
}

// promise: M5
#[test]
fn a_host_and_a_place_have_one_spelling() {
    let groups = |host: &str, matched: &str| scan(&[result("t", host, matched)]).groups();
    let expected = groups("https://shop.example", "https://shop.example/");
    for (host, matched) in [
        ("shop.example", "https://shop.example"),
        ("shop.example:443", "https://shop.example:443"),
        ("https://SHOP.example/", "https://Shop.example:443/"),
    ] {
        assert_eq!(groups(host, matched), expected, "{host} {matched}");
    }
    let old = json!({"templateID": "t", "host": "https://shop.example", "matched": "https://shop.example", "info": {}});
    assert_eq!(scan(&[old]).groups(), expected, "version 2");
    for (host, matched) in [
        ("https://shop.example", "http://shop.example"),
        ("https://shop.example", "https://shop.example/admin"),
        ("https://shop.example", "shop.example:22"),
        ("https://shop.example", "https://www.shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
    ] {
        assert_ne!(groups(host, matched), expected, "{host} {matched}");
    }
    let fuzzed = |payload: &str| {
        let mut one = result("xss", "https://a", &format!("https://a/s?q={payload}"));
        one["fuzzing_parameter"] = json!("q");
        one["fuzzing_position"] = json!("query");
        scan(&[one]).groups()
    };
    assert_eq!(
        fuzzed("k3jd"),
        fuzzed("99xy"),
        "a payload changes from run to run"
    );
}

// promise: P2
#[test]
fn the_hosts_it_names_are_covered_by_the_time_of_the_latest_result() {
    let mut first = result("t", "http://a:8080/x", "http://a:8080/x");
    first["timestamp"] = json!("2026-01-03T10:00:00+01:00");
    let mut second = result("t", "b", "b");
    second["matcher-status"] = json!(false);
    second["timestamp"] = json!("2026-01-03T10:00:00.5Z");
    let all = scan(&[first, second]);
    assert_eq!(all.targets(), ["a:8080", "b"], "even if nothing was found");
    assert_eq!(all.of("a:8080").time, "2026-01-03T10:00:00.5Z".parse().ok());
    assert_eq!(all.only().details.found_at, "2026-01-03T09:00:00Z".parse().ok());
    assert!(all.is_whole());
}

// promise: P3
#[test]
fn a_host_with_a_tool_error_is_incomplete() {
    let mut failed = result("t", "b", "b");
    failed["matcher-status"] = json!(false);
    failed["error"] = json!("context deadline exceeded");
    let all = scan(&[result("t", "a", "a"), failed.clone(), failed]);
    assert!(all.of("a").not_whole.is_empty());
    assert_eq!(all.of("b").not_whole, ["Nuclei reports an error on b"]);
}

// promise: P8
#[test]
fn a_line_that_is_not_a_result_is_skipped_and_the_rest_is_read() {
    let (one, two) = (
        result("t", "a", "a/1").to_string(),
        result("t", "a", "a/2").to_string(),
    );
    let pretty = serde_json::to_string_pretty(&result("t", "a", "a/3")).unwrap();
    let long = format!("{{\"template-id\":\"{}\"}}", "x".repeat(17_000_000));
    let cut = &two[..two.len() / 2];
    for (text, found, reasons) in [
        (
            format!("[INF] Templates loaded: 1\n{one}\n\n[WRN] x\n{two}\n"),
            2,
            vec!["line 1: not a JSON object", "line 4: not a JSON object"],
        ),
        (
            format!("{one}\n{two}\n{cut}"),
            2,
            vec!["line 3: the line is cut off"],
        ),
        (
            format!("{one}\n{cut}\n{two}"),
            2,
            vec!["line 2: the line is cut off"],
        ),
        (
            format!("{one} x\n{two}"),
            2,
            vec!["line 1: a JSON value is missing"],
        ),
        (format!("{one}{two}\r\n{pretty}\r\n{one}"), 4, vec![]),
        (format!("{one}\n{long}"), 1, vec!["line 2: longer than 16 MiB"]),
        (
            format!("{one}\n{{\"info\":{{}}}}"),
            1,
            vec!["`template-id` is missing"],
        ),
    ] {
        let all = report("nuclei", &text);
        let start = text.get(..60).unwrap_or(&text);
        assert_eq!(
            (all.found.len(), all.skipped.len()),
            (found, reasons.len()),
            "{start}"
        );
        for (reason, expected) in all.reasons().iter().zip(&reasons) {
            assert!(reason.starts_with(expected), "{reason}");
        }
        assert!(all.skipped.iter().all(|skip| skip.unreadable));
        // promise: P3
        assert_eq!(all.is_whole(), reasons.is_empty(), "{start}");
    }
    for text in ["[INF] nothing", "hello\nworld", "{\"a\":1}", "[{\"a\":1}]"] {
        assert!(survey("nuclei", text, &Options::default()).is_err(), "{text}");
    }
}

// promise: P6
#[test]
fn an_empty_file_is_clean_only_if_format_and_target_are_named() {
    for text in ["", "\n \n", "\u{feff}"] {
        let with = |format, target| {
            let options = Options {
                target,
                format,
                ..Options::default()
            };
            survey("nuclei", text, &options)
        };
        assert!(with(false, false).unwrap_err().contains("empty"));
        assert!(with(false, true).unwrap_err().contains("empty"));
        let clean = with(true, true).unwrap();
        assert_eq!((clean.targets(), clean.is_whole()), (vec![""], true));
        assert_eq!(clean.found.len() + clean.skipped.len(), 0);
        let unnamed = with(true, false).unwrap();
        assert_eq!(
            unnamed.coverage[0].not_whole,
            ["the file is empty, and no target was given"]
        );
    }
}

// promise: P1
#[test]
fn everything_an_analyst_needs_is_kept() {
    let mut one = result("CVE-2021-44228", "https://a", "https://a/x");
    one["info"] = json!({"name": "Log4Shell", "severity": "critical", "impact": "RCE",
        "reference": ["https://x.test/1", "https://x.test/2"],
        "classification": {"cve-id": ["cve-2021-44228", "cve-2021-45046"], "cwe-id": ["cwe-20", "cwe-917"],
            "cvss-metrics": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "cvss-score": 10}});
    let details = scan(&[one]).only().details.clone();
    assert_eq!(details.identifiers, ["CVE-2021-44228", "CVE-2021-45046"]);
    assert_eq!(details.cwes, ["CWE-20", "CWE-917"]);
    assert_eq!(details.references, ["https://x.test/1", "https://x.test/2"]);
    let cvss = details.cvss.unwrap();
    assert_eq!((cvss.version.as_str(), cvss.score), ("3.1", Some(10.0)));
    let mut old = result("t", "a", "a");
    old["info"] = json!({"reference": "- https://x.test/1\n- https://x.test/2\n"});
    assert_eq!(
        scan(&[old]).only().details.references,
        ["https://x.test/1", "https://x.test/2"]
    );
}

// promise: P2
#[test]
fn with_a_target_everything_earlier_reports_found_is_covered() {
    let text = result("t", "a", "a").to_string();
    let options = Options {
        target: true,
        ..Options::default()
    };
    let hosts = |options: &Options| {
        let report = survey("nuclei", &text, options).unwrap();
        report
            .coverage
            .iter()
            .map(|one| one.host.is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(hosts(&Options::default()), [true]);
    assert_eq!(hosts(&options), [false]);
}
