use super::*;

/// A scan report of these hosts.
fn scan(hosts: &[(&str, &str, &str)]) -> Report {
    let hosts = hosts.iter().map(|(name, properties, items)| {
        format!("<ReportHost name='{name}'><HostProperties>{properties}</HostProperties>{items}</ReportHost>")
    });
    let hosts = hosts.collect::<Vec<_>>().concat();
    report(
        "nessus",
        format!("<NessusClientData_v2><Report name='r'>{hosts}</Report></NessusClientData_v2>"),
    )
}

fn item(port: u16, plugin: u32, rest: &str) -> String {
    format!(
        "<ReportItem port='{port}' svc_name='www' protocol='tcp' severity='3' pluginID='{plugin}' pluginName='P'>{rest}</ReportItem>"
    )
}

const ENDED: &str = "<tag name='HOST_START'>Sat</tag><tag name='HOST_END'>Sat Jan  3 10:00:00 2026</tag><tag name='HOST_END_TIMESTAMP'>1767434400</tag>";

// promise: P3
#[test]
fn a_host_whose_scan_did_not_finish_is_incomplete_and_the_others_are_complete() {
    let dead = item(
        0,
        10180,
        "<plugin_output>The remote host (c) is considered as dead - not scanning</plugin_output>",
    );
    let all = scan(&[
        ("a", ENDED, ""),
        ("b", "<tag name='HOST_START'>Sat</tag>", &item(1, 1, "")),
        ("c", ENDED, &dead),
        ("d", "", ""),
    ]);
    assert_eq!(all.targets(), ["a", "b", "c", "d"], "hosts without items, too");
    assert_eq!(all.of("a").time, "2026-01-03T10:00:00Z".parse().ok());
    assert_eq!(all.of("b").not_whole, ["the scan of b did not finish"]);
    assert_eq!(all.of("c").not_whole, ["c did not answer"]);
    for name in ["a", "d"] {
        assert!(all.of(name).not_whole.is_empty(), "{name}");
    }
    assert_eq!(scan(&[]).coverage[0].not_whole, ["the report names no host"]);
}

// promise: P8
#[test]
fn an_invalid_item_is_skipped_and_the_rest_is_read() {
    let bad = "<ReportItem port='1' severity='9' pluginID='7'/><ReportItem severity='1'/>";
    let all = scan(&[
        ("a", ENDED, &(bad.to_owned() + &item(1, 1, ""))),
        ("", "", &item(1, 2, "")),
    ]);
    assert_eq!(all.found.len(), 1);
    assert_eq!(
        all.reasons(),
        [
            "`severity` must be 0 to 4",
            "`pluginID` is missing",
            "the host has no `name`"
        ]
    );
    assert!(all.skipped.iter().all(|skip| skip.unreadable));
    assert_eq!(all.of("a").not_whole, ["3 entries could not be read"]);
}

// promise: M6
#[test]
fn ports_hosts_and_outputs_are_distinguished() {
    let output = |text: &str| item(443, 1, &format!("<plugin_output>{text}</plugin_output>"));
    let items = [
        item(443, 1, ""),
        item(8443, 1, ""),
        item(443, 2, ""),
        output("Path : /opt/a"),
        output("Path : /opt/b"),
    ]
    .concat();
    let all = scan(&[("a", ENDED, &items), ("b", ENDED, &items)]);
    let mut identities = all.identities();
    identities.sort();
    identities.dedup();
    assert_eq!(identities.len(), 10);
    let of_a: std::collections::BTreeSet<_> =
        all.found[..5].iter().map(|(_, one)| one.identity.keys).collect();
    assert_eq!(of_a.len(), 3, "two ports and two plugins");
    let (one, other) = (&all.found[3].1.identity, &all.found[4].1.identity);
    assert_eq!((one.group, one.keys), (other.group, other.keys));
    assert_ne!(one.message, other.message);
}

// promise: M5
#[test]
fn an_upgrade_without_the_fix_and_another_spelling_keep_the_finding() {
    let with = |host: &str, version: &str, fixed: &str| {
        let output = format!(
            "<plugin_output>\n  Path              : /usr/sbin/sshd\n  Installed version : {version}\n  Fixed version     : {fixed}\n</plugin_output>"
        );
        scan(&[(host, ENDED, &item(22, 201_194, &output))]).only().clone()
    };
    let (before, after) = (
        with("DC01.corp", "8.4p1", "9.8"),
        with("dc01.corp.", "9.2", "9.8p1"),
    );
    let (one, other) = (&before.identity, &after.identity);
    assert_eq!(
        (one.group, one.keys, one.message),
        (other.group, other.keys, other.message)
    );
    // promise: M4
    assert_ne!(
        one.version, other.version,
        "a verdict on one version does not cover another"
    );
    assert_eq!(before.location(), Some("DC01.corp:22/tcp"), "as it is written");
}

// promise: P1
#[test]
fn everything_an_analyst_needs_is_kept() {
    let cves: String = (0..180).fold(String::new(), |all, at| {
        all + &format!("<cve>cve-2024-{at:04}</cve>")
    });
    let rest = format!(
        "{cves}<cwe>79</cwe><xref>CWE:89</xref><xref>MSFT:MS17-010</xref><xref>URL:https://x.test/a</xref>\
         <see_also>https://x.test/b\nhttps://x.test/c</see_also><cvss_base_score>10.0</cvss_base_score>\
         <cvss_vector>CVSS2#AV:N/AC:L/Au:N/C:C/I:C/A:C</cvss_vector><cvss3_base_score>8.1</cvss3_base_score>\
         <cvss3_vector>CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector>"
    );
    let properties =
        format!("{ENDED}<tag name='host-fqdn'>web.example</tag><tag name='host-ip'>192.0.2.1</tag>");
    let found = scan(&[("192.0.2.1", &properties, &item(443, 1, &rest))])
        .only()
        .clone();
    let details = &found.details;
    assert_eq!(details.identifiers.len(), 181);
    assert_eq!(details.identifiers[0], "CVE-2024-0000");
    assert_eq!(details.identifiers[180], "MSFT:MS17-010");
    assert_eq!(details.cwes, ["CWE-79", "CWE-89"]);
    assert_eq!(
        details.references,
        ["https://x.test/b", "https://x.test/c", "https://x.test/a"]
    );
    let rating = details.cvss.clone().unwrap();
    assert_eq!(
        (rating.version.as_str(), rating.score),
        ("3.1", Some(8.1)),
        "the rating that the severity came from"
    );
    assert!(
        found.description.contains("cve-2024-0049 … and 130 more"),
        "{}",
        found.description
    );
    assert!(found.description.contains("Host: web.example"));
}
