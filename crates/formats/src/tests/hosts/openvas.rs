use super::*;

fn scan(inner: &str) -> Report {
    report(
        "openvas",
        format!("<report format_id='a'><report><gmp/>{inner}</report></report>"),
    )
}

fn result(host: &str, port: &str, rest: &str) -> String {
    format!(
        "<result><host>{host}<asset/><hostname>n</hostname></host><port>{port}</port><nvt oid='1.3'/>{rest}</result>"
    )
}

fn host(ip: &str, end: &str) -> String {
    format!("<host><ip>{ip}</ip><start>2026-01-03T09:00:00Z</start><end>{end}</end></host>")
}

// promise: P6
#[test]
fn the_report_of_another_tool_is_rejected() {
    let named = |text: Vec<u8>| {
        let format: &'static Format = "openvas".parse().unwrap();
        format
            .survey(&mut Cursor::new(text), &Options::default())
            .map(drop)
    };
    for name in ["wapiti", "arachni", "jacoco"] {
        let refused = named(case(&format!("19-xml-root-report/{name}.xml"))).unwrap_err();
        assert!(refused.to_string().to_lowercase().contains(name), "{refused}");
    }
    for text in [
        "<report/>",
        "<report><results/></report>",
        "<report><report/></report>",
        "<report><results/><errors/></report>",
    ] {
        let refused = named(text.into()).unwrap_err();
        assert!(refused.to_string().contains("OpenVAS"), "{refused}");
    }
    let clean = "<report><scan_run_status>Done</scan_run_status><results/></report>";
    assert!(report("openvas", clean).found.is_empty());
    let own = report("openvas", case("19-xml-root-report/openvas.xml"));
    assert_eq!((own.targets(), own.found.len()), (vec!["192.0.2.1"], 1));
    assert!(own.is_whole());
}

// promise: P3
#[test]
fn an_unfinished_scan_is_incomplete() {
    let end = "2026-01-03T10:00:00Z";
    let error =
        "<errors><count>2</count><error><host>b<asset/></host></error><error><host>b</host></error></errors>";
    let all = scan(&format!(
        "<scan_run_status>Done</scan_run_status><results>{}</results>{}{}{}{error}",
        result("d", "1/tcp", "<severity>-3.0</severity>"),
        host("a", end),
        host("b", end),
        host("c", "")
    ));
    assert_eq!(all.of("a").time, end.parse().ok());
    assert!(all.of("a").not_whole.is_empty());
    assert_eq!(all.of("b").not_whole, ["the scanner reports an error on b"]);
    assert_eq!(all.of("c").not_whole, ["the scan of c did not finish"]);
    assert_eq!(all.of("d").not_whole, ["the scanner reports an error on d"]);
    for (inner, reason) in [
        (
            "<scan_run_status>Stopped</scan_run_status>",
            "the scan is not finished: its status is Stopped",
        ),
        (
            "<ports/><errors><count>2</count><error/></errors>",
            "the scanner reports 2 errors and lists 1",
        ),
        (
            "<ports/><results start='1' max='10'/><result_count>250<filtered>250</filtered></result_count>",
            "the report shows 0 of 250 results, from number 1",
        ),
        (
            "<ports/><results start='11' max='10'/>",
            "the report shows 0 of 0 results, from number 11",
        ),
    ] {
        let all = scan(&format!("{inner}{}", host("a", end)));
        assert!(
            all.of("a").not_whole.contains(&reason.to_owned()),
            "{:?}",
            all.coverage
        );
    }
    let several = "<get_reports_response><report><ports/><task/></report><report/></get_reports_response>";
    let several = report("openvas", several);
    assert!(
        several.coverage[0]
            .not_whole
            .contains(&"the file contains several reports".to_owned())
    );
}

// promise: P8
#[test]
fn an_invalid_result_is_skipped_and_the_rest_is_read() {
    let bad = "<result><host>a</host></result><result><nvt oid='1'/></result>";
    let all = scan(&format!(
        "<ports/><results>{bad}{}</results>",
        result("a", "1/tcp", "")
    ));
    assert_eq!(all.found.len(), 1);
    assert_eq!(all.reasons(), ["`nvt.oid` is missing", "`host` is missing"]);
    assert_eq!(all.of("a").not_whole, ["2 entries could not be read"]);
}

// promise: M5
#[test]
fn an_upgrade_without_the_fix_and_another_spelling_keep_the_finding() {
    let with = |host: &str, port: &str, version: &str| {
        let text =
            format!("<description>Installed version: {version}\nFixed version: 117\nPath: x</description>");
        let all = scan(&format!(
            "<ports/><results>{}</results>",
            result(host, port, &text)
        ));
        all.only().identity.clone()
    };
    let (one, other) = (
        with("Web", "443/tcp", "116.0.3"),
        with("web", "https (443/tcp)", "116.0.4"),
    );
    assert_eq!(
        (one.group, one.keys, one.message),
        (other.group, other.keys, other.message)
    );
    // promise: M4
    assert_ne!(one.version, other.version);
    assert_ne!(one.keys, with("web", "8443/tcp", "116.0.3").keys);
}

// promise: P1
#[test]
fn everything_an_analyst_needs_is_kept() {
    let nvt = "<nvt oid='1.3'><tags>summary=S|cvss_base_vector=AV:N/AC:L/Au:N/C:C/I:C/A:C</tags><cvss_base>10.0</cvss_base>\
        <refs><ref type='cve' id='CVE-2023-1'/><ref type='cert-bund' id='WID-SEC-2023-2'/><ref type='cwe' id='CWE-79'/>\
        <ref type='cwe' id='89'/><ref type='url' id='https://x.test'/></refs></nvt>";
    let text = format!(
        "<ports/><results><result><host>a</host>{nvt}<creation_time>2026-01-03T10:00:00Z</creation_time></result></results>"
    );
    let details = scan(&text).only().details.clone();
    assert_eq!(details.identifiers, ["CVE-2023-1", "WID-SEC-2023-2"]);
    assert_eq!(details.cwes, ["CWE-79", "CWE-89"]);
    assert_eq!(details.references, ["https://x.test"]);
    assert_eq!(details.found_at, "2026-01-03T10:00:00Z".parse().ok());
    let cvss = details.cvss.unwrap();
    assert_eq!((cvss.version.as_str(), cvss.score), ("2.0", Some(10.0)));
    let newer = text.replace(
        "<cvss_base>",
        "<severities><severity><score>7.5</score><value>CVSS:3.1/AV:N</value></severity></severities><cvss_base>",
    );
    let cvss = scan(&newer).only().details.cvss.clone().unwrap();
    assert_eq!((cvss.version.as_str(), cvss.score), ("3.1", Some(7.5)));
    let older = "<result><host>a</host><nvt oid='1'><cve>CVE-2009-1, CVE-2009-2</cve><xref>URL:https://y.test</xref></nvt></result>";
    let details = scan(&format!("<ports/><results>{older}</results>"))
        .only()
        .details
        .clone();
    assert_eq!(details.identifiers, ["CVE-2009-1", "CVE-2009-2"]);
    assert_eq!(details.references, ["https://y.test"]);
}
