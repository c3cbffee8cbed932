//! Real scan reports through the API.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Server, World, databases, eventually};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/samples");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sarif"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 4, "the samples exist");
    samples
}

fn count(answer: &Value, what: &str) -> u64 {
    answer["counts"][what]
        .as_u64()
        .unwrap_or_else(|| panic!("no {what} in {}", answer["counts"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_entries_of_every_sample_are_counted_and_a_second_import_changes_nothing() {
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let world = World::create(&server.admin().await, server.address()).await;
        let manager = world.sign_in("mara").await;
        let query = format!("company_id={}&project_id={}", world.company, world.project);
        for sample in samples() {
            let name = format!(
                "{} on {}",
                sample.file_name().unwrap().to_string_lossy(),
                database.name
            );
            let report = std::fs::read(&sample).unwrap();
            let first = manager.import(&query, report.clone()).await.expect(201);
            let parts = ["created", "updated", "unchanged", "skipped"].map(|what| count(&first, what));
            assert_eq!(count(&first, "read"), parts.iter().sum::<u64>(), "{name}");
            assert_eq!(
                first["skipped"].as_array().unwrap().len() as u64,
                count(&first, "skipped"),
                "{name}"
            );
            for skipped in first["skipped"].as_array().unwrap() {
                assert!(!skipped["reason"].as_str().unwrap().is_empty(), "{name}");
            }
            let findings = manager.get("/findings?limit=200").await.expect(200);
            let second = manager.import(&query, report).await.expect(201);
            assert_eq!(count(&second, "read"), count(&first, "read"), "{name}");
            assert_eq!(
                count(&second, "unchanged"),
                count(&first, "read") - count(&first, "skipped"),
                "{name}"
            );
            for what in ["created", "updated", "reopened", "closed"] {
                assert_eq!(count(&second, what), 0, "{name}: {what}");
            }
            let again = manager.get("/findings?limit=200").await.expect(200);
            let fields = |page: &Value| {
                let fields = |item: &Value| {
                    (
                        item["id"].clone(),
                        item["status"].clone(),
                        item["updated_at"].clone(),
                    )
                };
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(fields)
                    .collect::<Vec<_>>()
            };
            assert_eq!(fields(&findings), fields(&again), "{name}");
            println!("{name}: {}", first["counts"]);
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_scan_report_is_refused_with_the_position_and_changes_nothing() {
    let good = std::fs::read(&samples()[0]).unwrap();
    let deep = "[".repeat(100_000);
    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("truncated", good[..good.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("binary", (0..=255).cycle().take(4096).collect()),
        ("deep", deep.clone().into_bytes()),
        (
            "deep inside",
            format!(r#"{{"version":"2.1.0","runs":[{{"properties":{deep}"#).into_bytes(),
        ),
        (
            "another schema",
            br#"{"openapi":"3.1.0","info":{"title":"x"}}"#.to_vec(),
        ),
        (
            "runs of the wrong type",
            br#"{"version":"2.1.0","runs":{"tool":1}}"#.to_vec(),
        ),
        ("a version of its own", br#"{"version":"9","runs":[]}"#.to_vec()),
    ];
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let world = World::create(&server.admin().await, server.address()).await;
        let manager = world.sign_in("mara").await;
        for (name, report) in &hostile {
            let answer = manager
                .import(&format!("company_id={}", world.company), report.clone())
                .await;
            assert_eq!(answer.status, 422, "{name}: {}", answer.body);
            let text = answer.body.to_string();
            assert!(text.len() > 80 && text.len() < 2000, "{name}: says where: {text}");
        }
        let otto = world.sign_in("otto").await;
        let answer = otto
            .import(&format!("company_id={}", world.company), good.clone())
            .await;
        assert_eq!(answer.status, 404, "another company's: {}", answer.body);
        for list in ["/findings", "/scans"] {
            let page = manager.get(list).await.expect(200);
            assert_eq!(
                page["items"].as_array().unwrap().len(),
                0,
                "{list} on {}",
                database.name
            );
        }
        server.stop().await;
    }
}

/// A scan report with this many results, each a separate finding.
fn large(results: usize) -> Vec<u8> {
    let results: Vec<String> = (0..results)
        .map(|n| {
            format!(
                r#"{{"ruleId":"r{}","level":"error","message":{{"text":"finding {n}"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/f{n}.c"}},"region":{{"startLine":{n}}}}}}}]}}"#,
                n % 50
            )
        })
        .collect();
    let results = results.join(",");
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"Gen"}}}},"results":[{results}]}}]}}"#
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_findings_create_one_notification_and_few_frames() {
    for database in databases().await {
        let server = Server::start(&database, &[]).await;
        let world = World::create(&server.admin().await, server.address()).await;
        let (manager, analyst) = (world.sign_in("mara").await, world.sign_in("ana").await);
        // The completed import is an action of the user who ran it.
        let own = json!({"notify_own_actions": true});
        let answer = manager.call(reqwest::Method::PATCH, "/me", own).await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
        let mut stream = analyst.stream().await;
        let query = format!("company_id={}&project_id={}", world.company, world.project);
        let answer = manager.import(&query, large(10_000)).await.expect(201);
        assert_eq!(count(&answer, "created"), 10_000, "{}", database.name);
        let (mut frames, mut found) = (0, 0);
        loop {
            let frame = stream.next().await.unwrap();
            match frame["type"].as_str().unwrap() {
                "finding.created" => {
                    frames += 1;
                    found += frame["data"]["count"].as_u64().unwrap_or(1);
                    assert!(frame.to_string().len() < 8000, "a frame has a limit");
                }
                "resync" => panic!("a reading client missed a frame"),
                "scan.completed" => break,
                _ => {}
            }
        }
        assert_eq!(found, 10_000, "{}", database.name);
        assert!(frames <= 100, "{}: {frames} frames", database.name);
        let summary = eventually("the manager's notification", || async {
            let summary = manager.get("/notifications/summary").await.expect(200);
            (summary["total"] != 0).then_some(summary)
        })
        .await;
        assert_eq!(
            summary["total"], 1,
            "{}: one notification for the import",
            database.name
        );
        server.stop().await;
    }
}
