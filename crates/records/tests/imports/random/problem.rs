//! A problem and its true properties.

use std::fmt;

use proptest::prelude::*;

/// What a scanner knows about its problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Its own hash of the code, the code, a message and the line.
    Hashed,
    /// Its own hash of the code, a message and the line.
    Hash,
    /// The code, a message and the line.
    Coded,
    /// A message and the line.
    Plain,
    /// A component with its version.
    Component,
    /// A message about a host.
    Host,
}

use Flavor::{Coded, Component, Hash, Hashed, Host, Plain};

impl Flavor {
    pub(crate) fn has_lines(self) -> bool {
        matches!(self, Hashed | Hash | Coded | Plain)
    }

    pub(crate) fn has_code(self) -> bool {
        matches!(self, Hashed | Hash | Coded)
    }
}

/// A problem. Few values for each property, so that many problems are almost alike.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its true identity, which only the model sees.
    pub(crate) truth: usize,
    /// The file, the folder of the component, or the port.
    pub(crate) file: u8,
    pub(crate) rule: u8,
    pub(crate) code: u16,
    pub(crate) message: u8,
    /// A number in the message.
    pub(crate) digits: u8,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) version: u32,
    /// Whether the scanner writes it a second time with another severity.
    pub(crate) twin: bool,
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            truth,
            file,
            rule,
            code,
            ..
        } = self;
        let Self {
            message,
            digits,
            line,
            column,
            ..
        } = self;
        let Self { version, .. } = self;
        let twin = if self.twin { " twin" } else { "" };
        write!(
            f,
            "<{truth}: file {file} rule {rule} code {code} message {message}.{digits} "
        )?;
        write!(f, "version {version} at {line}:{column}{twin}>")
    }
}

impl Problem {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let place = (0..2_u8, 0..2_u8, 1..40_u32, 1..4_u32);
        let content = (0..5_u16, 0..3_u8, 0..2_u8, 1..20_u32);
        (place, content, prop::bool::weighted(0.03)).prop_map(
            |((file, rule, line, column), (code, message, digits, version), twin)| Self {
                truth: 0,
                file,
                rule,
                code,
                message,
                digits,
                line,
                column,
                version,
                twin,
            },
        )
    }

    /// Whether they share rule and place.
    pub(crate) fn has_same_place(&self, other: &Self) -> bool {
        (self.file, self.rule) == (other.file, other.rule)
    }

    /// Whether no analyst could distinguish the two within one scan report.
    pub(crate) fn clashes(&self, other: &Self, flavor: Flavor) -> bool {
        self.has_same_place(other)
            && match flavor {
                Component => self.version == other.version,
                Host => self.message == other.message,
                _ => self.line == other.line,
            }
    }

    /// Its content without its line and the numbers in its message.
    pub(crate) fn content(&self, flavor: Flavor) -> (u16, u8, u32) {
        match flavor {
            Hashed | Hash | Coded => (self.code, self.message, 0),
            Plain | Host => (0, self.message, 0),
            Component => (0, 0, self.version),
        }
    }

    /// The same with the numbers in its message.
    pub(crate) fn exact(&self, flavor: Flavor) -> ((u16, u8, u32), u8) {
        (
            self.content(flavor),
            if flavor == Component { 0 } else { self.digits },
        )
    }

    /// Whether a verdict on one covers the other (promise M4): the code or the version is the same; for a tool without
    /// either, the message. A number in a message about code is part of it.
    pub(crate) fn is_covered_by(&self, judged: &Self, flavor: Flavor) -> bool {
        self.has_same_place(judged)
            && match flavor {
                Hashed | Hash | Coded => self.code == judged.code,
                Plain => (self.message, self.digits) == (judged.message, judged.digits),
                Host => self.message == judged.message,
                Component => self.version == judged.version,
            }
    }
}
