//! Leases: who works on something, for as long as they say so.
//!
//! Owns: the one rule of when a lease is over, and how leases are taken, renewed and released. Must not: know what is
//! leased, or end the work of a holder that is gone; that is for the code that takes its lease over.
//!
//! A holder renews its leases in the transaction of each part of its work. A lease that was taken over names another
//! holder, and never this one again: so a part that is written proves that its holder has them all, and a holder whose
//! process has died is recognised by leases that are no longer renewed.

use std::time::Duration;

use base::{Id, Time};

use crate::{Error, Tx, Value, params, rows};

/// A table of leases: what is leased, by whom, and since when it was last renewed.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The table.
    pub table: &'static str,
    /// The column of what is leased, its key.
    pub subject: &'static str,
    /// The column of the holder.
    pub holder: &'static str,
    /// How long a holder may go without renewing.
    pub length: Duration,
    /// How old a lease may become before it is renewed.
    pub fresh: Duration,
}

/// Whether leases were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// They were; leases of these holders had expired and are among them.
    Over(Vec<Id>),
    /// This holder has the first of them that is not free.
    Busy {
        /// Its position in the list of what was to be leased.
        index: usize,
    },
}

impl Lease {
    /// Whether a lease that was renewed then is over. One in the future is from before the clock was set back.
    pub fn is_over(&self, renewed_at: Time, now: Time) -> bool {
        renewed_at.after(self.length) <= now || renewed_at > now.after(self.length)
    }

    /// The same as a condition, `$over` and `$future` being the parameters of [`bounds`](Self::bounds).
    pub fn over(&self, over: &str, future: &str) -> String {
        format!("(renewed_at <= {over} or renewed_at > {future})")
    }

    /// The times that [`over`](Self::over) compares with.
    pub fn bounds(&self, now: Time) -> [Value; 2] {
        [now.before(self.length).into(), now.after(self.length).into()]
    }

    /// Takes the leases of these subjects. Those that are over are taken from their holders, unless `is_alive` knows
    /// that the holder is at work in this process; all other leases of such a holder end, too.
    ///
    /// # Errors
    /// The database's.
    pub fn take(
        &self,
        tx: &mut Tx<'_>,
        subjects: &[Id],
        holder: Id,
        is_alive: impl Fn(Id) -> bool,
    ) -> Result<Taken, Error> {
        let now = tx.now();
        let mut over = Vec::new();
        for (index, subject) in subjects.iter().enumerate() {
            match self.held(tx, *subject)? {
                Some((other, renewed_at)) if !is_alive(other) && self.is_over(renewed_at, now) => {
                    self.release(tx, other)?;
                    over.push(other);
                }
                Some(_) => return Ok(Taken::Busy { index }),
                None => {}
            }
        }
        let Self {
            table,
            subject,
            holder: by,
            ..
        } = self;
        let head = format!("insert into {table} ({subject}, {by}, renewed_at)");
        let row = |subject: &Id| vec![Value::from(subject), holder.into(), now.into()];
        match rows::insert(tx, (&head, ""), subjects.iter().map(row).collect()) {
            // Another node was faster.
            Err(Error::Unique) => Ok(Taken::Busy { index: 0 }),
            other => other.map(|_| Taken::Over(over)),
        }
    }

    /// Renews the leases of a holder, `count` in number; returns whether it still has them all.
    ///
    /// # Errors
    /// The database's.
    pub fn renew(&self, tx: &mut Tx<'_>, holder: Id, count: usize) -> Result<bool, Error> {
        let now = tx.now();
        let Self {
            table, holder: by, ..
        } = self;
        let held = format!("select count(*), min(renewed_at) from {table} where {by} = $1");
        let held: Option<(i64, Option<Time>)> = tx.one(&held, params![holder])?;
        let (held, oldest) = held.unwrap_or_default();
        if usize::try_from(held) != Ok(count) {
            return Ok(false);
        }
        if oldest.is_some_and(|oldest| oldest.after(self.fresh) <= now || oldest > now) {
            let renew = format!("update {table} set renewed_at = $2 where {by} = $1");
            // Another node may have taken one over since they were counted.
            return Ok(tx.execute(&renew, params![holder, now])? == held.unsigned_abs());
        }
        Ok(true)
    }

    /// Releases the leases of a holder.
    ///
    /// # Errors
    /// The database's.
    pub fn release(&self, tx: &mut Tx<'_>, holder: Id) -> Result<(), Error> {
        let Self {
            table, holder: by, ..
        } = self;
        let release = format!("delete from {table} where {by} = $1");
        tx.execute(&release, params![holder]).map(drop)
    }

    /// Who has the lease of this subject, and when it was renewed.
    ///
    /// # Errors
    /// The database's.
    pub fn held(&self, tx: &mut Tx<'_>, subject: Id) -> Result<Option<(Id, Time)>, Error> {
        let Self {
            table,
            subject: of,
            holder,
            ..
        } = self;
        let held = format!("select {holder}, renewed_at from {table} where {of} = $1");
        tx.one(&held, params![subject])
    }

    /// When a lease of this holder was renewed, if it has one.
    ///
    /// # Errors
    /// The database's.
    pub fn holds(&self, tx: &mut Tx<'_>, holder: Id) -> Result<Option<Time>, Error> {
        let Self {
            table, holder: by, ..
        } = self;
        let holds = format!("select renewed_at from {table} where {by} = $1 limit 1");
        Ok(tx
            .one::<(Time,)>(&holds, params![holder])?
            .map(|(renewed,)| renewed))
    }

    /// Holders with a lease that is over, at most this many.
    ///
    /// # Errors
    /// The database's.
    pub fn expired(&self, tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Id>, Error> {
        let Self { table, holder, .. } = self;
        let [over, future] = self.bounds(tx.now());
        let expired = format!(
            "select distinct {holder} from {table} where {} limit $3",
            self.over("$1", "$2")
        );
        let expired: Vec<(Id,)> = tx.all(&expired, &[over, future, limit.into()])?;
        Ok(expired.into_iter().map(|(holder,)| holder).collect())
    }

    /// When the oldest lease from before this time was renewed.
    ///
    /// # Errors
    /// The database's.
    pub fn oldest(&self, tx: &mut Tx<'_>, before: Time) -> Result<Option<Time>, Error> {
        let table = self.table;
        let oldest =
            format!("select renewed_at from {table} where renewed_at < $1 order by renewed_at limit 1");
        Ok(tx
            .one::<(Time,)>(&oldest, params![before])?
            .map(|(renewed,)| renewed))
    }
}
