use axum::http::StatusCode;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::world::{World, made, report, run, sample, simple};

const NO_MARKS: &str = "the format is not recognized";

/// Bodies with one unreadable result, with a part of the message.
fn skipped() -> Vec<(Vec<u8>, &'static str)> {
    let sound = simple(&["a", "b"]);
    let replaced = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1).into_bytes()
    };
    vec![
        (
            replaced("\"results\":[", "\"results\":[null,"),
            "runs[0].results[0]",
        ),
        (replaced("\"level\":\"warning\"", "\"level\":\"bad\""), "level: "),
        (
            replaced("\"startLine\":1", "\"startLine\":99999999999999999999"),
            "startLine: ",
        ),
        (replaced("\"startLine\":1", "\"startLine\":1.5"), "startLine: "),
        (
            replaced("\"ruleId\":\"a\"", "\"ruleId\":\"a\",\"ruleId\":\"a\""),
            "`ruleId` occurs twice",
        ),
        (
            sound.replace("\"ruleId\":\"b\"", "\"ruleId\":7").into_bytes(),
            "runs[0].results[1]",
        ),
    ]
}

// promise: P3, P8
#[tokio::test]
async fn one_bad_result_is_skipped_with_its_reason_and_closes_nothing() {
    for world in World::all().await {
        world.import(simple(&["a", "b", "c"])).await.counts();
        let before = world.short().await;
        for (body, what) in skipped() {
            let start = String::from_utf8_lossy(&body).into_owned();
            let answer = world.import(body).await;
            let counts = answer.counts();
            assert_eq!(
                (counts[1], counts[4], counts[6]),
                (0, 0, 1),
                "{start}: {}",
                answer.body
            );
            assert_eq!(answer.body["whole"], false, "{start}");
            assert!(
                answer.body["skipped"].to_string().contains(what),
                "{what}: {}",
                answer.body
            );
            assert_eq!(world.short().await, before, "{start}");
        }
    }
}

// promise: P8
#[tokio::test]
async fn one_bad_character_does_not_reject_a_report() {
    for world in World::all().await {
        let sound = simple(&["a", "b"]);
        for bad in [
            &br"\ud800"[..],
            br"\udc00\ud800",
            b"\xff",
            b"\0",
            br"\u0000",
            b"\x1b",
            br"\x",
        ] {
            let halves = sound.split_once("\"ruleId\":\"a\"").unwrap();
            let body = [
                halves.0.as_bytes(),
                b"\"ruleId\":\"a",
                bad,
                b"\"",
                halves.1.as_bytes(),
            ];
            let answer = world.import(body.concat()).await;
            let counts = answer.counts();
            assert_eq!((counts[0], counts[6]), (2, 0), "{}", answer.body);
            assert_eq!(answer.body["whole"], true, "{}", answer.body);
        }
    }
}

/// Invalid scan reports, with a part of the message.
fn refused() -> Vec<(Vec<u8>, &'static str)> {
    let sound = simple(&["a", "b"]);
    let replaced = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1).into_bytes()
    };
    let deep = |open: &str| open.repeat(100_000).into_bytes();
    let mut table: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty"),
        (b"   ".to_vec(), "line 1"),
        (b"hello".to_vec(), "no column `title`"),
        (vec![0; 4096], "line 1, column 1"),
        ((0..=255).collect(), "line 1"),
        (b"<?xml version=\"1.0\"?>".to_vec(), "ends too early"),
        (b"{\"runs\":{}}".to_vec(), NO_MARKS),
        (b"{\"version\":\"2.1.0\"}".to_vec(), NO_MARKS),
        (deep("["), "deeper than 127"),
        (deep("{\"a\":"), "deeper than 127"),
        (deep("{\"runs\":["), "deeper than 127"),
        (replaced("\"2.1.0\"", "\"2.0.0\""), "version: "),
        (replaced("\"2.1.0\"", "[\"2.1.0\"]"), "version: "),
        (replaced("\"runs\":[", "\"runs\":[3,"), "runs[0]: "),
        (replaced("\"runs\"", "\"ruins\""), NO_MARKS),
        (replaced("\"tool\"", "\"tooth\""), "runs[0].tool: missing"),
        (
            replaced("\"name\":\"Saw\"", "\"name\":{}"),
            "runs[0].tool.driver.name: ",
        ),
        (replaced("\"results\":[", "\"results\":\"["), "line 1"),
        (
            replaced("\"startLine\":1", "\"startLine\":1e999"),
            "a number is too large",
        ),
        (replaced("\"startLine\":1", "\"startLine\":-"), "line 1"),
        (replaced("\"startLine\":1", "\"startLine\":01"), "line 1"),
        (
            [sound.as_bytes(), b"{}"].concat(),
            "there is more text after the end",
        ),
        (
            [&sound.as_bytes()[..1], b"\xff\xff", &sound.as_bytes()[1..]].concat(),
            "line 1",
        ),
    ];
    for name in ["codeQL-output.sarif", "bash-report.sarif"] {
        let whole = sample(name);
        for part in [2, 3, 10, 100] {
            table.push((
                whole[..whole.len() - whole.len() / part].to_vec(),
                "ends too early",
            ));
        }
        table.push((whole[..whole.len() - 2].to_vec(), "ends too early"));
    }
    table
}

#[tokio::test]
async fn hostile_reports_are_rejected_with_their_place_and_change_nothing() {
    for world in World::all().await {
        world.import(simple(&["a"])).await.counts();
        let before = world.state().await;
        let table = refused();
        assert!(table.len() >= 30);
        for (body, what) in table {
            let start = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
            let answer = world.import(body).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{start}: {}",
                answer.body
            );
            assert!(answer.detail().contains(what), "{start}: {}", answer.detail());
            let named = what == NO_MARKS || answer.detail().contains("line ");
            assert!(named, "{start}: {}", answer.detail());
        }
        assert_eq!(world.state().await, before, "{}", world.database);
        world.assert_nothing_spooled();
    }
}

// promise: C7
#[tokio::test]
async fn hostile_text_is_stored_as_one_clean_line() {
    for world in World::all().await {
        let nasty = r"<img src=x>\u0000 \u202e\r\nBcc: x@example.org *b* @channel \u001b[0m";
        let text = simple(&["a"])
            .replace("It is so.", nasty)
            .replace("\"ruleId\":\"a\"", &format!("\"ruleId\":\"{nasty}\""))
            .replace("Saw", r"Saw\u0000\n");
        world.import(text.clone()).await.counts();
        assert_eq!(world.import(text).await.counts(), [1, 0, 0, 0, 0, 1, 0]);
        let finding = world.findings().await.remove(0);
        assert_eq!(finding.tool, "Saw");
        for text in [&finding.title, &finding.rule_id, &finding.location] {
            let hostile = |char: char| char.is_control() || char == '\u{202e}';
            assert!(!text.is_empty() && !text.contains(hostile), "{text:?}");
        }
    }
}

/// Whatever is cut or changed in a scan report: it is imported completely, or rejected and nothing is changed.
#[test]
fn mangled_reports_are_imported_or_change_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::all()).remove(0);
    let samples = ["SuppressionTestCurrent.sarif", "taint-python-report.sarif"].map(sample);
    let edit = (any::<prop::sample::Index>(), 0..4_u8, any::<u8>(), 1..300_usize);
    let edits = (0..samples.len(), prop::collection::vec(edit, 1..4));
    let config = Config {
        cases: 150,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&edits, |(sample, edits)| {
        let mut bytes = samples[sample].clone();
        for (at, edit, byte, length) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + length).min(bytes.len());
            match edit {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    if let Some(place) = bytes.get_mut(at) {
                        *place = byte;
                    }
                }
                _ => {
                    let part = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, part));
                }
            }
        }
        runtime.block_on(async {
            let before = world.state().await;
            let answer = world.import(bytes).await;
            match answer.status {
                StatusCode::CREATED => {
                    answer.counts();
                }
                StatusCode::UNPROCESSABLE_ENTITY => {
                    let has_place =
                        answer.detail().contains("line ") || answer.detail().contains("not recognized");
                    prop_assert!(has_place, "{}", answer.detail());
                    prop_assert_eq!(world.state().await, before);
                }
                other => prop_assert!(false, "{}: {}", other, answer.body),
            }
            Ok(())
        })
    });
    outcome.unwrap();
    world.assert_nothing_spooled();
}

// promise: P3
#[tokio::test]
async fn a_reason_names_the_target_of_a_report_about_several() {
    let part = |id: &str, runs: serde_json::Value| {
        let mut run = run("Saw", &[made("a")]);
        run["automationDetails"] = json!({"id": id});
        run["invocations"] = json!([{"executionSuccessful": runs}]);
        run
    };
    for world in World::all().await {
        let (sound, failed) = (part("web/", json!(true)), part("api/", json!(false)));
        let answer = world.import(report(&[sound, failed.clone()])).await;
        assert_eq!(
            answer.body["not_whole"],
            json!(["api/: the tool reports a failed run"]),
            "{}",
            answer.body
        );
        let answer = world.import(report(&[failed])).await;
        assert_eq!(answer.body["not_whole"], json!(["the tool reports a failed run"]));
    }
}
