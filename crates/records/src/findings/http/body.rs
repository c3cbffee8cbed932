//! The bodies of findings, and their validation.

use access::{
    Patch, Problem, described_with,
    schema::{Block, Ids, Keyword, Name, OptionalLine, Statement, needs},
    validate::{self, Check},
};
use base::{Id, Severity, Time};
use serde::Deserialize;
use serde_json::json;
use store::Tx;
use utoipa::ToSchema as _;

use crate::{
    MAX_COMMENT, MAX_DESCRIPTION, MAX_LINE, MAX_TITLE, assets,
    date::{Moment, plausible},
    findings::{
        Change, Finding, New, Status,
        assignees::{self, Assignees},
    },
    projects,
    tags::{self, Tags},
    text,
};

/// The fields that name assignees.
const ASSIGNEES: (&str, &str) = ("assignee_user_ids", "assignee_team_ids");

/// A finding to create.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFinding {
    /// The company it belongs to.
    pub(super) company_id: Id,
    /// A project of that company.
    pub(super) project_id: Option<Id>,
    /// The asset of that company that it is about.
    asset_id: Option<Id>,
    /// Its title: one line of at most 300 characters.
    #[schema(value_type = Name<{ MAX_TITLE }>)]
    title: String,
    /// Its description: at most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// Its severity.
    severity: Severity,
    /// Where it is, such as `path:line`: at most 1,000 characters.
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    location: Option<String>,
    /// Its CWE, such as `CWE-79`.
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    cwe: Option<String>,
    /// The assigned users; they must be able to see the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ assignees::MAX }>)]
    assignee_user_ids: Vec<Id>,
    /// The assigned teams of the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ assignees::MAX }>)]
    assignee_team_ids: Vec<Id>,
    /// Its deadline, instead of the SLA's.
    #[schema(value_type = Option<Moment>)]
    sla_due_at: Option<Time>,
    /// Its retest deadline.
    #[schema(value_type = Option<Moment>)]
    retest_due_at: Option<Time>,
    /// At most 20 tags of at most 50 characters, without commas. They are stored in lower case.
    #[serde(default)]
    #[schema(value_type = Tags)]
    tags: Vec<String>,
}

impl NewFinding {
    /// The finding to create; faults are noted.
    pub(super) fn checked(self, tx: &mut Tx<'_>, check: &mut Check) -> Result<New, Problem> {
        let ids = (
            self.assignee_user_ids.as_slice(),
            self.assignee_team_ids.as_slice(),
        );
        let (users, teams) = assignees::check(tx, self.company_id, ids, ASSIGNEES, check)?;
        plausible(check, "sla_due_at", self.sla_due_at);
        plausible(check, "retest_due_at", self.retest_due_at);
        let description = self.description.unwrap_or_default();
        let asset = self
            .asset_id
            .map(|id| assets::in_company(tx, self.company_id, id));
        Ok(New {
            asset: asset.transpose()?,
            description: check.block("description", &description, MAX_DESCRIPTION),
            location: text::line(check, "location", &self.location.unwrap_or_default(), MAX_LINE),
            cwe: text::line(check, "cwe", &self.cwe.unwrap_or_default(), MAX_LINE),
            sla_due_at: self.sla_due_at,
            retest_due_at: self.retest_due_at,
            tags: tags::checked(check, &self.tags),
            users,
            teams,
            ..New::titled(text::title(check, "title", &self.title), self.severity)
        })
    }
}

/// Changes of a finding; omitted fields stay unchanged.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingChange {
    /// A project of the company; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    project_id: Patch<Id>,
    /// The asset of the company that it is about; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    asset_id: Patch<Id>,
    /// Its title: one line of at most 300 characters.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    title: Option<String>,
    /// Its description: at most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// Its severity. A deadline that no user set changes with it.
    severity: Option<Severity>,
    /// Its location; null for none.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    location: Patch<String>,
    /// Its CWE; null for none.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    cwe: Patch<String>,
    /// All assigned users.
    #[schema(value_type = Option<Ids<{ assignees::MAX }>>)]
    assignee_user_ids: Option<Vec<Id>>,
    /// All assigned teams.
    #[schema(value_type = Option<Ids<{ assignees::MAX }>>)]
    assignee_team_ids: Option<Vec<Id>>,
    /// Its deadline; null for the SLA's.
    #[serde(default)]
    #[schema(value_type = Option<Moment>)]
    sla_due_at: Patch<Time>,
    /// Its retest deadline; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Moment>)]
    retest_due_at: Patch<Time>,
    /// All its tags.
    #[schema(value_type = Option<Tags>)]
    tags: Option<Vec<String>>,
}

impl FindingChange {
    /// The change of this finding, and its new assignees if they change; faults are noted.
    pub(super) fn checked(
        self,
        tx: &mut Tx<'_>,
        finding: &Finding,
        check: &mut Check,
    ) -> Result<(Change, Option<Assignees>), Problem> {
        let company = finding.place.company.id;
        let project = self
            .project_id
            .try_map(|id| projects::in_company(tx, company, id))?
            .change();
        let asset = self
            .asset_id
            .try_map(|id| assets::in_company(tx, company, id))?
            .change();
        let assignees = match (self.assignee_user_ids, self.assignee_team_ids) {
            (None, None) => None,
            (users, teams) => {
                let asked = (users.as_deref().unwrap_or(&[]), teams.as_deref().unwrap_or(&[]));
                let found = assignees::check(tx, company, asked, ASSIGNEES, check)?;
                // Omitted assignees are kept, even if they may no longer see the company.
                Some((
                    users.map_or_else(|| finding.users.clone(), |_| found.0),
                    teams.map_or_else(|| finding.teams.clone(), |_| found.1),
                ))
            }
        };
        plausible(check, "sla_due_at", self.sla_due_at.over(None));
        plausible(check, "retest_due_at", self.retest_due_at.over(None));
        let location = text::line_change(check, "location", self.location, MAX_LINE);
        let cwe = text::line_change(check, "cwe", self.cwe, MAX_LINE);
        let change = Change {
            project,
            asset,
            title: self.title.map(|title| text::title(check, "title", &title)),
            description: self
                .description
                .map(|text| check.block("description", &text, MAX_DESCRIPTION)),
            severity: self.severity,
            location,
            cwe,
            sla_due_at: self.sla_due_at.change(),
            retest_due_at: self.retest_due_at.change(),
            tags: self.tags.map(|tags| tags::checked(check, &tags)),
            ..Change::default()
        };
        Ok((change, assignees))
    }
}

/// The assignees of a finding.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssigneesBody {
    /// Users who may see the company, at most 100.
    #[serde(default)]
    #[schema(value_type = Ids<{ assignees::MAX }>)]
    pub(super) user_ids: Vec<Id>,
    /// Teams of the company, at most 100.
    #[serde(default)]
    #[schema(value_type = Ids<{ assignees::MAX }>)]
    pub(super) team_ids: Vec<Id>,
}

/// The new status of a finding.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusBody {
    /// One of the finding's `allowed_statuses`. `accepted_risk` is not among them: it requires `POST /approvals`.
    status: Status,
    /// The reason: at most 2,000 characters. Required for `false_positive` and `duplicate`.
    #[schema(value_type = Option<Block<{ MAX_COMMENT }>>)]
    comment: Option<String>,
}

described_with! {
    /// The new status of a finding, and the reason.
    pub DescribedStatus, StatusBody, why()
}

/// Some statuses require a comment.
pub(super) fn why() -> Keyword {
    let reasoned = Status::ALL.iter().filter(|status| status.needs_reason());
    let comment = json!({"$ref": format!("#/components/schemas/{}", Statement::<MAX_COMMENT>::name())});
    needs(
        "status",
        reasoned.map(|status| status.name()),
        ("comment", &comment),
    )
}

impl StatusBody {
    pub(super) const fn new(status: Status, comment: Option<String>) -> Self {
        Self { status, comment }
    }

    pub(super) fn checked(self) -> Result<(Status, String), Problem> {
        let comment = validate::block(
            "comment",
            self.comment.as_deref().unwrap_or_default(),
            MAX_COMMENT,
        )
        .map_err(|error| Problem::fields(vec![error]))?;
        let comment = comment.trim().to_owned();
        if self.status.needs_reason() && base::text::line(&comment, MAX_COMMENT).is_empty() {
            return Err(Problem::field(
                "comment",
                format!("must not be empty; {} requires a reason", self.status),
            ));
        }
        Ok((self.status, comment))
    }
}
