//! The query of the list of findings.

use access::{Problem, validate::Check};
use base::Id;
use serde::Deserialize;

use crate::{
    findings::{Assignee, Deadline, Filter, Sort, Target},
    text,
};

/// Which findings, and in which order.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only those of this project.
    project_id: Option<Id>,
    /// Only those about this asset.
    asset_id: Option<Id>,
    /// Only those that this scan found first or last.
    scan_id: Option<Id>,
    /// Only those with this CVE, GHSA or other identifier.
    identifier: Option<String>,
    /// Only those of this tool.
    tool: Option<String>,
    /// Only those in the component of this name.
    component: Option<String>,
    /// Only those of the target with this id or name.
    target: Option<String>,
    /// Only those in one of these statuses, separated by commas.
    status: Option<String>,
    /// Only those of one of these severities, separated by commas.
    severity: Option<String>,
    /// Only those assigned to this person or team directly: an id, or `me`; `none` for those assigned to nobody.
    assignee: Option<String>,
    /// Only open ones whose deadline has passed, `breached`, or comes within seven days from now, `due_in_7_days`.
    sla: Option<String>,
    /// Only those whose risk was accepted before that needed an approval (`true`), or none of them (`false`).
    accepted_without_approval: Option<bool>,
    /// Only those with this in title, location, rule, weakness, tool or description, in any case of letters.
    text: Option<String>,
    /// `created_at`, `severity`, `sla_due_at` or `updated_at`, with `-` before it for the largest first;
    /// `-created_at` by default.
    sort: Option<String>,
}

impl ListQuery {
    /// What it says, for this caller.
    pub(super) fn read(self, me: Id) -> Result<(Filter, Sort), Problem> {
        let mut check = Check::new();
        let sort = Sort::read(&mut check, self.sort.as_deref());
        let filter = Filter {
            company: self.company_id,
            project: self.project_id,
            asset: self.asset_id,
            scan: self.scan_id,
            identifier: given(self.identifier),
            tool: given(self.tool),
            component: given(self.component),
            target: given(self.target).map(|target| target.parse().map_or(Target::Named(target), Target::Id)),
            statuses: text::several(&mut check, "status", self.status.as_deref()),
            severities: text::several(&mut check, "severity", self.severity.as_deref()),
            assignee: assignee(&mut check, self.assignee.as_deref(), me),
            sla: sla(&mut check, self.sla.as_deref()),
            accepted_without_approval: self.accepted_without_approval,
            text: text::wanted(&mut check, self.text),
        };
        check.done()?;
        Ok((filter, sort))
    }
}

fn assignee(check: &mut Check, text: Option<&str>, me: Id) -> Option<Assignee> {
    if text == Some("none") {
        return Some(Assignee::Nobody);
    }
    let id = text::person(check, "assignee", text, me)?;
    Some(if id == me {
        Assignee::Person(id)
    } else {
        Assignee::Either(id)
    })
}

/// A text that says something.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn sla(check: &mut Check, text: Option<&str>) -> Option<Deadline> {
    let text = text.filter(|text| !text.is_empty())?;
    match text.parse() {
        Ok(deadline) => Some(deadline),
        Err(error) => {
            check.note("sla", error);
            None
        }
    }
}
