//! The documents match the registry. `UPDATE=1` writes the generated parts.

use std::{fmt::Write as _, fs, path::PathBuf};

use super::*;
use crate::{csv, others};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The document with another text between the marks of a part.
fn replaced(document: &str, part: &str, with: &str) -> String {
    let (head, rest) = document.split_once(&format!("<!-- {part} -->\n")).unwrap();
    let (_, tail) = rest.split_once(&format!("<!-- end of {part} -->")).unwrap();
    format!("{head}<!-- {part} -->\n{with}<!-- end of {part} -->{tail}")
}

fn code(texts: &[&str], between: &str) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(between)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

fn formats() -> String {
    let mut out =
        "| `format` | what it is | written by | recognised by any of |\n|---|---|---|---|\n".to_owned();
    for format in FORMATS {
        let sets: Vec<_> = format.marks.iter().map(|set| code(set, " and ")).collect();
        let (name, title, from) = (format.name, format.title, format.from);
        writeln!(out, "| `{name}` | {title} | {from} | {} |", sets.join("; ")).unwrap();
    }
    out
}

fn entries() -> String {
    let mut out = "| format | an entry is | recognised in the next report by | severity | target | also incomplete because of | closes by default |\n\
                   |---|---|---|---|---|---|---|\n"
        .to_owned();
    for format in FORMATS {
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            format.name,
            format.entry,
            format.identity,
            format.severity,
            or_none(format.target),
            or_none(format.partial),
            if format.closes { "yes" } else { "no" }
        )
        .unwrap();
    }
    out
}

fn tools() -> String {
    let mut names: Vec<_> = others::all().map(|other| other.tool).collect();
    names.sort_by_key(|name| name.to_lowercase());
    format!("{}.\n", names.join(", "))
}

fn columns() -> String {
    let mut out = "| column | also |\n|---|---|\n".to_owned();
    for (name, others) in csv::names() {
        writeln!(out, "| `{name}` | {} |", or_none(&code(others, ", "))).unwrap();
    }
    out
}

fn exports() -> String {
    let mut out = "| tool | by the columns |\n|---|---|\n".to_owned();
    for (tool, needs) in csv::exports() {
        writeln!(out, "| {tool} | {} |", code(needs, ", ")).unwrap();
    }
    out
}

#[test]
fn the_document_of_imports_matches_the_registry() {
    let found = text("docs/imports.md");
    let parts = [
        ("formats", formats()),
        ("others", tools()),
        ("entries", entries()),
        ("columns", columns()),
        ("exports", exports()),
    ];
    let wanted = parts.iter().fold(found.clone(), |document, (part, with)| {
        replaced(&document, part, with)
    });
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join("docs/imports.md"), &wanted).unwrap();
        return;
    }
    assert_eq!(
        found, wanted,
        "UPDATE=1 cargo test -p formats documents writes it"
    );
}

#[test]
fn the_registry_describes_each_format_completely() {
    for format in FORMATS {
        let texts = [
            format.title,
            format.from,
            format.entry,
            format.identity,
            format.severity,
        ];
        assert!(texts.iter().all(|text| !text.is_empty()), "{format:?}");
        let whole = sound(format.name, sample(format.sample));
        assert!(!whole.found.is_empty(), "{format:?}");
        let found = recognise(&mut Cursor::new(sample(format.sample)), &Options::default()).unwrap();
        assert_eq!(found, format);
    }
}

#[test]
fn the_description_of_the_api_names_every_format() {
    let api: serde_json::Value = serde_json::from_str(&text("openapi.json")).unwrap();
    let parameters = api["paths"]["/api/v1/scans/import"]["post"]["parameters"]
        .as_array()
        .unwrap();
    let format = parameters.iter().find(|one| one["name"] == "format").unwrap();
    let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
    assert_eq!(format["schema"]["enum"], serde_json::json!(names));
    assert!(api["paths"]["/api/v1/import-formats"]["get"].is_object());
}

#[test]
fn the_guide_to_adding_an_importer_names_existing_files() {
    let document = text("docs/howto/add-an-importer.md");
    let by_hand = document.lines().filter(|line| {
        let number = line.split_once(". `").map(|(number, _)| number.parse::<u32>());
        matches!(number, Some(Ok(_)))
    });
    assert_eq!(by_hand.count(), 5);
    // A format added this way.
    let like = |path: &str| path.replace("NAME", "grype");
    let mut paths = 0;
    for path in document.split('`').skip(1).step_by(2) {
        let is_path = path.contains('.') && (path.starts_with("crates/") || path.starts_with("CHANGELOG"));
        if is_path {
            assert!(root().join(like(path)).exists(), "{path} does not exist");
            paths += 1;
        }
    }
    assert!(paths > 8, "the document names its files");
    for link in document
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(
            root().join("docs/howto").join(link).exists(),
            "{link} does not exist"
        );
    }
    assert!(text("crates/formats/src/lib.rs").contains("mod grype;"));
    assert!(text("CONTRIBUTING.md").contains("docs/howto/add-an-importer.md"));
}

#[test]
fn the_fuzz_target_takes_every_format_from_the_registry() {
    let run = text("fuzz/run");
    assert!(run.contains("crates/formats/src/registry.rs") && run.contains("FORMAT=$format"));
    // What the script reads them from.
    let source = text("crates/formats/src/registry.rs");
    let names: Vec<_> = source
        .lines()
        .filter_map(|line| line.strip_prefix("        name: \"")?.strip_suffix("\","))
        .collect();
    assert_eq!(
        names,
        FORMATS.iter().map(|format| format.name).collect::<Vec<_>>()
    );
}
