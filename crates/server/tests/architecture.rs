//! Checks of the repository itself: documents name only what exists, and the crates depend on each other
//! only the way `ARCHITECTURE.md` draws it. Needs no server and no database.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a check that cannot continue has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use base::{Kind, SubjectType};

/// The crates a crate may depend on. A missing line is a decision that nobody has recorded.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("store", &["base"]),
    ("access", &["base", "store"]),
    ("formats", &["base"]),
    ("channels", &["base"]),
    ("records", &["base", "formats", "store", "access"]),
    ("notify", &["base", "channels", "store", "access"]),
    ("realtime", &["base", "access"]),
    ("nodes", &["base", "store", "access"]),
    ("calendar", &["base", "store", "access", "records"]),
    // Only for tests: no crate may depend on it otherwise.
    ("testkit", &["base", "store", "access"]),
    (
        "campanile",
        &[
            "base", "store", "access", "records", "notify", "realtime", "nodes", "calendar",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/server is two folders below the root")
        .to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder with these endings, without tools' output.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"))
    {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !matches!(&*name, "target" | "node_modules" | "dist" | "data" | "out")
                && !name.starts_with('.')
            {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Text in backticks that looks like a path of this repository.
fn named_paths(document: &str) -> impl Iterator<Item = &str> {
    document
        .split("```")
        .step_by(2) // outside of code blocks
        .flat_map(|prose| prose.split('`').skip(1).step_by(2))
        .filter(|name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
            name.contains('/') && !name.starts_with('/') && name.chars().all(plain)
        })
}

#[test]
fn every_path_in_architecture_exists() {
    let document = text("ARCHITECTURE.md");
    let missing: Vec<_> = named_paths(&document)
        .filter(|path| !root().join(path).exists())
        .collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md names missing files: {missing:?}"
    );
    assert!(
        named_paths(&document).count() > 20,
        "the check reads the document"
    );
}

#[test]
fn links_between_documents_are_not_broken() {
    let mut broken = Vec::new();
    for file in files(&root(), &[".md"]) {
        let document = fs::read_to_string(&file).expect("a document");
        for link in document
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'))
        {
            let target = link.0.split('#').next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !file.with_file_name("").join(target).exists() {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let own: BTreeSet<_> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    let allowed: BTreeMap<_, _> = MAY_DEPEND_ON.iter().copied().collect();
    let mut seen = 0;
    for manifest in files(&root().join("crates"), &["Cargo.toml"]) {
        let manifest = fs::read_to_string(manifest).expect("a manifest");
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = "))
            .expect("a name")
            .trim_matches('"')
            .to_owned();
        let allowed = allowed
            .get(&*name)
            .unwrap_or_else(|| panic!("{name} is not on the map"));
        let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
        for line in section.lines().take_while(|line| !line.starts_with('[')) {
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
            assert!(
                !own.contains(dependency) || allowed.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, MAY_DEPEND_ON.len(), "every crate on the map exists");
}

/// `docs/events.md`, from the table of event kinds. `UPDATE=1` rewrites it.
#[test]
fn the_event_document_matches_the_table() {
    let mark = |yes| if yes { "yes" } else { "–" };
    let mut rows = String::new();
    for kind in Kind::ALL {
        let about = kind.about();
        let (severity, notifies, live) = (mark(about.severity), mark(about.notifies), mark(about.live));
        writeln!(
            rows,
            "| `{}` | {severity} | {notifies} | {live} | {} |",
            about.name, about.summary
        )
        .expect("text");
    }
    let document = text("docs/events.md");
    let (head, rest) = document
        .split_once("<!-- table -->\n")
        .expect("the start of the table");
    let (_, tail) = rest
        .split_once("<!-- end of table -->")
        .expect("the end of the table");
    let table = "| Type | Severity | People are notified | Live | What happened |\n|---|---|---|---|---|\n";
    let wanted = format!("{head}<!-- table -->\n{table}{rows}<!-- end of table -->{tail}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join("docs/events.md"), &wanted).expect("docs/events.md");
    }
    assert_eq!(
        text("docs/events.md"),
        wanted,
        "UPDATE=1 cargo test --test architecture writes it"
    );
}

/// The console's copy of the table of pages. `UPDATE=1` rewrites it.
// promise: C8
#[test]
fn the_console_uses_the_table_of_pages() {
    const FILE: &str = "console/src/format/record-pages.ts";
    let mut wanted = String::from(
        "// Written by `UPDATE=1 cargo test --test architecture` from crates/base/src/page.rs: do not edit.\n\n\
         /** Where the pages of each kind of record are; the record's id follows. */\n\
         export const RECORD_PAGES = {\n",
    );
    for (kind, page) in SubjectType::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, kind.page()?)))
    {
        writeln!(wanted, "  {}: '{page}',", kind.name()).expect("text");
    }
    wanted.push_str("} as const;\n");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(FILE), &wanted).expect(FILE);
    }
    assert_eq!(
        text(FILE),
        wanted,
        "UPDATE=1 cargo test --test architecture writes it"
    );
}

#[test]
fn tests_name_existing_promises() {
    let document = text("docs/promises.md");
    let given: BTreeSet<_> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .collect();
    let mut unknown = Vec::new();
    for file in files(&root(), &[".rs", ".ts", ".py", ".mjs"]) {
        let source = fs::read_to_string(&file).expect("a source");
        let named = source
            .lines()
            .filter_map(|line| {
                line.trim_start()
                    .strip_prefix("// ")
                    .or(line.trim_start().strip_prefix("# "))
            })
            .filter_map(|comment| comment.strip_prefix("promise: "));
        for promise in named.flat_map(|names| names.split([',', ' ']).filter(|name| !name.is_empty())) {
            if !given.contains(promise) {
                unknown.push(format!("{}: {promise}", file.display()));
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "promises that are not in docs/promises.md:\n{}",
        unknown.join("\n")
    );
}

/// The environment variables that correspond to `config.default.toml`.
fn variables() -> BTreeSet<String> {
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text("config.default.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{}__", name.to_uppercase());
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            found.insert(format!("CAMPANILE_{section}{}", key.to_uppercase()));
        }
    }
    found
}

#[test]
fn documents_name_existing_settings() {
    let known = variables();
    let mut unknown = Vec::new();
    for file in files(&root(), &[".md", ".yaml", ".service", "Containerfile"]) {
        let document = fs::read_to_string(&file).expect("a document");
        for rest in document.split("CAMPANILE_").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect();
            let whole = format!("CAMPANILE_{name}");
            let exists = |setting: &str| known.contains(setting);
            let secret_in_a_file = whole.strip_suffix("_FILE").is_some_and(exists);
            if !(name.is_empty() || name.starts_with("TEST_") || exists(&whole) || secret_in_a_file) {
                unknown.push(format!("{}: {whole}", file.display()));
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "settings that config.default.toml does not have:\n{}",
        unknown.join("\n")
    );
}

/// Differences between channels belong in their descriptors: no other code may check for a specific chat.
#[test]
fn only_channels_name_a_specific_chat() {
    let mut named = Vec::new();
    for folder in ["crates", "bench"] {
        for file in files(&root().join(folder), &[".rs"]) {
            let path = file.display().to_string();
            let is_test = path.contains("/tests/") || path.ends_with("tests.rs");
            if is_test || path.contains("crates/channels/") {
                continue;
            }
            let source = fs::read_to_string(&file).expect("a source");
            let product = source.split("#[cfg(test)]").next().unwrap_or_default();
            if ["Channel::Slack", "Channel::Teams", "Channel::Chat"]
                .iter()
                .any(|chat| product.contains(chat))
            {
                named.push(path);
            }
        }
    }
    assert!(named.is_empty(), "these name a chat: {named:?}");
}

/// The files that a guide names, and how many of them it lists as created by hand.
fn guide(name: &str, like: &str) -> usize {
    let path = format!("docs/howto/{name}");
    let document = text(&path).replace("NAME", like);
    let mut paths = 0;
    for named in document.split('`').skip(1).step_by(2) {
        let places = ["crates/", "console/", "docs/", "e2e/", "config.", "CHANGELOG"];
        if named.contains(['.', '/']) && places.iter().any(|place| named.starts_with(place)) {
            assert!(root().join(named).exists(), "{path}: {named} does not exist");
            paths += 1;
        }
    }
    assert!(paths > 6, "{path} names its files");
    assert!(text("CONTRIBUTING.md").contains(&path), "{path} is linked");
    let numbered = |line: &&str| {
        let number = line.split_once(". `").map(|(number, _)| number.parse::<u32>());
        matches!(number, Some(Ok(_)))
    };
    document.lines().filter(numbered).count()
}

#[test]
fn the_recipes_name_and_count_existing_files() {
    // A channel added this way.
    assert_eq!(guide("add-a-channel.md", "chat"), 5);
    assert_eq!(guide("add-an-event-kind.md", ""), 3);
    // The migration from the recipe's example.
    assert_eq!(guide("add-a-column.md", "0003-more-records"), 4);
    assert_eq!(guide("add-a-setting.md", ""), 5);
    assert_eq!(guide("add-a-page.md", ""), 8);
}

#[test]
fn every_recipe_is_checked_and_linked() {
    // The importer's recipe has its own test, in the `formats` crate.
    let names = ["channel", "event-kind", "column", "setting", "page", "importer"];
    let recipes = files(&root().join("docs/howto"), &[".md"]);
    assert_eq!(recipes.len(), names.len());
    for recipe in recipes {
        let file = recipe.file_name().expect("a name").to_string_lossy().into_owned();
        let known = file.strip_suffix(".md").and_then(|name| {
            name.strip_prefix("add-an-")
                .or_else(|| name.strip_prefix("add-a-"))
        });
        assert!(
            known.is_some_and(|name| names.contains(&name)),
            "{file} is not checked"
        );
        assert!(
            text("CONTRIBUTING.md").contains(&format!("docs/howto/{file}")),
            "{file} is linked"
        );
    }
}
