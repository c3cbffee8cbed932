use std::collections::BTreeSet;

use base::Severity;

use super::*;

#[test]
fn every_sample_is_read_to_the_last_result() {
    for (name, tool, results, findings) in [
        ("SuppressionTestCurrent.sarif", "CodeScanner", 4, 1),
        ("bash-report.sarif", "Shell Script Analysis", 27, 27),
        ("codeQL-output.sarif", "CodeQL", 72, 72),
        ("taint-python-report.sarif", "Python Security Analysis", 11, 11),
    ] {
        let text = sample(name);
        let (report, outcomes) = read(&text).unwrap();
        let [coverage] = report.coverage() else {
            panic!("{name}");
        };
        assert_eq!((coverage.tool.as_str(), coverage.target.as_str()), (tool, ""));
        assert_eq!(coverage.not_whole, [""; 0]);
        assert_eq!(outcomes.len(), results, "{name}");
        let found = found(&text);
        assert_eq!(found.len(), findings, "{name}");
        for found in found {
            assert!(
                !found.title.is_empty() && found.title.chars().count() <= 200,
                "{found:?}"
            );
            assert!(!found.title.contains(char::is_control), "{found:?}");
            assert!(found.location().is_some() && found.rule_id.is_some(), "{found:?}");
        }
    }
}

#[test]
fn a_codeql_result_becomes_a_finding() {
    let found = found(sample("codeQL-output.sarif"));
    let first = found.first().unwrap();
    assert_eq!(
        first.title,
        "Empty except: 'except' clause does nothing but pass and there is no explanatory comment."
    );
    assert_eq!(first.location(), Some("good/db_init.py:39"));
    assert_eq!(first.rule_id.as_deref(), Some("py/empty-except"));
    assert_eq!(first.cwe(), Some("CWE-390"));
    assert_eq!(first.severity, Severity::Low);
    let injection = found
        .iter()
        .find(|found| found.rule_id.as_deref() == Some("py/sql-injection"))
        .unwrap();
    assert_eq!(
        injection.title,
        "SQL query built from user-controlled sources: This SQL query depends on a user-provided value."
    );
    assert_eq!(injection.severity, Severity::High);
    assert_eq!(injection.cwe(), Some("CWE-89"));
    assert!(injection.details.snippet.contains("execute"), "{injection:?}");
}

// promise: M6
#[test]
fn duplicate_results_are_one() {
    let found = found(sample("bash-report.sarif"));
    let wholes: BTreeSet<_> = found.iter().map(|found| found.identity.whole).collect();
    assert_eq!((found.len(), wholes.len()), (27, 12));
    let code_ql = super::found(sample("codeQL-output.sarif"));
    let wholes: BTreeSet<_> = code_ql.iter().map(|found| found.identity.whole).collect();
    assert_eq!(wholes.len(), 72);
}

#[test]
fn suppressed_results_are_skipped_with_their_reason() {
    let skipped = skipped(sample("SuppressionTestCurrent.sarif"));
    let expected = [0, 1, 2].map(|at| {
        (
            format!("runs[0].results[{at}]"),
            "suppressed (external)".to_owned(),
        )
    });
    assert_eq!(skipped, expected);
    let found = found(sample("SuppressionTestCurrent.sarif"));
    let found = found.first().unwrap();
    assert_eq!(found.location(), Some("C:/code/file4.c"));
    assert_eq!(found.title, "TST0004: Existing, originally suppressed result.");
    assert_eq!(found.severity, Severity::Medium);
}

#[test]
fn the_level_of_a_result_overrides_that_of_its_rule() {
    let found = found(sample("taint-python-report.sarif"));
    let of = |severity| found.iter().filter(|found| found.severity == severity).count();
    assert_eq!(
        (of(Severity::High), of(Severity::Medium), of(Severity::Low)),
        (8, 1, 2),
        "one result has neither a level nor a rule with one"
    );
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    let mut text = vec![0xef, 0xbb, 0xbf];
    text.extend(sample("SuppressionTestCurrent.sarif"));
    assert_eq!(found(text), found(sample("SuppressionTestCurrent.sarif")));
}
