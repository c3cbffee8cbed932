//! Which tool wrote a file: formats by their marks, files of others by name.

use super::*;
use crate::{marks::Marks, others};

fn recognised(text: impl AsRef<[u8]>) -> Result<&'static str, String> {
    let found = recognise(&mut Cursor::new(text.as_ref()), &Options::default());
    found.map(|format| format.name).map_err(|error| error.to_string())
}

/// The result of an import that names the format.
fn named(format: &str, text: impl AsRef<[u8]>) -> Result<u32, String> {
    let format: &Format = format.parse().unwrap();
    let options = Options {
        format: true,
        ..Options::default()
    };
    let report = format.survey(&mut Cursor::new(text.as_ref()), &options);
    report
        .map(|report| report.entries())
        .map_err(|error| error.to_string())
}

fn case(name: &str) -> Vec<u8> {
    sample(&format!("cases/{name}"))
}

// promise: P6
#[test]
fn a_format_needs_at_least_two_marks() {
    for format in FORMATS {
        assert!(!format.marks.is_empty(), "{}", format.name);
        for set in format.marks {
            assert!(set.len() >= 2, "{}: {set:?}", format.name);
            assert!(
                set.iter().any(|mark| !mark.ends_with("[]")),
                "{}: empty lists are no marks: {set:?}",
                format.name
            );
        }
    }
}

#[test]
fn every_sample_has_only_the_marks_of_its_format() {
    for (name, format) in SAMPLES.into_iter().chain([
        ("codeQL-output.sarif", "sarif"),
        ("bash-report.sarif", "sarif"),
        ("taint-python-report.sarif", "sarif"),
        ("SuppressionTestCurrent.sarif", "sarif"),
        ("made/sbom.json", "cyclonedx"),
    ]) {
        let text = sample(name);
        assert_eq!(recognised(&text), Ok(format), "{name}");
        assert!(named(format, &text).is_ok(), "{name}");
        let marks = Marks::of(&mut Cursor::new(&text), &Options::default(), &|_| false).unwrap();
        let others = others::all().filter(|other| marks.have_any(other.marks));
        let names: Vec<_> = others.map(|other| other.tool).collect();
        assert!(names.is_empty(), "{name} is taken for {names:?}");
        for other in FORMATS.iter().filter(|other| other.name != format) {
            assert!(!marks.have_any(other.marks), "{name} is taken for {other:?}");
            let refused = named(other.name, &text).unwrap_err();
            assert!(!refused.is_empty(), "{name} as {other:?}");
        }
    }
}

#[test]
fn a_format_is_known_by_its_content() {
    for (text, format) in [
        (
            r#"{"runs":[{"tool":{"driver":{"name":"x"}},"results":[]}]"#,
            "sarif",
        ),
        (
            "\u{feff}\n\t {\"version\":\"2.1.0\",\"runs\":[{\"x\":1}]}",
            "sarif",
        ),
        (
            r#"{"$schema":"https://x/sarif-2.1.0.json","version":"2.1.0","runs":[]}"#,
            "sarif",
        ),
        (r#"{"specVersion":"1.5","bomFormat":"CycloneDX"}"#, "cyclonedx"),
        (r#"{"SchemaVersion":2,"ArtifactName":"x"}"#, "trivy"),
        (r#"{"matches":[],"descriptor":{"name":"grype"}}"#, "grype"),
        (
            r#"{"version":"1.0","errors":[],"results":[],"paths":{"scanned":[]}}"#,
            "semgrep",
        ),
        (r#"{"@version":"D","@programName":"ZAP","site":[]}"#, "zap"),
        (r#"{"site":{"@name":"x","alerts":[]}}"#, "zap"),
        (
            "{\"template-id\":\"a\",\"host\":\"h\"}\n{\"template-id\":\"b\"}",
            "nuclei",
        ),
        ("[INF] Nuclei\n{\"template-id\":\"a\",\"host\":\"h\"}\n", "nuclei"),
        (r#"[{"info":{"name":"x"},"template-id":"a"},{}]"#, "nuclei"),
        (
            "<?xml version=\"1.0\"?><!-- x --><NessusClientData_v2><Report>",
            "nessus",
        ),
        ("<report id=\"1\"><report><gmp>", "openvas"),
        ("<OWASPZAPReport version='D'/>", "zap"),
        (
            "<x:bom xmlns:x=\"http://cyclonedx.org/schema/bom/1.5\"/>",
            "cyclonedx",
        ),
        ("Severity;Title\n", "csv"),
        ("title,severity", "csv"),
    ] {
        assert_eq!(recognised(text), Ok(format), "{text}");
    }
}

// promise: P6
#[test]
fn an_empty_list_is_not_a_mark_with_or_without_a_format() {
    for (text, format) in [
        (r#"{"runs":[]}"#, "sarif"),
        (r#"{"results":[]}"#, "semgrep"),
        (r#"{"results":[],"errors":[]}"#, "semgrep"),
        (r#"{"matches":[]}"#, "grype"),
        (r#"{"SchemaVersion":2}"#, "trivy"),
        (r#"{"Results":[]}"#, "trivy"),
        (r#"{"bomFormat":"CycloneDX","vulnerabilities":[]}"#, "cyclonedx"),
        (r#"{"site":[]}"#, "zap"),
        ("[]", "nuclei"),
        ("[{}]", "nuclei"),
        ("<bom/>", "cyclonedx"),
        ("<report/>", "openvas"),
        ("<report><results/></report>", "openvas"),
        ("<NessusClientData_v2/>", "nessus"),
        ("<OWASPZAPReport/>", "zap"),
    ] {
        let refused = recognised(text).unwrap_err();
        assert!(refused.contains("sarif, trivy, nuclei"), "{text}: {refused}");
        let refused = named(format, text).unwrap_err();
        assert!(!refused.is_empty(), "{text}");
    }
}

// promise: P6
#[test]
fn files_of_other_tools_are_rejected_by_name() {
    for (file, tool) in [
        (
            "18-empty-report-of-another-tool/bandit-clean.json",
            "Bandit; run it with -f sarif",
        ),
        (
            "18-empty-report-of-another-tool/checkov-clean.json",
            "Checkov; run it with -o sarif",
        ),
        ("18-empty-report-of-another-tool/ffuf-nothing.json", "ffuf"),
        (
            "18-empty-report-of-another-tool/osv-scanner-clean.json",
            "OSV-Scanner; run it with --format sarif",
        ),
        ("19-xml-root-report/wapiti.xml", "Wapiti"),
        ("19-xml-root-report/arachni.xml", "Arachni"),
        ("19-xml-root-report/jacoco.xml", "JaCoCo"),
    ] {
        let text = case(file);
        for refused in [
            recognised(&text),
            named("semgrep", &text).map(|_| ""),
            named("openvas", &text).map(|_| ""),
        ] {
            let refused = refused.unwrap_err();
            assert!(
                refused.starts_with("this looks like ") && refused.contains(tool),
                "{file}: {refused}"
            );
        }
    }
    assert_eq!(
        recognised(case("18-empty-report-of-another-tool/semgrep.json")),
        Ok("semgrep")
    );
    assert_eq!(recognised(case("19-xml-root-report/openvas.xml")), Ok("openvas"));
    for (text, tool) in [
        (
            r#"[{"RuleID":"a","Commit":"c","Match":"m","Secret":"s","Fingerprint":"f"}]"#,
            "gitleaks; run it with --report-format sarif",
        ),
        (r#"[{"filePath":"/a.js","messages":[],"errorCount":0}]"#, "ESLint"),
        (
            r#"[{"code":"F401","filename":"a.py","end_location":{"row":1},"location":{"row":1}}]"#,
            "Ruff",
        ),
        (
            r#"{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"VulnerabilityReport"}"#,
            "Trivy Operator",
        ),
        (
            r#"{"ClusterName":"k","Resources":[{"Namespace":"d"}]}"#,
            "trivy k8s",
        ),
        (
            r#"[{"Target":"a","Type":"npm","Vulnerabilities":null}]"#,
            "an old Trivy",
        ),
        (
            "<?xml version='1.0'?><!DOCTYPE nmaprun><nmaprun scanner='nmap'><host/></nmaprun>",
            "Nmap",
        ),
        (
            "<!DOCTYPE issues [<!ELEMENT issues (issue*)><!ATTLIST issues burpVersion CDATA \"\">]><issues burpVersion='1'/>",
            "Burp",
        ),
        (
            "{\"type\":\"auditAdvisory\",\"data\":{\"resolution\":{\"id\":1}}}\n{\"type\":\"auditSummary\",\"data\":{\"x\":1}}",
            "yarn",
        ),
        (
            r#"[{"id":"x","finding":"f","severity":"OK","port":"443"}]"#,
            "testssl",
        ),
    ] {
        let refused = recognised(text).unwrap_err();
        assert!(refused.contains(tool), "{text}: {refused}");
        for format in FORMATS {
            let refused = named(format.name, text).unwrap_err();
            assert!(refused.contains(tool), "{text} as {format:?}: {refused}");
        }
    }
}

// promise: P6
#[test]
fn a_named_format_is_compared_with_the_marks() {
    let refused = named("trivy", sample("grype.json")).unwrap_err();
    assert_eq!(
        refused,
        "this looks like Grype JSON (format=grype), not Trivy JSON"
    );
    for format in FORMATS.iter().filter(|format| format.name != "csv") {
        for table in ["Title,Risk\nA,high\n", "a;b\n1;2\n", "hello"] {
            let refused = named(format.name, table).unwrap_err();
            assert!(
                refused.contains(format.title) && !refused.contains("expected"),
                "{table}: {refused}"
            );
        }
    }
    let refused = named("semgrep", r#"{"results":[]}"#).unwrap_err();
    assert!(refused.contains("not a Semgrep report"), "{refused}");
    let refused = named("csv", "[1]").unwrap_err();
    assert!(!refused.contains("expected"), "{refused}");
}

#[test]
fn messages_about_a_table_are_about_tables() {
    for text in ["hello", "name,colour\na,b\n", "Größe;Farbe\n1;rot\n"] {
        let refused = recognised(text).unwrap_err();
        assert!(
            refused.contains("no column `") && !refused.contains("expected"),
            "{text}: {refused}"
        );
    }
    assert!(recognised("").unwrap_err().contains("empty"));
    for text in ["\u{0}", "[[[", "{", "<"] {
        assert!(recognised(text).is_err(), "{text}");
    }
}

#[test]
fn names_are_exact() {
    for format in FORMATS {
        assert_eq!(format.name.parse(), Ok(format));
    }
    assert!("SARIF".parse::<&Format>().is_err());
}
