//! More kinds of fault represented by the cases, in other formats: places, statements, other tools, tables.

use serde_json::{Value, json};

use crate::{
    cases::refused,
    siblings::{fresh, list, only, whole},
    tools::{cyclonedx, grype, nessus, nuclei, openvas, sarif, semgrep, zap, zap_xml},
    world::World,
};

// promise: M2
#[tokio::test]
async fn siblings_of_12_the_order_of_places_does_not_matter() {
    let grype_at = |paths: [&str; 2]| {
        let mut report: Value =
            serde_json::from_str(&grype("shop:1", &[("CVE-1", "p", "1.0", "a")])).unwrap();
        report["matches"][0]["artifact"]["locations"] = json!([{"path": paths[0]}, {"path": paths[1]}]);
        report.to_string()
    };
    let affects = |refs: [&str; 2]| {
        let mut report: Value = serde_json::from_str(&cyclonedx(
            "shop",
            &[("CVE-1", "a", "1.0", ""), ("CVE-1", "b", "1.0", "")],
        ))
        .unwrap();
        report["vulnerabilities"] = json!([{"id": "CVE-1", "ratings": [{"severity": "high"}],
            "affects": refs.map(|name| json!({"ref": format!("pkg:npm/{name}@1.0")}))}]);
        report.to_string()
    };
    let sarif_at = |files: [&str; 3]| {
        let mut report: Value = serde_json::from_str(&sarif("T", &[("r", "a", 1, "", "m")])).unwrap();
        report["runs"][0]["results"][0]["locations"] = files
            .map(|uri| json!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}))
            .into_iter()
            .collect();
        report.to_string()
    };
    for mut world in World::all().await {
        for (name, first, second, places) in [
            (
                "zap",
                zap(&[("https://a.test", &["/x", "/y"])]).to_string(),
                zap(&[("https://a.test", &["/y", "/x"])]).to_string(),
                2,
            ),
            (
                "zap xml",
                zap_xml("https://a.test", &["/x", "/y"]),
                zap_xml("https://a.test", &["/y", "/x"]),
                2,
            ),
            ("grype", grype_at(["a/p", "b/p"]), grype_at(["b/p", "a/p"]), 2),
            ("cyclonedx", affects(["a", "b"]), affects(["b", "a"]), 1),
            ("sarif", sarif_at(["a", "b", "c"]), sarif_at(["c", "a", "b"]), 3),
        ] {
            fresh(&mut world, name).await;
            let created = whole(&world, name, first).await[1];
            for (_, _, id) in list(&world).await {
                assert_eq!(world.view(id).await["locations_count"], places, "{name}");
            }
            assert_eq!(
                whole(&world, name, second).await,
                [created, 0, 0, 0, 0, created, 0],
                "{name}"
            );
        }
    }
}

// promise: P1
#[tokio::test]
async fn siblings_of_14_entries_marked_as_not_a_problem_create_no_findings() {
    let mut ignored: Value = serde_json::from_str(&grype("shop:1", &[("CVE-1", "p", "1.0", "l")])).unwrap();
    let one = ignored["matches"][0].take();
    ignored["matches"] = json!([]);
    ignored["ignoredMatches"] = json!([one]);
    ignored["ignoredMatches"][0]["appliedIgnoreRules"] = json!([{"vulnerability": "CVE-1"}]);
    let mut passed: Value = serde_json::from_str(&sarif("T", &[("r", "a", 1, "", "m")])).unwrap();
    passed["runs"][0]["results"][0]["kind"] = json!("notApplicable");
    let mut vex: Value = serde_json::from_str(&cyclonedx("shop", &[("CVE-1", "p", "1.0", "")])).unwrap();
    vex["vulnerabilities"][0]["analysis"] =
        json!({"state": "not_affected", "justification": "code_not_reachable"});
    let xml = "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\" version=\"1\"><vulnerabilities><vulnerability><id>CVE-1</id>\
        <ratings><rating><severity>high</severity></rating></ratings><affects><target><ref>acme</ref><versions><version>\
        <version>1.0</version><status>unaffected</status></version></versions></target></affects></vulnerability>\
        </vulnerabilities></bom>";
    for mut world in World::all().await {
        for (name, report) in [
            ("grype", ignored.to_string()),
            ("sarif", passed.to_string()),
            ("cyclonedx", vex.to_string()),
            ("cyclonedx xml", xml.to_owned()),
        ] {
            fresh(&mut world, name).await;
            let answer = world.import(report).await;
            assert_eq!(answer.counts(), [1, 0, 0, 0, 0, 0, 1], "{name}: {}", answer.body);
            assert!(!answer.body["skipped"][0]["reason"].as_str().unwrap().is_empty());
            assert_eq!(list(&world).await, [], "{name}");
        }
    }
}

// promise: P6
#[tokio::test]
async fn siblings_of_18_and_19_clean_reports_of_others_are_rejected() {
    for world in World::all().await {
        world
            .import(semgrep(&[("r", "a.py", 1, "a()", "A.")]))
            .await
            .counts();
        let files = [
            (
                "gosec",
                r#"{"Golang errors":{},"Issues":[],"Stats":{"files":1},"GosecVersion":"2"}"#,
                "gosec",
            ),
            (
                "kics",
                r#"{"kics_version":"1","queries":[],"files_scanned":1}"#,
                "KICS",
            ),
            (
                "njsscan",
                r#"{"errors":[],"njsscan_version":"0.3","nodejs":{},"templates":{}}"#,
                "njsscan",
            ),
            (
                "eslint",
                r#"[{"filePath":"a.js","messages":[],"errorCount":0}]"#,
                "ESLint",
            ),
            (
                "gitleaks",
                r#"[{"RuleID":"a","Fingerprint":"x","Commit":"c","Match":"m","Secret":"s"}]"#,
                "gitleaks",
            ),
            ("nmap", "<nmaprun scanner=\"nmap\"><host/></nmaprun>", "Nmap"),
            (
                "burp",
                "<issues burpVersion=\"2024\" exportTime=\"x\"></issues>",
                "Burp",
            ),
            (
                "junit",
                "<testsuites><testsuite name=\"a\"/></testsuites>",
                "JUnit",
            ),
            (
                "checkstyle",
                "<checkstyle version=\"10\"></checkstyle>",
                "Checkstyle",
            ),
            ("semgrep?", r#"{"results":[]}"#, "not recognized"),
            ("grype?", r#"{"matches":[]}"#, "not recognized"),
            ("trivy?", r#"{"SchemaVersion":2}"#, "not recognized"),
            ("zap?", r#"{"site":[]}"#, "not recognized"),
            ("list", "[]", "not recognized"),
            ("bom", "<bom/>", "not recognized"),
            ("report", "<report/>", "not recognized"),
        ]
        .map(|(name, text, tool)| (name, text.as_bytes().to_vec(), tool));
        refused(&world, &files, None).await;
        refused(&world, &files[..9], Some("semgrep")).await;
        assert_eq!(world.open().await, ["open a.py:1"]);
    }
}

// promise: M6, P7
#[tokio::test]
async fn siblings_of_31_and_46_tables_of_tools_are_read_with_their_layout() {
    for mut world in World::all().await {
        // One CVE on three hosts, with an id column.
        fresh(&mut world, "sheet").await;
        let sheet = "id,title,severity,host,port\nCVE-1,T,high,a,443\nCVE-1,T,high,b,443\nCVE-1,T,high,b,8443\nCVE-1,T,high,b,8443\n";
        let answer = world.import(sheet).await;
        assert_eq!(answer.counts(), [4, 3, 0, 0, 0, 0, 1], "{}", answer.body);
        let places: Vec<_> = list(&world)
            .await
            .into_iter()
            .map(|(_, place, _)| place)
            .collect();
        assert_eq!(places, ["a:443", "b:443", "b:8443"]);
        fresh(&mut world, "testssl").await;
        let testssl = "\"id\",\"fqdn/ip\",\"port\",\"severity\",\"finding\",\"cve\",\"cwe\"\n\
            \"BEAST\",\"a.test/192.0.2.1\",\"443\",\"LOW\",\"VULNERABLE\",\"CVE-2011-3389\",\"CWE-20\"\n\
            \"BEAST\",\"b.test/192.0.2.2\",\"443\",\"LOW\",\"VULNERABLE\",\"CVE-2011-3389\",\"CWE-20\"\n\
            \"TLS1_2\",\"b.test/192.0.2.2\",\"443\",\"OK\",\"offered\",\"\",\"\"\n";
        let answer = world.import(testssl).await;
        assert_eq!(answer.counts(), [3, 2, 0, 0, 0, 0, 1], "{}", answer.body);
        let all = list(&world).await;
        assert!(
            all[0].1.contains("192.0.2.1") || all[0].1.contains("a.test"),
            "{all:?}"
        );
        assert_eq!(
            world.view(all[0].2).await["identifiers"],
            json!(["CVE-2011-3389"])
        );
        // A bare scale from 1 to 5 is rejected with its column, unless the caller states its meaning.
        let bare = "title,risk\nA,5\nB,1\n";
        let refused = world.import(bare).await;
        assert_eq!(refused.status.as_u16(), 422);
        assert!(refused.body.to_string().contains("risk"), "{}", refused.body);
        fresh(&mut world, "scale").await;
        let answer = world
            .import_with("&columns=severity:risk,critical:5,low:1", bare)
            .await;
        assert_eq!(answer.counts()[1], 2, "{}", answer.body);
        assert_eq!(
            answer.body["severities"]["created"],
            json!({"critical": 1, "low": 1})
        );
        // Tenable.io's word counts, not its number.
        fresh(&mut world, "tenable").await;
        let tenable = "Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output,\
            Asset UUID,Vulnerability State,IP Address,FQDN,NetBios,OS,MAC Address,Plugin Family,Severity\n\
            51192,,6.4,High,h,tcp,443,Cert,s,d,f,,o,u,Active,192.0.2.9,a.test,,,,General,3\n";
        let answer = world.import(tenable).await;
        assert_eq!(
            answer.body["severities"]["created"],
            json!({"high": 1}),
            "{}",
            answer.body
        );
    }
}

// promise: M4
#[tokio::test]
async fn siblings_of_44_a_verdict_covers_only_its_own_places() {
    let sarif_at = |files: &[&str]| {
        let mut report: Value = serde_json::from_str(&sarif("T", &[("r", "a", 1, "", "m")])).unwrap();
        report["runs"][0]["results"][0]["locations"] = files
            .iter()
            .map(|uri| json!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}))
            .collect();
        report.to_string()
    };
    let site = "https://a.test";
    for mut world in World::all().await {
        for (name, reports, new) in [
            (
                "nessus",
                [
                    nessus(&[("h", &[443])]),
                    nessus(&[("h", &[443, 8443])]),
                    nessus(&[("h", &[8443])]),
                ],
                "8443",
            ),
            (
                "openvas",
                [
                    openvas(&[("h", &[443])]),
                    openvas(&[("h", &[443, 8443])]),
                    openvas(&[("h", &[8443])]),
                ],
                "8443",
            ),
            (
                "nuclei",
                [
                    nuclei(&[("a.test", "/old")]),
                    nuclei(&[("a.test", "/old"), ("a.test", "/checkout")]),
                    nuclei(&[("a.test", "/checkout")]),
                ],
                "/checkout",
            ),
            (
                "zap xml",
                [
                    zap_xml(site, &["/old"]),
                    zap_xml(site, &["/checkout", "/old"]),
                    zap_xml(site, &["/checkout"]),
                ],
                "/checkout",
            ),
            (
                "sarif",
                [
                    sarif_at(&["a.tf"]),
                    sarif_at(&["a.tf", "b.tf"]),
                    sarif_at(&["b.tf"]),
                ],
                "b.tf",
            ),
        ] {
            fresh(&mut world, name).await;
            let [first, both, other] = reports;
            whole(&world, name, first).await;
            let judged = only(&world).await;
            world.judge(judged).await;
            for (step, report) in [("both", both), ("other", other)] {
                whole(&world, name, report).await;
                let mut open = false;
                for (status, _, id) in list(&world).await {
                    let places = world.view(id).await["locations"].to_string();
                    open |= status == "open" && places.contains(new);
                    assert!(
                        id != judged || status == "false_positive" && !places.contains(new),
                        "{name} {step}: {places}"
                    );
                }
                assert!(open, "{name} {step}: {:?}", list(&world).await);
            }
        }
    }
}
