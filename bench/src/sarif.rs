//! Reads SARIF reports of 200 MB in several shapes: megabytes per second compared with a bare parse of the same file that
//! keeps nothing, and the peak memory while reading, in one run.
//!
//! `cargo run --release -p bench --bin bench-sarif [megabytes]`
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

use std::{
    collections::BTreeSet,
    fmt::Display,
    fs::File,
    io::{BufReader, BufWriter, Seek, Write},
    time::Instant,
};

use formats::{Outcome, Surveyed, sarif::Report};

/// The content of a report: the items of `rules` and `results`, until the size is reached.
struct Shape {
    name: &'static str,
    /// The list that grows.
    list: &'static str,
    item: fn(u64) -> String,
    /// The most items.
    most: u64,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "results of a real size",
        list: "results",
        item: |n| {
            format!(
                r#"{{"ruleId":"js/xss/{}","ruleIndex":0,"message":{{"text":"Cross-site scripting due to [a value](1) in handler {n}."}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/module{}/file{n}.js","uriBaseId":"%SRCROOT%"}},"region":{{"startLine":{},"startColumn":5,"snippet":{{"text":"    response.write(request.query.value{n});\n"}}}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{n:016x}:1"}},"codeFlows":[{{"threadFlows":[{{"locations":[{{"location":{{"physicalLocation":{{"artifactLocation":{{"uri":"a.js"}}}}}}}}]}}]}}]}}"#,
                n % 40,
                n % 300,
                n % 5000
            )
        },
        most: u64::MAX,
    },
    Shape {
        name: "a million small results",
        list: "results",
        item: |n| format!(r#"{{"message":{{"text":"{n}"}}}}"#),
        most: 1_000_000,
    },
    Shape {
        name: "a million times the same result",
        list: "results",
        item: |_| r#"{"message":{"text":"m"}}"#.to_owned(),
        most: 1_000_000,
    },
    Shape {
        name: "50,000 rules of long texts",
        list: "rules",
        item: |n| {
            format!(
                r#"{{"id":"r{n}","help":{{"text":"{0}"}},"fullDescription":{{"text":"{0}"}}}}"#,
                "help ".repeat(400)
            )
        },
        most: 50_000,
    },
    Shape {
        name: "strings of 15 MB",
        list: "results",
        item: |_| format!(r#"{{"message":{{"text":"{}"}}}}"#, "a".repeat(15_000_000)),
        most: u64::MAX,
    },
];

fn main() {
    let megabytes = std::env::args()
        .nth(1)
        .map_or(200, |text| text.parse::<u64>().unwrap());
    for shape in SHAPES {
        let mut file = write(&shape, megabytes * 1_000_000);
        let size = file.stream_position().unwrap();
        let bare = seconds(|| {
            file.rewind().unwrap();
            let _: serde::de::IgnoredAny = serde_json::from_reader(BufReader::new(&file)).unwrap();
        });
        // Writing 5 here resets the peak to the current use.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = memory("VmRSS");
        let (mut found, mut skipped, mut checking) = (0_u64, 0_u64, 0.0);
        let whole = seconds(|| {
            let started = Instant::now();
            let report = Report::check(&mut file).unwrap();
            checking = started.elapsed().as_secs_f64();
            let root = report.paths().root("", &BTreeSet::new()).path;
            let mut count = |_: &dyn Display, outcome: Outcome| {
                match outcome {
                    Outcome::Found(..) => found += 1,
                    Outcome::Skipped(_) => skipped += 1,
                }
                true
            };
            report.each(&mut file, &root, &mut count).unwrap();
        });
        let peak = memory("VmHWM").saturating_sub(before);
        println!(
            "{}: {} MB, {found} found, {skipped} skipped; bare parse {bare:.2} s, check {checking:.2} s, all \
             {whole:.2} s ({:.1} times bare); peak {} MB above {} MB",
            shape.name,
            size / 1_000_000,
            whole / bare,
            peak / 1000,
            before / 1000,
        );
    }
}

/// A report of this shape and about this size, in a file without a name.
fn write(shape: &Shape, size: u64) -> File {
    let mut out = BufWriter::new(tempfile::tempfile_in(".").unwrap());
    write!(
        out,
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T","rules":["#
    )
    .unwrap();
    if shape.list == "rules" {
        items(&mut out, shape, size);
    }
    write!(out, r#"]}}}},"results":["#).unwrap();
    if shape.list == "results" {
        items(&mut out, shape, size);
    }
    write!(out, "]}}]}}").unwrap();
    out.into_inner().unwrap()
}

fn items(out: &mut impl Write, shape: &Shape, size: u64) {
    let mut written = 0;
    for n in 0..shape.most {
        let item = (shape.item)(n);
        let comma = if n == 0 { "" } else { "," };
        write!(out, "{comma}{item}").unwrap();
        written += item.len() as u64 + 1;
        if written >= size {
            break;
        }
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

/// A line of this process's status, in kB.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
