use axum::http::StatusCode;

use crate::{
    tools::gzip,
    world::{World, sample},
};

/// Name, format and tool, then read, created, updated, reopened, closed, unchanged, skipped of the first import.
const SAMPLES: [(&str, &str, &str, [u64; 7]); 15] = [
    (
        "SuppressionTestCurrent.sarif",
        "sarif",
        "CodeScanner",
        [4, 1, 0, 0, 0, 0, 3],
    ),
    (
        "bash-report.sarif",
        "sarif",
        "Shell Script Analysis",
        [27, 12, 0, 0, 0, 0, 15],
    ),
    ("codeQL-output.sarif", "sarif", "CodeQL", [72, 72, 0, 0, 0, 0, 0]),
    (
        "taint-python-report.sarif",
        "sarif",
        "Python Security Analysis",
        [11, 11, 0, 0, 0, 0, 0],
    ),
    ("trivy.json", "trivy", "Trivy", [13, 13, 0, 0, 0, 0, 0]),
    ("nuclei.jsonl", "nuclei", "Nuclei", [18, 18, 0, 0, 0, 0, 0]),
    ("semgrep.json", "semgrep", "Semgrep", [3, 3, 0, 0, 0, 0, 0]),
    ("grype.json", "grype", "Grype", [1, 1, 0, 0, 0, 0, 0]),
    ("cyclonedx.json", "cyclonedx", "CycloneDX", [8, 8, 0, 0, 0, 0, 0]),
    ("openvas.xml", "openvas", "OpenVAS", [1, 1, 0, 0, 0, 0, 0]),
    ("zap.xml", "zap", "ZAP", [7, 7, 0, 0, 0, 0, 0]),
    ("made/nessus.nessus", "nessus", "Nessus", [7, 6, 0, 0, 0, 0, 1]),
    ("made/findings.csv", "csv", "CSV", [8, 5, 0, 0, 0, 0, 3]),
    // Another root component: another target.
    ("made/sbom.json", "cyclonedx", "CycloneDX", [6, 5, 0, 0, 0, 0, 1]),
    ("made/sbom.xml", "cyclonedx", "CycloneDX", [6, 0, 0, 0, 0, 5, 1]),
];

#[tokio::test]
async fn every_sample_is_imported_by_content_by_name_and_compressed() {
    for world in World::all().await {
        let database = world.database;
        for (name, format, tool, first) in SAMPLES {
            let answer = world.import(sample(name)).await;
            assert_eq!(answer.counts(), first, "{name} on {database}");
            assert_eq!(answer.body["scan"]["tool"], tool, "{name} on {database}");
            let [read, _, _, _, _, _, skipped] = first;
            let again = [read, 0, 0, 0, 0, read - skipped, skipped];
            let named = world.import_as(format, sample(name)).await;
            assert_eq!(named.counts(), again, "{name} by name on {database}");
            let packed = world.import(gzip(&sample(name))).await;
            assert_eq!(packed.counts(), again, "{name} packed on {database}");
        }
        let open: Vec<String> = world
            .column("select tool from findings where status <> 'closed' group by tool order by tool")
            .await;
        assert_eq!(open.len(), 13, "each tool has its own: {database}");
        world.assert_nothing_spooled();
    }
}

#[tokio::test]
async fn what_a_tool_no_longer_reports_is_closed_and_reopened_when_found_again() {
    let table = |rows: &[&str]| format!("title,severity\n{}\n", rows.join("\n"));
    for world in World::all().await {
        world.import(sample("semgrep.json")).await.counts();
        let query = "&close=auto&target=pentest";
        assert_eq!(
            world
                .import_with(query, table(&["a,low", "b,high"]))
                .await
                .counts(),
            [2, 2, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            world.import_with(query, table(&["a,low"])).await.counts(),
            [1, 0, 0, 0, 1, 1, 0]
        );
        assert_eq!(
            world
                .import_with(query, table(&["b,low", "a,low"]))
                .await
                .counts(),
            [2, 0, 1, 1, 0, 1, 0],
            "found again, and less severe"
        );
        let open: Vec<String> = world
            .column("select title from findings where tool = 'CSV' and status <> 'closed' order by title")
            .await;
        assert_eq!(open, ["a", "b"]);
        let others: Vec<String> = world
            .column("select id from findings where tool = 'Semgrep' and status = 'open'")
            .await;
        assert_eq!(others.len(), 3, "another tool's are unchanged");
    }
}

#[tokio::test]
async fn a_scan_that_was_stopped_closes_nothing() {
    for world in World::all().await {
        world.import(sample("openvas.xml")).await.counts();
        let stopped = "<report><report><scan_run_status>Stopped</scan_run_status><results/><host><ip>10.0.101.2</ip>\
             <end>2023-10-05T10:00:00Z</end></host></report></report>";
        assert_eq!(world.import(stopped).await.counts(), [0; 7]);
        let done = stopped.replace("Stopped", "Done");
        assert_eq!(world.import(done).await.counts(), [0, 0, 0, 0, 1, 0, 0]);
    }
}

#[tokio::test]
async fn a_format_is_named_or_recognised_or_the_response_names_all() {
    for world in World::all().await {
        let before = world.state().await;
        for answer in [
            world.import_as("pdf", sample("zap.xml")).await,
            world.import("{}").await,
            world.import("<html/>").await,
            world.import("just text").await,
        ] {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            let all = "sarif, trivy, nuclei, semgrep, grype, cyclonedx, nessus, openvas, zap, csv";
            assert!(answer.body.to_string().contains(all), "{}", answer.body);
        }
        for (name, format) in [
            ("zap.xml", "nessus"),
            ("trivy.json", "grype"),
            ("grype.json", "csv"),
        ] {
            let answer = world.import_as(format, sample(name)).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{name} as {format}"
            );
        }
        assert_eq!(world.state().await, before);
    }
}

/// Bodies in every format that are rejected, each after a valid beginning, so that a fault at the end would find a
/// half-done import.
fn hostile() -> Vec<(&'static str, Vec<u8>, u16)> {
    let mut table = Vec::new();
    for (name, format, _, _) in SAMPLES {
        let whole = sample(name);
        // A table and lines may end after any line; the others are cut in many places.
        if !matches!(format, "csv" | "nuclei") {
            for part in [2, 3, 5, 9, 30] {
                table.push((format, whole[..whole.len() - whole.len() / part].to_vec(), 422));
            }
        }
        // Within a JSON string such a byte is allowed, and a control character in XML.
        let is_xml = whole.trim_ascii_start().starts_with(b"<");
        let end = if is_xml { b'<' } else { b'}' };
        let at = match format {
            "csv" => whole.len() * 4 / 5,
            _ => whole.iter().rposition(|byte| *byte == end).unwrap(),
        };
        let with = |bytes: &[u8]| [&whole[..at], bytes, &whole[at..]].concat();
        // An unreadable line is skipped, the others are not.
        if format != "nuclei" {
            if format != "csv" && !is_xml {
                table.push((format, with(b"\0"), 422));
            }
            table.push((format, with(b"\xff\xfe"), 422));
        }
        let packed = gzip(&whole);
        table.push((format, packed[..packed.len() - 5].to_vec(), 422));
        table.push((format, gzip(&packed), 422));
        let mut checksum = packed.clone();
        let last = checksum.len() - 7;
        checksum[last] ^= 0xff;
        table.push((format, checksum, 422));
    }
    let bomb = |start: &str, fill: &[u8]| {
        let fill = fill.repeat(45_000_000 / fill.len());
        gzip(&[start.as_bytes(), &fill].concat())
    };
    table.push(("csv", bomb("title,severity\na,low\n", b"b,low\n"), 413));
    table.push(("openvas", bomb("<report><results>", b"<result/>"), 413));
    table.push(("grype", bomb("{\"matches\":[", b"          "), 413));
    let laughs = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><report><results/>&b;</report>";
    table.push(("openvas", laughs.as_bytes().to_vec(), 422));
    let outside = "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><report>&x;</report>";
    table.push(("zap", outside.as_bytes().to_vec(), 422));
    table.push(("csv", b"title,severity\na,low\n\"b,low\n".to_vec(), 422));
    table.push((
        "csv",
        format!("title,severity{}", ",x".repeat(1_000_000)).into_bytes(),
        422,
    ));
    table.push(("nessus", "<a>".repeat(200_000).into_bytes(), 422));
    table.push(("trivy", "{\"a\":".repeat(200_000).into_bytes(), 422));
    table
}

#[tokio::test]
async fn hostile_reports_change_nothing() {
    let table = hostile();
    assert!(table.len() > 100);
    for world in World::all().await {
        let before = world.state().await;
        for (format, body, status) in &table {
            for answer in [
                world.import(body.clone()).await,
                world.import_as(format, body.clone()).await,
            ] {
                let start = String::from_utf8_lossy(&body[..body.len().min(60)]);
                assert_eq!(
                    answer.status.as_u16(),
                    *status,
                    "{format} {start}: {}",
                    answer.body
                );
                assert!(!answer.detail().is_empty());
            }
        }
        assert_eq!(world.state().await, before, "{}", world.database);
        world.assert_nothing_spooled();
    }
}

// promise: C7
#[tokio::test]
async fn cells_that_look_like_formulas_are_text() {
    for world in World::all().await {
        world
            .import("title,severity,location\n\"=HYPERLINK(\"\"x\"\")\",low,@a\n+1,high,-1\n")
            .await
            .counts();
        let findings = world.findings().await;
        let titles: Vec<_> = findings
            .iter()
            .map(|finding| (finding.title.as_str(), finding.location.as_str()))
            .collect();
        assert_eq!(titles, [("+1", "-1"), ("=HYPERLINK(\"x\")", "@a")]);
    }
}
