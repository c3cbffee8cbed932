//! The three layers of the settings, merged into one table.
//!
//! Owns where a setting comes from and which layer wins. Must not know what a setting means: that is the reader's.

use std::{fs, path::Path};

use toml::{Table, Value};

use super::{DEFAULTS, Invalid, SECRETS};

/// Variables with our prefix that are not settings.
const NOT_SETTINGS: &[&str] = &["CAMPANILE_TEST_", "CAMPANILE_FAILPOINT"];

/// What the layers say, and what was wrong with them.
pub(super) struct Layers {
    pub(super) defaults: Table,
    pub(super) merged: Table,
    pub(super) errors: Vec<String>,
}

pub(super) fn read(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Layers {
    let mut errors = Vec::new();
    let mut add = |layer: Result<Table, String>| {
        layer.unwrap_or_else(|error| {
            errors.push(error);
            Table::new()
        })
    };
    let defaults = add(parsed(DEFAULTS));
    let mut merged = defaults.clone();
    if let Some(file) = file {
        let named = |error: String| format!("--config {}: {error}", file.display());
        let text = fs::read_to_string(file).map_err(|error| error.to_string());
        merge(
            &mut merged,
            add(text.and_then(|text| parsed(&text)).map_err(named)),
        );
    }
    for (name, value) in environment {
        if let Some(key) = key_of(&name) {
            merge(&mut merged, add(variable(&name, &key, value)));
        }
    }
    Layers {
        defaults,
        merged,
        errors,
    }
}

/// The settings of a text. The error names the line and does not quote it: it may contain a secret.
fn parsed(text: &str) -> Result<Table, String> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.unwrap_or_default().matches('\n').count() + 1;
        format!("line {line}: {}", error.message())
    })
}

/// The setting of a variable; for a secret's `…_FILE` the text of the file that it names.
fn variable(name: &str, key: &str, value: String) -> Result<Table, String> {
    if key.split('.').any(str::is_empty) {
        return Err(format!("{name}: unknown setting"));
    }
    let secret = key.strip_suffix("_file").filter(|key| SECRETS.contains(key));
    let (key, value) = match secret {
        None => (key, value),
        Some(key) => {
            let text = fs::read_to_string(value).map_err(|error| format!("{name}: {error}"))?;
            (key, text.trim_end_matches(['\r', '\n']).to_owned())
        }
    };
    let (tables, last) = key
        .rsplit_once('.')
        .map_or(("", key), |(tables, last)| (tables, last));
    let innermost = Table::from_iter([(last.to_owned(), Value::String(value))]);
    let pieces = tables.rsplit('.').filter(|piece| !piece.is_empty());
    Ok(pieces.fold(innermost, |inner, piece| {
        Table::from_iter([(piece.to_owned(), Value::Table(inner))])
    }))
}

/// Adds the later layer to the earlier one: tables key by key, everything else is replaced.
fn merge(earlier: &mut Table, later: Table) {
    for (key, value) in later {
        match (earlier.get_mut(&key), value) {
            (Some(Value::Table(earlier)), Value::Table(later)) => merge(earlier, later),
            (_, value) => {
                earlier.insert(key, value);
            }
        }
    }
}

/// The process's variables with our prefix.
///
/// # Errors
/// If the value of one of them is not UTF-8; other variables are ignored.
pub fn environment() -> Result<Vec<(String, String)>, Invalid> {
    let (mut variables, mut errors) = (Vec::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.into_string().ok().filter(|name| key_of(name).is_some()) else {
            continue;
        };
        match value.into_string() {
            Ok(value) => variables.push((name, value)),
            Err(_) => errors.push(format!("{name}: not UTF-8")),
        }
    }
    if errors.is_empty() {
        Ok(variables)
    } else {
        Err(Invalid(errors))
    }
}

/// `smtp.url` of `CAMPANILE_SMTP__URL`; nothing for a variable that is not a setting.
fn key_of(variable: &str) -> Option<String> {
    if NOT_SETTINGS.iter().any(|prefix| variable.starts_with(prefix)) {
        return None;
    }
    variable
        .strip_prefix("CAMPANILE_")
        .map(|rest| rest.to_lowercase().replace("__", "."))
}
