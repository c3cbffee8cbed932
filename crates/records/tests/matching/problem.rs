//! A problem as it truly is, and what a scanner says of it.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use formats::Identity;
use proptest::prelude::*;

/// What a scanner knows of its problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Its own hash of the code, the code, a message and the line, as `CodeQL`.
    Hashed,
    /// The code, a message and the line, as Bandit.
    Coded,
    /// A message and the line, as `ESLint`.
    Plain,
    /// A component with its version, as Trivy.
    Component,
    /// A message about a host, as Nessus.
    Host,
}

impl Flavor {
    pub(crate) fn has_lines(self) -> bool {
        matches!(self, Self::Hashed | Self::Coded | Self::Plain)
    }

    pub(crate) fn has_code(self) -> bool {
        matches!(self, Self::Hashed | Self::Coded)
    }
}

/// A problem. Few values for each property, so that many problems are nearly alike.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Who it truly is: nobody but the model sees this.
    pub(crate) truth: usize,
    /// The file, component or host.
    pub(crate) file: u8,
    pub(crate) rule: u8,
    pub(crate) code: u8,
    /// What follows the code: it is in the tool's hash and nowhere else.
    pub(crate) context: u8,
    pub(crate) message: u8,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) version: u32,
    /// Whether the scanner writes it a second time with another severity.
    pub(crate) twin: bool,
}

/// On one line, so that a world that fails can be read.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            truth, file, rule, ..
        } = self;
        let Self {
            code,
            context,
            message,
            version,
            ..
        } = self;
        let Self { line, column, .. } = self;
        let twin = if self.twin { " twin" } else { "" };
        write!(
            f,
            "<{truth}: file {file} rule {rule} code {code}.{context} message {message} "
        )?;
        write!(f, "version {version} at {line}:{column}{twin}>")
    }
}

impl Problem {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let place = (0..2_u8, 0..3_u8, 1..40_u32, 1..4_u32);
        let content = (0..3_u8, 0..2_u8, 0..3_u8, 1..20_u32);
        (place, content, prop::bool::weighted(0.05)).prop_map(
            |((file, rule, line, column), (code, context, message, version), twin)| Self {
                truth: 0,
                file,
                rule,
                code,
                context,
                message,
                line,
                column,
                version,
                twin,
            },
        )
    }

    /// Whether no scanner could tell the two apart within one report.
    pub(crate) fn clashes(&self, other: &Self, flavor: Flavor) -> bool {
        let place = (self.file, self.rule) == (other.file, other.rule);
        place
            && match flavor {
                Flavor::Component => self.version == other.version,
                Flavor::Host => self.message == other.message,
                _ => (self.line, self.column) == (other.line, other.column),
            }
    }

    /// What is known of it besides its line.
    pub(crate) fn content(&self, flavor: Flavor) -> (u8, u8, u8, u32) {
        match flavor {
            Flavor::Hashed => (self.code, self.context, self.message, 0),
            Flavor::Coded => (self.code, 0, self.message, 0),
            Flavor::Plain | Flavor::Host => (0, 0, self.message, 0),
            Flavor::Component => (0, 0, 0, self.version),
        }
    }

    /// Whether a verdict on one covers the other as far as content goes (promise M4).
    pub(crate) fn is_covered_by(&self, judged: &Self, flavor: Flavor) -> bool {
        match flavor {
            Flavor::Hashed | Flavor::Coded => self.code == judged.code,
            Flavor::Plain | Flavor::Host => self.message == judged.message,
            Flavor::Component => self.version == judged.version,
        }
    }

    /// What a parser makes of the entry; `names` are the names of its rule.
    pub(crate) fn identity(&self, flavor: Flavor, names: &[u64], severity: u8) -> Identity {
        let only = |has: bool, hash: u64| if has { hash } else { 0 };
        let component = flavor == Flavor::Component;
        let mut keys = [0; formats::KEYS];
        for (key, name) in keys.iter_mut().zip(names) {
            *key = hash(("rule", name));
        }
        let lines = flavor.has_lines();
        Identity {
            group: u128::from(self.file) + 1,
            keys,
            tool: only(flavor == Flavor::Hashed, hash(("tool", self.code, self.context))),
            code: only(flavor.has_code(), hash(("code", self.code))),
            version: only(component, hash(("version", self.version))),
            message: hash(("message", if component { 0 } else { self.message })),
            exact: hash(("exact", if component { 0 } else { self.message })),
            detail: 0,
            line: if lines { self.line } else { 0 },
            column: if lines { self.column } else { 0 },
            rank: if component {
                u64::from(self.version) << 48
            } else {
                0
            },
            look: hash(("look", severity)),
            whole: hash((self.line, self.column, self.message, self.version, severity)),
            places: Vec::new(),
        }
    }
}

/// A number for a value, never 0.
pub(crate) fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish().max(1)
}
