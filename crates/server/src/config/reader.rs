//! Reads single settings from the merged layers and collects the errors.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use records::sla::ladder::MAX_WARNINGS;
use toml::{Table, Value};

pub(super) struct Reader {
    root: Table,
    pub(super) errors: Vec<String>,
}

impl Reader {
    pub(super) const fn new(root: Table, errors: Vec<String>) -> Self {
        Self { root, errors }
    }

    /// Reports each key that the defaults do not have: most likely a typo.
    pub(super) fn refuse_unknown(&mut self, defaults: &Table) {
        let known = leaves(defaults, "");
        for (key, value) in leaves(&self.root, "") {
            match known.iter().find(|(name, _)| *name == key) {
                None => self.errors.push(format!("{key}: unknown setting")),
                Some((_, usual)) if value.is_array() && !usual.is_array() => {
                    self.errors.push(format!("{key}: expected one value, not a list"));
                }
                Some(_) => {}
            }
        }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let mut pieces = key.split('.');
        let first = self.root.get(pieces.next()?)?;
        pieces.try_fold(first, |value, piece| value.get(piece))
    }

    /// The setting as text; numbers and booleans of a file as they are written there.
    pub(super) fn text(&self, key: &str) -> String {
        self.value(key).map(spelled).unwrap_or_default().trim().to_owned()
    }

    pub(super) fn optional(&self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, fallback: T) -> T
    where
        T::Err: Display,
    {
        self.text(key).parse().unwrap_or_else(|error| {
            self.errors.push(format!("{key}: {error}"));
            fallback
        })
    }

    pub(super) fn number<T>(&mut self, key: &str, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        match self.text(key).parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (least, most) = (range.start(), range.end());
                self.errors
                    .push(format!("{key}: expected a whole number from {least} to {most}"));
                *least
            }
        }
    }

    pub(super) fn days(&mut self, key: &str) -> u32 {
        self.number(key, 0..=records::sla::MAX_DAYS)
    }

    /// Steps before a deadline, each once.
    pub(super) fn steps(&mut self, key: &str, most: u32) -> Vec<u32> {
        let steps: Vec<u32> = self.list(key);
        let fits = |(index, step): (usize, &u32)| (1..=most).contains(step) && !steps[..index].contains(step);
        if steps.len() > MAX_WARNINGS || !steps.iter().enumerate().all(fits) {
            self.errors.push(format!(
                "{key}: expected at most {MAX_WARNINGS} whole numbers from 1 to {most}, each once"
            ));
        }
        steps
    }

    pub(super) fn seconds(&mut self, key: &str) -> Duration {
        Duration::from_secs(self.number(key, 1..=300))
    }

    pub(super) fn one_of(&mut self, key: &str, allowed: &[&str]) -> String {
        let text = self.text(key);
        if !allowed.contains(&text.as_str()) {
            self.errors
                .push(format!("{key}: expected one of {}", allowed.join(", ")));
        }
        text
    }

    /// A list of a file, or a text with commas.
    pub(super) fn list<T: FromStr>(&mut self, key: &str) -> Vec<T>
    where
        T::Err: Display,
    {
        let texts = match self.value(key) {
            Some(Value::Array(values)) => values.iter().map(spelled).collect(),
            Some(value) => spelled(value).split(',').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let mut list = Vec::new();
        for text in texts
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
        {
            match text.parse() {
                Ok(item) => list.push(item),
                Err(error) => self.errors.push(format!("{key}: \"{text}\": {error}")),
            }
        }
        list
    }

    /// Two settings that must be set together or not at all.
    pub(super) fn both(&mut self, first: &str, second: &str) -> Option<(String, String)> {
        match (self.optional(first), self.optional(second)) {
            (Some(one), Some(two)) => Some((one, two)),
            (None, None) => None,
            _ => {
                self.errors
                    .push(format!("set both {first} and {second}, or neither"));
                None
            }
        }
    }

    pub(super) fn database_url(&mut self) -> String {
        let url = self.text("database_url");
        if !["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            self.errors
                .push("database_url: must begin with sqlite:// or postgres://".to_owned());
        }
        url
    }

    pub(super) fn nats(&mut self) -> Option<nodes::Nats> {
        let credentials = self.optional("nats_credentials");
        let Some(urls) = self.optional("nats_url") else {
            if credentials.is_some() {
                self.errors.push("nats_credentials: set nats_url too".to_owned());
            }
            return None;
        };
        nodes::Nats::new(&urls, credentials.map(Into::into))
            .map_err(|error| self.errors.push(format!("nats_url: {error}")))
            .ok()
    }

    pub(super) fn public_url(&mut self, url: &str) -> String {
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        let plain = |rest: &&str| !rest.is_empty() && !rest.contains(['?', '#', '@', ' ', '"']);
        if !rest.as_ref().is_some_and(plain) {
            self.errors
                .push("public_url: expected http(s)://HOST, without a query".to_owned());
        }
        url.trim_end_matches('/').to_owned()
    }

    pub(super) fn shown(&self, secrets: &[&str]) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for (key, value) in leaves(&self.root, "") {
            let value = match value {
                Value::Array(values) => {
                    let values: Vec<_> = values
                        .iter()
                        .map(|value| format!("{:?}", spelled(value)))
                        .collect();
                    format!("[{}]", values.join(", "))
                }
                value if secrets.contains(&key.as_str()) && !spelled(&value).is_empty() => {
                    "\"***\"".to_owned()
                }
                Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => spelled(&value),
                value => format!("{:?}", spelled(&value)),
            };
            let _ = writeln!(text, "{key} = {value}");
        }
        text
    }
}

fn leaves(table: &Table, prefix: &str) -> Vec<(String, Value)> {
    table
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Table(inner) => leaves(inner, &format!("{prefix}{key}.")),
            _ => vec![(format!("{prefix}{key}"), value.clone())],
        })
        .collect()
}

fn spelled(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(_) | Value::Table(_) => String::new(),
    }
}
