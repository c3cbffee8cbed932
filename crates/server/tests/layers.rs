//! Within notify and records no import cycle has more than two files. Within notify no file imports upwards between the
//! layers drawn in its `lib.rs`. Needs no server and no database.

#![expect(clippy::expect_used, reason = "a check that cannot continue has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

type Edges = BTreeMap<String, BTreeSet<String>>;

fn source(package: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{package}/src"))
}

/// Every file of the crate by its path as a module, without tests, comments and test-only lines.
fn modules(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let module = match prefix.strip_suffix("::") {
            Some(folder) if name == "mod" => folder.to_owned(),
            _ => format!("{prefix}{name}"),
        };
        if name == "tests" || name.ends_with("_tests") || name == "fixture" || module == "lib" {
            continue;
        }
        if path.is_dir() {
            modules(&path, &format!("{module}::"), found);
        } else {
            let text = fs::read_to_string(&path).expect("a source");
            let text = without_test_files(&text);
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code: Vec<_> = text
                .lines()
                .map(|line| line.split("//").next().unwrap_or_default())
                .collect();
            found.insert(module, code.join("\n"));
        }
    }
}

/// The source without the lines that declare test modules; code after them is kept.
fn without_test_files(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        let declares = line.ends_with(';') && line.split_whitespace().any(|word| word == "mod");
        if declares && lines.last() == Some(&"#[cfg(test)]") {
            lines.pop();
        } else {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// The paths in a `use` tree.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, char) in tree.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((head, rest)) => expand(
                &format!("{prefix}{head}"),
                rest.trim_end().trim_end_matches('}'),
                paths,
            ),
            None => paths.push(format!("{prefix}{part}")),
        }
    }
}

/// Every path in a file.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for statement in code.split("use ").skip(1) {
        if let Some((tree, _)) = statement.split_once(';') {
            expand("", tree, &mut paths);
        }
    }
    let is_path = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    paths.extend(
        code.split(|char| !is_path(char))
            // Not the start of a `use` tree: those were expanded above.
            .filter(|word| word.contains("::") && !word.ends_with("::"))
            .map(str::to_owned),
    );
    paths
}

/// Which modules each module imports.
fn edges(package: &str) -> Edges {
    let mut sources = BTreeMap::new();
    modules(&source(package), "", &mut sources);
    let mut edges = Edges::new();
    for (module, code) in &sources {
        let mut named = BTreeSet::new();
        for path in paths(code) {
            let mut parts: Vec<&str> = path.split("::").collect();
            let mut whole: Vec<&str> = module.split("::").collect();
            match parts[0] {
                "crate" => {
                    whole.clear();
                    parts.remove(0);
                }
                "self" => drop(parts.remove(0)),
                _ => {
                    while parts.first() == Some(&"super") {
                        parts.remove(0);
                        whole.pop();
                    }
                }
            }
            whole.extend(parts);
            let target = (1..=whole.len())
                .rev()
                .map(|length| whole[..length].join("::"))
                .find(|name| sources.contains_key(name));
            named.extend(target.filter(|target| target != module));
        }
        edges.insert(module.clone(), named);
    }
    edges
}

fn reached(edges: &Edges, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(module) = next.pop() {
        for to in &edges[&module] {
            if found.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    found
}

/// The cycles of more than two files.
fn cycles(package: &str) -> BTreeSet<Vec<String>> {
    let edges = edges(package);
    assert!(edges.len() > 60, "the check reads the crate");
    let reach: BTreeMap<_, _> = edges
        .keys()
        .map(|module| (module, reached(&edges, module)))
        .collect();
    let cycle = |(module, reached): (&&String, &BTreeSet<String>)| -> Vec<String> {
        let back = |other: &&String| reach[*other].contains(*module);
        reached.iter().filter(back).cloned().collect()
    };
    reach.iter().map(cycle).filter(|cycle| cycle.len() > 2).collect()
}

#[test]
fn no_import_cycle_has_more_than_two_files() {
    for package in ["notify", "records"] {
        assert_eq!(cycles(package), BTreeSet::new(), "{package}");
    }
}

/// The layers of the drawing in `lib.rs`, lowest first.
fn layers() -> Vec<Vec<String>> {
    let lib = fs::read_to_string(source("notify").join("lib.rs")).expect("lib.rs");
    let drawing = lib.split("//! ```text\n").nth(1).expect("a drawing");
    let drawing = drawing.split("//! ```").next().unwrap_or_default();
    let names = |line: &str| {
        let line = line
            .trim_start_matches("//!")
            .split("  --")
            .next()
            .unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect()
    };
    drawing.lines().rev().map(names).collect()
}

#[test]
fn no_file_imports_from_a_higher_layer() {
    let layers = layers();
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap_or_default();
        layers
            .iter()
            .position(|layer| layer.iter().any(|name| name == top))
    };
    for (module, named) in edges("notify") {
        let own = layer(&module);
        assert!(own.is_some(), "{module} is in no layer of the drawing in lib.rs");
        for other in named {
            let below = layer(&other);
            let top = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
            let (from, to) = (top(&module), top(&other));
            assert!(
                from == to || below < own,
                "{module} imports {other}, which is not below it"
            );
        }
    }
}
