//! Projects: they group findings and scans of a company, from one day to another.
//!
//! Owns: the table `projects` and each change of it with its event. Must not: change a finding or a scan.

use access::directory;
use base::{Id, Scope};
use serde_json::Map;
use store::{Tx, params, words};

use crate::{
    Date, Named, Place, Refused,
    by::put,
    column::time_or_none,
    order::{self, Order, Sorted},
    owned::Owned,
    record::{
        self, Rules,
        field::{Checking, Columns, Field},
        kinds::{Block, Day, Initial, Owners, Tags, Title, Word},
        record,
        schema::Property,
    },
};

words! {
    /// The status of a project.
    pub enum Status (ProjectStatus, "a project's status") {
        /// Not started yet.
        Planned "planned",
        /// In progress.
        Active "active",
        /// Finished.
        Completed "completed",
    }
}

impl Initial for Status {
    const INITIAL: Self = Self::Planned;
}

record! {
    /// A project.
    pub struct Project in "projects" {
        /// Its name.
        name: Title,
        /// Its description.
        description: Block,
        /// Its status.
        status: Word<Status>,
        /// Its first day.
        starts_on: Day,
        /// Its last day.
        ends_on: Day,
        /// Who owns it: the owners are responsible for findings without assignees.
        owners: Owners => default,
        /// Its tags.
        tags: Tags => default,
    }
    created by NewProject: "A project to create.", ProjectCreated;
    changed by ProjectChange: "Changes of a project; omitted fields stay unchanged.", ProjectUpdated;
    deleted: ProjectDeleted;
}

impl New {
    /// One with only this name and status.
    pub fn named(name: impl Into<String>, status: Status) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            status,
            starts_on: None,
            ends_on: None,
            owners: Owned::default(),
            tags: Vec::new(),
        }
    }
}

impl Sorted for Project {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("starts_on", "r.starts_at", |project| midnight(project.starts_on)),
        order::down("-starts_on", "r.starts_at", |project| midnight(project.starts_on)),
        order::up("ends_on", "r.ends_at", |project| midnight(project.ends_on)),
        order::down("-ends_on", "r.ends_at", |project| midnight(project.ends_on)),
        order::up("updated_at", "r.updated_at", |project| project.updated_at.nanos()),
        order::down("-updated_at", "r.updated_at", |project| {
            project.updated_at.nanos()
        }),
    ];
    const ID: &'static str = "r.id";

    fn id(&self) -> Id {
        self.id
    }
}

/// A day as stored in the column.
fn midnight(day: Option<Date>) -> i64 {
    time_or_none(day.map(Date::midnight)).nanos()
}

// The index on the findings leaves out '', and SQLite must see that the value is not ''.
const FINDINGS: &str = "select id from findings where project_id = $1 and project_id <> '' limit 1";
const SCANS: &str = "select id from scans where project_id = $1 limit 1";

impl Rules for Project {
    fn fits(&self) -> Result<(), Refused> {
        match (self.starts_on, self.ends_on) {
            (Some(start), Some(end)) if end < start => {
                Err(Refused::field("ends_on", "must not be before starts_on"))
            }
            _ => Ok(()),
        }
    }

    fn is_free(&self, tx: &mut Tx<'_>) -> Result<(), Refused> {
        for sql in [FINDINGS, SCANS] {
            if tx.one::<(Id,)>(sql, params![self.id])?.is_some() {
                return Err(Refused::conflict("This project has findings or scans."));
            }
        }
        Ok(())
    }

    fn describe(&self, data: &mut Map<String, serde_json::Value>) {
        put(data, "project_name", Some(&self.name));
        put(data, "title", Some(&self.name));
        put(data, "status", Some(self.status));
    }
}

/// A project of this company, which cannot be deleted until the end of this transaction.
///
/// # Errors
/// 422 naming `project_id`, for one of another company as for one that does not exist.
pub fn in_company(tx: &mut Tx<'_>, company: Id, id: Id) -> Result<Named, Refused> {
    let wrong = ("project_id", "must be a project of the company");
    record::in_company::<Project>(tx, (company, id), wrong)
}

impl Place {
    /// The place with these ids. The project cannot be deleted until the end of the transaction.
    ///
    /// # Errors
    /// 404 for a company that does not exist or is not in the scope; 422 naming `project_id` for a project of another
    /// company.
    pub fn find(tx: &mut Tx<'_>, scope: &Scope, company: Id, project: Option<Id>) -> Result<Self, Refused> {
        if !scope.allows(company) {
            return Err(Refused::NotFound);
        }
        let name = directory::company_name(tx, company)?.ok_or(Refused::NotFound)?;
        let project = project.map(|id| in_company(tx, company, id)).transpose()?;
        Ok(Self {
            company: Named { id: company, name },
            project,
        })
    }
}

pub mod http {
    //! The handlers of projects: viewers read, managers write.

    use super::Status;

    crate::record::http::handlers! {
        Project (NewProject, ProjectChange) at "/projects" and "/projects/{id}",
        called "project", "a project" and "projects",
        written by Manager, deleted by Manager;
        filters {
            /// Only those in one of these statuses, separated by commas.
            status: Status,
        }
        text: "Only those with this text in name or description, in any case.",
        with tag: "Only those with this tag.",
        sort: "`created_at`, `starts_on`, `ends_on` or `updated_at`, with `-` before it for descending order; `-created_at` by default.";
        delete "Deletes a project without findings and scans" unless "It has findings or scans";
    }
}
