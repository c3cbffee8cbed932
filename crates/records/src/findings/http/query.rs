//! The query of the list of findings.

use access::{
    Problem,
    schema::{self, OptionalLine},
    validate::Check,
};
use base::{Id, Severity};
use serde::Deserialize;

use crate::{
    MAX_LINE, MAX_SEARCH,
    findings::{Assignee, Deadline, Filter, Sort, Status, Target},
    text,
};

/// Filters and the sort order.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only those of this project.
    project_id: Option<Id>,
    /// Only those about this asset.
    asset_id: Option<Id>,
    /// Only those first or last found by this scan.
    scan_id: Option<Id>,
    /// Only those with this CVE, GHSA or other identifier.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    identifier: Option<String>,
    /// Only those of this tool.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    tool: Option<String>,
    /// Only those with this tag.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    tag: Option<String>,
    /// Only those in the component with this name.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    component: Option<String>,
    /// Only those of the target with this id or name.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    target: Option<String>,
    /// Only those in one of these statuses, separated by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false)]
    status: Option<String>,
    /// Only those of one of these severities, separated by commas.
    #[param(value_type = Option<Vec<Severity>>, style = Form, explode = false)]
    severity: Option<String>,
    /// Only those assigned directly to this user or team: an id, or `me`; `none` for those without assignees.
    #[param(inline, value_type = Option<AssigneeName>)]
    assignee: Option<String>,
    /// Only open ones whose deadline has passed, `breached`, or is within seven days from now, `due_in_7_days`.
    #[param(inline, value_type = Option<Deadline>)]
    sla: Option<String>,
    /// Only those whose risk was accepted before an approval was required (`true`), or all others (`false`).
    accepted_without_approval: Option<bool>,
    /// Only those with this text in title, location, rule, CWE, tool or description, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// `created_at`, `severity`, `sla_due_at` or `updated_at`, with `-` before it for descending order;
    /// `-created_at` by default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

impl ListQuery {
    /// The filters and the sort order for this caller.
    pub(super) fn read(self, me: Id) -> Result<(Filter, Sort), Problem> {
        let mut check = Check::new();
        let sort = Sort::read(&mut check, self.sort.as_deref());
        let filter = Filter {
            company: self.company_id,
            project: self.project_id,
            asset: self.asset_id,
            scan: self.scan_id,
            identifier: text::named(&mut check, "identifier", self.identifier),
            tool: text::named(&mut check, "tool", self.tool),
            component: text::named(&mut check, "component", self.component),
            tag: text::named(&mut check, "tag", self.tag),
            target: text::named(&mut check, "target", self.target)
                .map(|target| target.parse().map_or(Target::Named(target), Target::Id)),
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

/// The schema of an assignee filter.
struct AssigneeName;

impl utoipa::ToSchema for AssigneeName {}
impl utoipa::PartialSchema for AssigneeName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        schema::matching(format!("^(me|none|{})$", schema::ID))
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
