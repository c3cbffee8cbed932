//! Feeds with hostile titles next to the JSON of the same entries, written for parsers in other languages:
//! `tests/foreign`.

use std::{fs, path::PathBuf};

use access::testing;
use records::scans;
use serde_json::{Value, json};
use store::params;

use crate::world::{World, day, due, time};

/// What no scan report should contain.
const HOSTILE: [&str; 14] = [
    "a\r\nATTENDEE:mailto:x@y.example",
    "a\rEND:VEVENT\rBEGIN:VEVENT\rUID:b",
    "a\nDTSTART:20260101T000000Z",
    "a\\nEND:VCALENDAR",
    "tab\tline\u{2028}paragraph\u{2029}next\u{85}bell\u{7}escape\u{1b}[0m",
    ";VALUE=DATE:20260101,\"x\"",
    "ends with a backslash \\",
    "\\\\;;,,\\n\\N\\r",
    "\u{202e}gnp.exe\u{feff}",
    " blanks   everywhere ",
    "BEGIN:VALARM",
    "{}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}x",
    "\"quoted\": %s {0} $HOME `id` <script>",
    "100% ^n ^' ^^",
];

/// The titles of the channels' own fixtures, these, and long ones in characters of every width.
fn titles(folder: &std::path::Path) -> Vec<String> {
    let theirs = fs::read_to_string(folder.join("titles.json")).unwrap_or("[]".to_owned());
    let mut titles: Vec<String> = serde_json::from_str(&theirs).unwrap();
    titles.extend(HOSTILE.map(str::to_owned));
    for shift in 0..4 {
        for char in ["x", "ä", "日", "😀", ", ", "; ", "\\"] {
            titles.push("-".repeat(shift) + &char.repeat(90));
        }
    }
    titles
}

/// A record of each kind for each title, with their names.
async fn fill(world: &World, titles: &[String]) -> Value {
    let mut names = json!({});
    for title in titles {
        let project = world
            .project(&world.ours, [Some(day("2026-04-02")), Some(day("2026-04-30"))])
            .await;
        let at = "2026-04-12T13:14:15.123456789Z";
        let scan = world
            .scan(&world.ours, Some(&project), scans::Status::Scheduled, time(at))
            .await;
        let wanted = due(Some("2026-04-10T12:00:00Z"), Some("2026-05-10T23:59:59Z"));
        let finding = world.finding(&world.ours, Some(&project), wanted, &[]).await;
        let agreement = world.agreement(&world.ours, "active", day("2026-05-31")).await;
        for (table, column, id) in [
            ("projects", "name", project.id),
            ("scans", "name", scan),
            ("findings", "title", finding),
            ("agreements", "name", agreement),
        ] {
            let called = title.clone();
            let done = world.store.write(move |tx| {
                let sql = format!("update {table} set {column} = $2 where id = $1");
                tx.execute(&sql, params![id, called])
            });
            done.await.unwrap();
            names[id.to_string()] = base::text::line(title, 200).into();
        }
    }
    names
}

/// Writes nothing and passes unless `CAMPANILE_FIXTURES` names a folder.
#[tokio::test]
async fn are_written_for_foreign_parsers() {
    let Some(folder) = std::env::var_os("CAMPANILE_FIXTURES").map(PathBuf::from) else {
        return;
    };
    let world = World::all().await.swap_remove(0);
    let names = fill(&world, &titles(&folder)).await;
    let body = json!({"name": "Feeds, \\ and; more 日本語", "alarms": [0, 15, 1440]});
    let made = world
        .send(Some(&world.viewer), "POST", "/me/calendar-feeds", Some(&body))
        .await;
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("https://campanile.example/api/v1").unwrap();
    let feed = world.feed(&world.viewer, "limit=5000").await;
    assert_eq!(feed["next_cursor"], Value::Null);
    let folder = folder.join("calendar");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("feed.ics"), world.fetch(path, None).await.text()).unwrap();
    let known =
        json!({"items": feed["items"], "names": names, "alarms": body["alarms"], "name": body["name"]});
    fs::write(folder.join("items.json"), known.to_string()).unwrap();
    testing::minimal_messages(&world.store, world.ours.id, true).await;
    fs::write(folder.join("minimal.ics"), world.fetch(path, None).await.text()).unwrap();
}
