//! Retires a target: no more scan reports are expected for it.

use access::audit::{self, Action, Entry};
use base::{Id, Scope};
use store::{Tx, params};

use super::list::{Target, get, get_for_update};
use crate::{
    By, Records, Refused, Settings,
    findings::{self, Context, Status, bulk::PORTION},
    import::lease,
};

const RETIRE: &str = "update scan_targets set retired_at = $2 where id = $1";
const OPEN: &str = "select id from findings where target_id = $1 and target_id <> '' \
     and status in ('open', 'in_progress', 'retest') order by id limit $2";

/// Retires a target: its open findings are closed, in portions; the next scan report reactivates it. Returns how many
/// were closed.
///
/// # Errors
/// 404; 409 while a scan report of it is being imported.
pub async fn retire(
    records: &Records,
    (id, scope): (Id, Scope),
    comment: String,
    (by, auditing): (By, audit::By),
) -> Result<(Target, u64), Refused> {
    let settings = records.settings();
    let begun = {
        let (scope, comment) = (scope.clone(), comment.clone());
        records
            .write(move |tx| begin(tx, (id, &scope), &comment, &auditing))
            .await?
    };
    let many = records.store().clock().id();
    let by = by.one_of_many(many);
    let mut closed = 0;
    loop {
        let (by, comment, company) = (by.clone(), comment.clone(), begun.place.company.id);
        let portion = records.store().portion(PORTION);
        let step = records
            .store()
            .write_portion(move |tx| close(tx, (id, company), settings, (&by, &comment), portion));
        let (now, more) = step.await?;
        closed += now;
        if !more {
            break;
        }
    }
    let target = records.read(move |tx| get(tx, id, &scope)).await?;
    Ok((target, closed))
}

fn begin(
    tx: &mut Tx<'_>,
    (id, scope): (Id, &Scope),
    comment: &str,
    by: &audit::By,
) -> Result<Target, Refused> {
    let target = get_for_update(tx, id, scope)?;
    if lease::holds(tx, id)? {
        return Err(Refused::conflict(
            "A scan report of this target is being imported. Try again when it is done.",
        ));
    }
    tx.execute(RETIRE, params![id, tx.now()])?;
    let name = format!("{} {}", target.tool, target.name);
    let entry = Entry::new(Action::TargetRetired, id, name.trim()).of(target.place.company.id);
    audit::note(tx, by, entry.says("comment", comment).says("open", target.open))?;
    Ok(target)
}

/// Closes some of the open findings; returns whether there are more.
fn close(
    tx: &mut Tx<'_>,
    (target, company): (Id, Id),
    settings: Settings,
    (by, comment): (&By, &str),
    portion: usize,
) -> Result<(u64, bool), Refused> {
    let rows: Vec<(Id,)> = tx.all(OPEN, params![target, portion])?;
    let ids: Vec<Id> = rows.into_iter().map(|(id,)| id).collect();
    let settings = settings.of(tx, company)?;
    let context = Context {
        settings: &settings,
        by,
    };
    for mut finding in findings::import::get_for_update(tx, company, &ids)?.into_values() {
        let closing = (Status::Closed, findings::Mover::Scan);
        findings::move_by(tx, &mut finding, closing, comment, context)?;
    }
    Ok((ids.len() as u64, ids.len() == portion))
}
