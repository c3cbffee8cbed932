//! The handlers of bulk changes of findings.

use std::{collections::BTreeSet, sync::Arc};

use access::{
    Caller, Json, Problem, Role, described_with,
    schema::{Block, Ids},
};
use axum::extract::State;
use base::Id;
use serde::{Deserialize, Serialize};
use store::{Requester, Tx, outbox};

use super::body::{StatusBody, why};
use crate::{
    By, MAX_COMMENT, Records, Refused,
    findings::{Finding, Status, assignees, bulk},
};

/// The assignees of many findings.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkAssigneesBody {
    /// The findings, 1 to 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    finding_ids: Vec<Id>,
    /// Users who may see their companies, at most 100.
    #[serde(default)]
    #[schema(value_type = Ids<{ assignees::MAX }>)]
    user_ids: Vec<Id>,
    /// Teams of their company, at most 100.
    #[serde(default)]
    #[schema(value_type = Ids<{ assignees::MAX }>)]
    team_ids: Vec<Id>,
    /// Whether they are assigned in addition to the current assignees (true) or instead of them (false, the default).
    #[serde(default)]
    add: bool,
}

/// The new status of many findings.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkStatusBody {
    /// The findings, 1 to 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    finding_ids: Vec<Id>,
    /// The status; findings that already have it stay unchanged.
    status: Status,
    /// The reason: at most 2,000 characters. Required for `false_positive` and `duplicate`.
    #[schema(value_type = Option<Block<{ MAX_COMMENT }>>)]
    comment: Option<String>,
}

described_with! {
    /// The new status of many findings, and the reason.
    DescribedBulk, BulkStatusBody, why()
}

/// The result of a bulk change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BulkOutcome {
    /// How many changed.
    changed: usize,
    /// How many already had the value.
    unchanged: usize,
}

/// Sets the assignees of up to 1,000 findings
///
/// All are checked first: if one cannot be assigned, none is. A large change is then written in portions, each finding
/// completely or not at all. Anyone newly assigned to some of them is notified once.
#[utoipa::path(
    post, path = "/findings/bulk/assignees", tag = "findings", operation_id = "assign_findings",
    request_body = BulkAssigneesBody,
    responses(
        (status = 200, description = "All are assigned", body = BulkOutcome),
        (status = 409, description = "Some changed or were deleted in the meantime: the detail states how many findings were processed. Repeat the \
            same request for the rest", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "None are assigned, unless stated otherwise", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub async fn assign(
    State(records): State<Records>,
    caller: Caller,
    Json(body): Json<BulkAssigneesBody>,
) -> Result<Json<BulkOutcome>, Problem> {
    let change = Arc::new(Assignment(body.user_ids, body.team_ids, body.add));
    let size = bulk::portion(change.of().rows());
    let checked = Arc::clone(&change);
    let check = move |tx: &mut Tx<'_>, findings: Vec<Finding>| checked.of().changes(tx, findings);
    let write = move |tx: &mut Tx<'_>, findings: &mut [Finding], by: &mut By| {
        bulk::assign(tx, findings, change.of(), by)
    };
    let outcome = run((records, caller), (body.finding_ids, size), check, write).await?;
    Ok(Json(outcome))
}

/// Whom to assign, kept for every portion.
struct Assignment(Vec<Id>, Vec<Id>, bool);

impl Assignment {
    fn of(&self) -> bulk::Assign<'_> {
        bulk::Assign {
            users: &self.0,
            teams: &self.1,
            add: self.2,
        }
    }
}

/// Changes the status of up to 1,000 findings
///
/// All are checked first: if one cannot be changed, none is. A large change is then written in portions, each finding
/// completely or not at all. Anyone assigned to some of them is notified once.
#[utoipa::path(
    post, path = "/findings/bulk/status", tag = "findings", operation_id = "move_findings",
    request_body = DescribedBulk,
    responses(
        (status = 200, description = "All have the status", body = BulkOutcome),
        (status = 409, description = "The lifecycle of one does not allow it, or it is accepted_risk; none changed. Or some \
            changed or were deleted in the meantime: the detail states how many findings were processed. Repeat the same \
            request for the rest", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "None changed, unless stated otherwise", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub async fn set_status(
    State(records): State<Records>,
    caller: Caller,
    Json(body): Json<BulkStatusBody>,
) -> Result<Json<BulkOutcome>, Problem> {
    let (status, comment) = StatusBody::new(body.status, body.comment).checked()?;
    let settings = records.settings();
    let check = move |_: &mut Tx<'_>, mut findings: Vec<Finding>| {
        bulk::may_move(&findings, status)?;
        findings.retain(|finding| finding.status != status);
        Ok(findings)
    };
    let write = move |tx: &mut Tx<'_>, findings: &mut [Finding], by: &mut By| {
        bulk::move_to(tx, findings, (status, &comment), settings, by)
    };
    let size = bulk::portion(ROWS_OF_A_MOVE);
    let outcome = run((records, caller), (body.finding_ids, size), check, write).await?;
    Ok(Json(outcome))
}

/// About how much a change of status writes, in rows of an assignment: the whole finding with its indexes, a step and
/// an event.
const ROWS_OF_A_MOVE: usize = 40;

/// Checks a whole change, then writes it, a portion of findings at a time.
async fn run<W>(
    (records, caller): (Records, Caller),
    (ids, size): (Vec<Id>, usize),
    check: impl FnOnce(&mut Tx<'_>, Vec<Finding>) -> Result<Vec<Finding>, Refused> + Send + 'static,
    write: W,
) -> Result<BulkOutcome, Problem>
where
    W: Fn(&mut Tx<'_>, &mut [Finding], &mut By) -> Result<usize, Refused> + Send + Sync + 'static,
{
    let looking = caller.clone();
    let (ids, mut keys, unchanged) = records
        .read(move |tx| {
            let findings = bulk::get(tx, &ids, &looking.scope)?;
            may_write(&findings, &looking)?;
            let all = findings.len();
            // So that the last portion has an event, which ends the bundle.
            let mut findings = check(tx, findings)?;
            // The first one that changes represents all.
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            let ids: Vec<Id> = findings.iter().map(|finding| finding.id).collect();
            let companies: BTreeSet<Id> = findings.iter().map(|one| one.place.company.id).collect();
            let unchanged = all - ids.len();
            Ok::<_, Problem>((ids, companies, unchanged))
        })
        .await?;
    // One large change at a time per user and per company: others wait for one portion at most.
    keys.insert(caller.user_id);
    let turn = records.bulk.take(keys).await;
    // From here on it is completed even if the client disconnects.
    let portions = Portions {
        by: By::caller(&caller).one_of_many(records.store().clock().id()),
        records,
        caller,
        write: Arc::new(write),
    };
    let task = tokio::spawn(Requester::inherited(async move {
        let done = portions.run(&ids, size).await;
        drop(turn);
        done.map(|outcome| BulkOutcome {
            unchanged: outcome.unchanged + unchanged,
            ..outcome
        })
    }));
    task.await.map_err(|_| Problem::internal())?
}

/// A change that has been checked.
struct Portions<W> {
    records: Records,
    caller: Caller,
    by: By,
    write: Arc<W>,
}

impl<W> Portions<W>
where
    W: Fn(&mut Tx<'_>, &mut [Finding], &mut By) -> Result<usize, Refused> + Send + Sync + 'static,
{
    async fn run(mut self, ids: &[Id], size: usize) -> Result<BulkOutcome, Problem> {
        self.by.leads = true;
        let (mut changed, mut done) = (0, 0);
        while done < ids.len() {
            let rest = &ids[done..];
            // Half of it while others write: smaller portions would only add commits.
            let size = self.records.store().portion(size).max(size.div_ceil(2));
            let part = &rest[..size.min(rest.len())];
            let is_last = part.len() == rest.len();
            match self.portion(part, (done == 0, is_last)).await {
                Ok(more) => changed += more,
                Err(stopped) if done == 0 => return Err(stopped.into()),
                Err(stopped) => {
                    self.end().await;
                    return Err(stopped.cut_short(done, ids.len()));
                }
            }
            done += part.len();
        }
        Ok(BulkOutcome {
            changed,
            unchanged: ids.len() - changed,
        })
    }

    /// One transaction.
    async fn portion(&mut self, ids: &[Id], (is_first, is_last): (bool, bool)) -> Result<usize, Stopped> {
        let (ids, caller, write) = (ids.to_vec(), self.caller.clone(), Arc::clone(&self.write));
        let mut by = self.by.clone();
        let written = self.records.store().write_portion(move |tx| {
            let mut findings = bulk::get_for_update(tx, &ids, &caller.scope)?;
            may_write(&findings, &caller)?;
            let changed = write(tx, &mut findings, &mut by)?;
            if let Some(bundle) = by.many {
                match (is_first, is_last) {
                    (true, true) => {}
                    (_, false) => outbox::keep_open(tx, bundle)?,
                    (false, true) => outbox::end(tx, bundle)?,
                }
            }
            Ok::<_, Stopped>((changed, by))
        });
        let (changed, by) = written.await?;
        self.by = by;
        Ok(changed)
    }

    /// No more events follow: the users assigned so far are notified now.
    async fn end(&self) {
        let Some(bundle) = self.by.many else { return };
        let ended = self.records.write(move |tx| outbox::end(tx, bundle));
        if let Err(problem) = ended.await {
            tracing::warn!(%problem, "messages about an interrupted bulk change will be sent later");
        }
    }
}

/// Why a portion was not written.
enum Stopped {
    /// The caller may no longer change one of the findings.
    Denied(Problem),
    Refused(Refused),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Denied(problem)
    }
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<store::Error> for Stopped {
    fn from(error: store::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl Stopped {
    /// The message for a change that stopped early.
    fn cut_short(self, done: usize, all: usize) -> Problem {
        let is_failure = matches!(&self, Self::Refused(refused) if refused.is_failure());
        let problem = Problem::from(self);
        let detail = format!(
            "{done} of {all} findings were processed before an error: {} Repeat the same request for the rest.",
            problem.detail()
        );
        if is_failure {
            Problem::unavailable_because(detail)
        } else {
            Problem::conflict(detail)
        }
    }
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Denied(problem) => problem,
            Stopped::Refused(refused) => refused.into(),
        }
    }
}

fn may_write(findings: &[Finding], caller: &Caller) -> Result<(), Problem> {
    for finding in findings {
        caller.may(finding.place.company.id, Role::Analyst)?;
    }
    Ok(())
}
