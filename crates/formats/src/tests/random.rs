//! Random scan reports of every format: what is read is either found or skipped, the same every time and in any order
//! of entries.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// An entry of any format: small ranges, so that duplicates are common.
#[derive(Debug, Clone)]
struct Made {
    id: u8,
    place: u8,
    line: u8,
    severity: usize,
    text: String,
    odd: bool,
}

fn made() -> impl Strategy<Value = Made> {
    (
        0..4_u8,
        0..3_u8,
        0..3_u8,
        0..5_usize,
        "[a-z<>&\"',;=]{0,6}",
        prop::bool::weighted(0.2),
    )
        .prop_map(|(id, place, line, severity, text, odd)| Made {
            id,
            place,
            line,
            severity,
            text,
            odd,
        })
}

const WORDS: [&str; 5] = ["info", "low", "medium", "high", "critical"];

fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// A scan report of these entries.
fn report(format: &str, entries: &[Made]) -> String {
    let list = |each: &dyn Fn(&Made) -> serde_json::Value| entries.iter().map(each).collect::<Vec<_>>();
    let lines = |each: &dyn Fn(&Made) -> String| entries.iter().map(each).collect::<Vec<_>>().concat();
    let word = |made: &Made| WORDS[made.severity];
    match format {
        "sarif" => json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": list(&|made| json!({
            "ruleId": made.id.to_string(), "message": {"text": made.text}, "kind": if made.odd { "pass" } else { "fail" },
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": made.place.to_string()}, "region": {"startLine": made.line}}}]}))}]})
        .to_string(),
        "trivy" => json!({"SchemaVersion": 2, "Results": [{"Target": "t", "Misconfigurations": list(&|made| json!({
            "ID": made.id.to_string(), "Message": made.text, "Severity": word(made).to_uppercase(), "Status": if made.odd { "PASS" } else { "FAIL" },
            "CauseMetadata": {"Resource": made.place.to_string(), "StartLine": made.line}}))}]})
        .to_string(),
        "nuclei" => lines(&|made| json!({"template-id": made.id.to_string(), "matched-at": made.place.to_string(), "matcher-status": !made.odd,
            "info": {"name": made.text, "severity": word(made)}}).to_string() + "\n"),
        "semgrep" => json!({"version": "1", "paths": {}, "results": list(&|made| json!({"check_id": made.id.to_string(), "path": made.place.to_string(),
            "start": {"line": made.line}, "extra": {"message": made.text, "severity": word(made).to_uppercase(), "is_ignored": made.odd}}))})
        .to_string(),
        "grype" => json!({"descriptor": {"name": "grype"}, "matches": list(&|made| json!({"vulnerability": {"id": made.id.to_string(), "severity": word(made)},
            "artifact": {"name": made.place.to_string(), "version": made.line.to_string()}}))})
        .to_string(),
        "cyclonedx" => json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": list(&|made| json!({"id": made.id.to_string(),
            "ratings": [{"severity": word(made)}], "description": made.text, "affects": [{"ref": made.place.to_string()}],
            "analysis": {"state": if made.odd { "resolved" } else { "exploitable" }}}))})
        .to_string(),
        "nessus" => format!("<NessusClientData_v2><Report><ReportHost name=\"h\">{}</ReportHost></Report></NessusClientData_v2>",
            lines(&|made| format!("<ReportItem pluginID=\"{}\" port=\"{}\" severity=\"{}\" pluginName=\"{}\"><plugin_output>{}</plugin_output></ReportItem>",
                made.id, made.place, made.severity, escaped(&made.text), escaped(&made.text)))),
        "openvas" => format!("<report><scan_run_status>Done</scan_run_status><ports/><results>{}</results></report>",
            lines(&|made| format!("<result><host>{}</host><nvt oid=\"{}\"/><severity>{}</severity><description>{}</description></result>",
                made.place, made.id, if made.odd { -1 } else { 2 }, escaped(&made.text)))),
        "zap" => format!("<OWASPZAPReport><site name=\"s\"><alerts>{}</alerts></site></OWASPZAPReport>",
            lines(&|made| format!("<alertitem><pluginid>{}</pluginid><name>{}</name><riskcode>{}</riskcode><confidence>{}</confidence></alertitem>",
                made.id, escaped(&made.text), made.severity.min(3), u8::from(!made.odd)))),
        "csv" => "title,severity,location,rule_id\n".to_owned()
            + &lines(&|made| format!("\"{}\",{},{},{}\n", made.text.replace('"', "\"\""), if made.odd { "?" } else { word(made) }, made.place, made.id)),
        // For a format without a generator here, its sample is mangled.
        _ => String::new(),
    }
}

fn prints(whole: &Whole) -> Vec<&Identity> {
    let mut all: Vec<_> = whole.found.iter().map(|found| &found.identity).collect();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_found_or_skipped(entries in prop::collection::vec(made(), 0..25)) {
        for format in FORMATS.iter().map(|format| format.name) {
            let text = report(format, &entries);
            if text.is_empty() {
                continue;
            }
            let whole = read(format, &text).map_err(|refusal| TestCaseError::fail(format!("{format:?}: {refusal}\n{text}")))?;
            prop_assert_eq!(whole.found.len() + whole.skipped.len(), entries.len(), "{:?}", format);
            let back: Vec<_> = entries.iter().rev().cloned().collect();
            let back = sound(format, report(format, &back));
            prop_assert_eq!(prints(&whole), prints(&back), "{:?}: in any order", format);
            prop_assert_eq!(whole.found, sound(format, &text).found, "{:?}: repeated", format);
        }
    }
}
