//! A report as a page: escaped by the templates, with a policy that blocks scripts and external resources.

use std::collections::BTreeMap;

use askama::Template;
use base::{Severity, Time};

use super::unwritten::unwritten;
use crate::{Refused, findings::Finding, reports::report::Report};

#[derive(Template)]
#[template(path = "report-head.html")]
struct Head<'a> {
    report: &'a Report,
    made_at: String,
    counts: Vec<(Severity, u64)>,
    total: u64,
}

#[derive(Template)]
#[template(path = "report-findings.html")]
struct Findings<'a> {
    findings: &'a [Finding],
}

pub(super) fn frame(
    report: &Report,
    made_at: Time,
    counts: &BTreeMap<Severity, u64>,
) -> Result<(String, String), Refused> {
    let head = Head {
        report,
        made_at: moment(made_at),
        counts: counts
            .iter()
            .rev()
            .map(|(severity, count)| (*severity, *count))
            .collect(),
        total: counts.values().sum(),
    };
    let head = head.render().map_err(unwritten)?;
    Ok((head, "</main>\n</body>\n</html>\n".to_owned()))
}

pub(super) fn findings(findings: &[Finding]) -> Result<String, Refused> {
    Findings { findings }.render().map_err(unwritten)
}

/// A time for display.
fn moment(time: Time) -> String {
    time.timestamp().strftime("%-d %b %Y, %H:%M UTC").to_string()
}

impl Findings<'_> {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn moment(time: &Time) -> String {
        moment(*time)
    }

    /// `in_progress` for display.
    fn status(finding: &Finding) -> String {
        finding.status.name().replace('_', " ")
    }

    fn assignees(finding: &Finding) -> String {
        let names: Vec<_> = finding
            .users
            .iter()
            .chain(&finding.teams)
            .map(|one| one.name.as_str())
            .collect();
        names.join(", ")
    }
}
