//! A report as text: a head, findings, a tail.
//!
//! Owns: the appearance of each format, and escaping text from outside. Must not: touch the database.

mod csv;
mod html;
mod json;
mod unwritten;

use std::collections::BTreeMap;

use base::{Severity, Time};

use super::report::{Format, Report};
use crate::{Refused, findings::Finding};

/// Writes one report. The head is created last, because it contains the number of findings.
pub(super) struct Writer {
    report: Report,
    made_at: Time,
    counts: BTreeMap<Severity, u64>,
    count: u64,
    size: u64,
}

impl Writer {
    pub(super) const fn new(report: Report, made_at: Time) -> Self {
        Self {
            report,
            made_at,
            counts: BTreeMap::new(),
            count: 0,
            size: 0,
        }
    }

    /// The text of the next findings.
    ///
    /// # Errors
    /// 500 if it cannot be written.
    pub(super) fn findings(&mut self, findings: &[Finding]) -> Result<String, Refused> {
        let text = match self.report.format {
            Format::Html => html::findings(findings)?,
            Format::Csv => csv::findings(findings)?,
            Format::Json => json::findings(findings, self.count == 0)?,
        };
        for finding in findings {
            *self.counts.entry(finding.severity).or_default() += 1;
        }
        self.count += findings.len() as u64;
        self.size += text.len() as u64;
        Ok(text)
    }

    /// Head and tail.
    ///
    /// # Errors
    /// 500 if they cannot be written.
    pub(super) fn frame(&mut self) -> Result<(String, String), Refused> {
        let (head, tail) = match self.report.format {
            Format::Html => html::frame(&self.report, self.made_at, &self.counts)?,
            Format::Csv => (csv::head()?, String::new()),
            Format::Json => json::frame(&self.report, self.made_at, &self.counts)?,
        };
        self.size += (head.len() + tail.len()) as u64;
        Ok((head, tail))
    }

    /// The number of findings written.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The number of bytes written, including head and tail.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }
}
