use super::*;

/// Rejected texts, and a part of the message.
#[expect(clippy::too_many_lines, reason = "a table")]
fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let nessus = |item: &str| {
        format!(
            "<NessusClientData_v2><Report><ReportHost name=\"h\">{item}</ReportHost></Report></NessusClientData_v2>"
        )
    };
    let deep_xml = |depth: usize| format!("<report>{}{}</report>", "<a>".repeat(depth), "</a>".repeat(depth));
    let attributes: String = (0..200).fold(String::new(), |all, at| all + &format!(" a{at}=''"));
    let bomb = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><report>&b;</report>";
    let columns = "title,severity".to_owned() + &",x".repeat(1_000_000);
    let some = "title,severity".to_owned() + &",x".repeat(200);
    let utf16: Vec<u8> = "<report/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut table: Vec<(&str, Vec<u8>, &str)> = Vec::new();
    for format in FORMATS.iter().map(|format| format.name) {
        table.push((format, Vec::new(), "empty"));
        // A table may be UTF-16.
        if format != "csv" {
            table.push((format, b"\xff\xfe<\x00".to_vec(), "UTF-16"));
        }
        table.push((format, b"\x1f\x8b\x08\x00".to_vec(), "compress it once"));
        table.push((format, b"PK\x03\x04".to_vec(), "zip"));
    }
    let more: Vec<(&str, &str, &str)> = vec![
        ("trivy", "{}", "SchemaVersion: missing"),
        ("trivy", r#"{"SchemaVersion":1}"#, "must be 2"),
        (
            "trivy",
            r#"{"SchemaVersion":2,"Results":{}}"#,
            "Results: must be an array of objects, not an object",
        ),
        ("trivy", r#"{"SchemaVersion":2,"SchemaVersion":2}"#, "twice"),
        ("nuclei", "[1]", "[0]: "),
        (
            "nuclei",
            "{\"template-id\":\"a\",\"info\":{\"severity\":{}}}",
            "[0]: ",
        ),
        ("semgrep", r#"{"errors":[]}"#, "results: missing"),
        ("grype", r#"{"source":{}}"#, "matches: missing"),
        (
            "cyclonedx",
            r#"{"vulnerabilities":[]}"#,
            "bomFormat: must be CycloneDX",
        ),
        (
            "cyclonedx",
            r#"{"bomFormat":"CycloneDX","components":"x"}"#,
            "components: ",
        ),
        ("cyclonedx", "<sbom/>", "the root element is `sbom`, not bom"),
        ("nessus", "<report/>", "not NessusClientData_v2"),
        ("nessus", "{}", "outside the root"),
        ("nessus", "<NessusClientData_v2>", "too early"),
        ("nessus", "<NessusClientData_v2></a>", "line 1"),
        (
            "nessus",
            "<NessusClientData_v2/><NessusClientData_v2/>",
            "more than one root",
        ),
        ("nessus", "<NessusClientData_v2/>x", "outside the root"),
        (
            "nessus",
            "<NessusClientData_v2>&nbsp;</NessusClientData_v2>",
            "entity `nbsp`",
        ),
        (
            "nessus",
            "<NessusClientData_v2>&#x;</NessusClientData_v2>",
            "entity `#x`",
        ),
        ("nessus", "<NessusClientData_v2 a='&x;'/>", "entity `x`"),
        ("nessus", "<NessusClientData_v2 a='1' a='2'/>", "line 1"),
        (
            "nessus",
            "<?xml version='1.0' encoding='ISO-8859-1'?><NessusClientData_v2/>",
            "the encoding ISO-8859-1 is not supported",
        ),
        ("openvas", bomb, "document type"),
        (
            "openvas",
            "<!DOCTYPE r SYSTEM 'file:///etc/passwd' [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><report>&x;</report>",
            "document type",
        ),
        (
            "openvas",
            "<!DOCTYPE r SYSTEM 'http://127.0.0.1/x.dtd'><report>&x;</report>",
            "entity `x`",
        ),
        ("zap", "{}", "site: missing"),
        ("csv", "hello", "no column `title`"),
        ("csv", "title,colour\na,b", "no column `severity`"),
        ("csv", "title,severity,title\na,b,c", "`title` twice"),
        (
            "csv",
            "title,severity\n\"a,high\nb,low\n",
            "a quote is not closed",
        ),
        ("csv", &columns, "longer than 1 MiB"),
        ("csv", &some, "more than 100 columns"),
    ];
    table.extend(
        more.into_iter()
            .map(|(format, text, what)| (format, text.as_bytes().to_vec(), what)),
    );
    let made = [
        (
            "nessus",
            nessus(&format!("<ReportItem pluginID=\"1\"{attributes}/>")),
            "more than 100 attributes",
        ),
        (
            "nessus",
            nessus(&format!("<ReportItem pluginID=\"{}\"/>", "1".repeat(2_000_000))),
            "too long",
        ),
        (
            "nessus",
            nessus(&format!("<description>{}</description>", "x".repeat(17_000_000))),
            "too long",
        ),
        ("openvas", deep_xml(100), "deeper than 100"),
        ("openvas", "<report>".repeat(100_000), "deeper than 100"),
        ("trivy", r#"{"a":"#.repeat(100_000), "deeper than 127"),
        ("nuclei", "[".repeat(100_000), "deeper than 127"),
        (
            "nuclei",
            format!("{{\"template-id\":\"{}\"}}", "x".repeat(17_000_000)),
            "16 MiB",
        ),
        (
            "csv",
            format!("title,severity\n{},high", "x".repeat(2_000_000)),
            "longer than 1 MiB",
        ),
    ];
    table.extend(
        made.into_iter()
            .map(|(format, text, what)| (format, text.into_bytes(), what)),
    );
    table.push(("openvas", utf16, "UTF-16"));
    table.push(("openvas", b"<report>\xff\xfe</report>".to_vec(), "line 1"));
    table.push((
        "openvas",
        b"<report><results \xc0\x80=''/></report>".to_vec(),
        "line 1",
    ));
    table.push(("csv", b"title,severity\n\xff,high\n".to_vec(), "not valid UTF-8"));
    table
}

#[test]
fn hostile_reports_are_rejected_with_the_reason() {
    let table = refused();
    assert!(table.len() > 80);
    for (format, text, what) in table {
        let start = String::from_utf8_lossy(text.get(..120).unwrap_or(&text)).into_owned();
        let refusal = read(format, &text)
            .map(|whole| whole.found.len())
            .expect_err(&start);
        assert!(
            refusal.to_string().contains(what),
            "{format:?} {start}: {refusal}"
        );
        assert!(refusal.to_string().len() < 600, "{refusal}");
    }
}

#[test]
fn every_truncated_sample_is_rejected() {
    for (name, format) in SAMPLES {
        let whole = sample(name);
        let end = whole.trim_ascii_end().len();
        let step = (end / 150).max(1);
        for cut in (0..end).step_by(step) {
            let outcome = read(format, &whole[..cut]);
            // A table and a list of lines may end after any line.
            let may = matches!(format, "csv" | "nuclei");
            if !may || cut == 0 {
                let refusal = outcome.map(|whole| whole.found.len()).expect_err(name);
                assert!(!refusal.what.is_empty(), "{name} at {cut}");
            }
        }
    }
}

#[test]
fn a_file_in_another_format_than_the_named_one_is_rejected() {
    for (name, of) in SAMPLES {
        for format in FORMATS.iter().map(|format| format.name) {
            if format != of {
                assert!(read(format, sample(name)).is_err(), "{name} as {format:?}");
            }
        }
    }
}

#[test]
fn plain_document_types_and_byte_order_marks_are_ignored() {
    for text in [
        "<!DOCTYPE report><report><scan_run_status>Done</scan_run_status><ports/></report>",
        "\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<report><scan_run_status/><ports/></report>\n<!-- end -->",
    ] {
        assert!(sound("openvas", text).found.is_empty());
    }
    for (name, format) in SAMPLES {
        let marked = [b"\xef\xbb\xbf", sample(name).as_slice()].concat();
        assert_eq!(
            sound(format, marked).found,
            sound(format, sample(name)).found,
            "{name}"
        );
    }
}

#[test]
fn hostile_text_is_data() {
    let nasty = r"<script>\u202e\r\nBCC: x@y\n*b* <!channel> \u001b[31m\u0000";
    let text = format!(
        r#"{{"template-id":"{nasty}","matched-at":"{nasty}","info":{{"name":"{nasty}","severity":"low"}}}}"#
    );
    let found = sound("nuclei", text).found.remove(0);
    assert_eq!(found.title, "<script> BCC: x@y *b* <!channel> [31m");
    let location = found.location().map(str::to_owned);
    for text in [Some(found.title), location, found.rule_id] {
        assert!(
            !text
                .unwrap()
                .contains(|char: char| char.is_control() || char == '\u{202e}')
        );
    }
}

#[test]
fn many_entries_are_counted_and_duplicates_distinguished() {
    let item = r#"{"template-id":"t","matched-at":"x"}"#;
    let whole = sound("nuclei", item.repeat(20_000));
    assert_eq!((whole.found.len(), whole.skipped.len()), (20_000, 0));
    let first = whole.found[0].identity.whole;
    assert!(whole.found.iter().all(|found| found.identity.whole == first));
}
