//! The list of findings as stored in the database, without the product's own reading code.

use std::collections::BTreeMap;

use base::Id;
use records::findings::Status;
use serde_json::Value;
use store::{FromRow, params};

use crate::world::World;

/// A finding in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) status: Status,
    pub(crate) severity: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) location: String,
    pub(crate) rule: String,
    pub(crate) details: String,
    pub(crate) related: String,
    pub(crate) gone: bool,
    /// The scans that first and last contained it.
    pub(crate) first: String,
    pub(crate) last: String,
}

impl FromRow for Row {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            status: row.get(1)?,
            title: row.get(2)?,
            description: row.get(3)?,
            location: row.get(4)?,
            rule: row.get(5)?,
            details: row.get(6)?,
            related: row.get(7)?,
            gone: row.get::<i64>(8)? != 0,
            first: row.get(9)?,
            last: row.get(10)?,
            severity: row.get(11)?,
        })
    }
}

impl Row {
    /// The same except for the scan that last contained it.
    pub(crate) fn is_unchanged(&self, before: &Self) -> bool {
        let last = self.last.clone();
        *self
            == Self {
                last,
                ..before.clone()
            }
    }

    fn details(&self) -> Value {
        if self.details.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&self.details).unwrap()
        }
    }

    /// All of its places.
    pub(crate) fn places(&self) -> Vec<String> {
        let details = self.details();
        let places = details["locations"].as_array().cloned().unwrap_or_default();
        places
            .iter()
            .map(|place| place.as_str().unwrap().to_owned())
            .collect()
    }

    /// The displayed code.
    pub(crate) fn snippet(&self) -> String {
        self.details()["snippet"].as_str().unwrap_or_default().to_owned()
    }
}

/// The number of the world that a text names, as `w12x`.
fn number(text: &str) -> Option<usize> {
    text.match_indices('w').find_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        let end = rest.find('x')?;
        rest.get(..end)?.parse().ok()
    })
}

/// The name of a world.
pub(crate) fn name(world: usize) -> String {
    format!("w{world}x")
}

const ROWS: &str = "select id, status, title, description, location, rule_id, details, related_id, gone_at, \
     first_scan_id, last_scan_id, severity from findings where project_id = $1 order by id";

/// The findings of the world's project, by their small world.
pub(crate) async fn rows(world: &World) -> BTreeMap<usize, Vec<Row>> {
    let project = world.project;
    let read = world.store.read(move |tx| tx.all::<Row>(ROWS, params![project]));
    let mut by_world: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
    for row in read.await.unwrap() {
        let world = number(&row.location).or_else(|| number(&row.title)).unwrap();
        by_world.entry(world).or_default().push(row);
    }
    by_world
}
