//! Results in files, as SARIF of a tool that has its own hash, the code, or only the line.

use super::{
    change::Sources,
    model::Tool,
    problem::{Flavor, Problem},
    rows::{Row, name},
    tool::{Kind, Round, Written, word},
};

pub(crate) struct Lines;

fn message(problem: &Problem) -> String {
    format!(
        "problem {} took {} ms",
        word(problem.message.into()),
        problem.digits
    )
}

/// The file relative to the root of the sources.
fn file(world: usize, problem: &Problem) -> String {
    format!("src/{}/f{}.rs", name(world), problem.file)
}

fn result(path: &str, rule: &str, message: &str, region: &str) -> String {
    format!(
        r#"{{"ruleId":"{rule}","message":{{"text":"{message}"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"{path}"}},"region":{{{region}}}}}}}],"#
    )
}

impl Tool for Lines {
    const NAME: &'static str = "SARIF";
    const FLAVORS: &'static [Flavor] = &[Flavor::Hashed, Flavor::Hash, Flavor::Coded, Flavor::Plain];
    const ON_A_HOST: usize = 0;

    fn write(world: usize, sources: &Sources, problem: &Problem, round: &Round, second: bool) -> String {
        let (flavor, code) = (sources.flavor, problem.code);
        let path = format!("/build/{}/repo/{}", round.build, file(world, problem));
        let mut region = format!(r#""startLine":{},"startColumn":{}"#, problem.line, problem.column);
        if matches!(flavor, Flavor::Hashed | Flavor::Coded) {
            let indent = sources
                .indents
                .get(usize::from(problem.file))
                .copied()
                .unwrap_or_default();
            let indent = " ".repeat(indent as usize);
            region = format!(r#"{region},"snippet":{{"text":"{indent}call(c{code})"}}"#);
        }
        let result = result(&path, &format!("r{}", problem.rule), &message(problem), &region);
        let print = if matches!(flavor, Flavor::Hashed | Flavor::Hash) {
            format!(r#""partialFingerprints":{{"primaryLocationLineHash":"abcdef{code:x}:1"}},"#)
        } else {
            String::new()
        };
        let level = if second { "note" } else { "warning" };
        format!(r#"{result}{print}"level":"{level}"}}"#)
    }

    /// With three results that are always present, so that the root folder is found.
    fn report(entries: &[Written], _: usize, round: &Round) -> (String, u64, u64) {
        let anchor = |at: usize| {
            let path = format!(
                "/build/{}/repo/{}/w0x/f{at}.rs",
                round.build,
                ["src", "src", "lib"][at]
            );
            format!(
                r#"{}"level":"note"}}"#,
                result(&path, "anchor", "an anchor", r#""startLine":1"#)
            )
        };
        let anchors = [anchor(0), anchor(1), anchor(2)];
        let results: Vec<&str> = anchors
            .iter()
            .chain(entries.iter().map(|one| &one.text))
            .map(String::as_str)
            .collect();
        let (sound, hour) = (round.kind != Kind::Partial, round.hour());
        let report = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"Saw"}}}},"invocations":[{{"executionSuccessful":{sound},"endTimeUtc":"2024-01-01T{hour:02}:00:00Z"}}],"results":[{}]}}]}}"#,
            results.join(",")
        );
        (report, 3, 0)
    }

    fn shown(world: usize, problem: &Problem) -> String {
        format!("r{} {}:{}", problem.rule, file(world, problem), problem.line)
    }

    fn seen(row: &Row) -> String {
        format!("{} {}", row.rule, row.location)
    }

    fn matches(_: usize, sources: &Sources, problem: &Problem, row: &Row) -> bool {
        let code = match sources.flavor {
            Flavor::Hashed | Flavor::Coded => format!("call(c{})", problem.code),
            _ => String::new(),
        };
        row.title == format!("r{}: {}", problem.rule, message(problem)) && row.snippet().trim() == code
    }
}
