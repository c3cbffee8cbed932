//! A due message's row, as a claim reads it.

use std::sync::Arc;

use base::Id;
use store::{Error, FromRow, Row};

use crate::{
    channel::Channel,
    plan::Why,
    target::{Key, Recipient},
};

pub(super) struct Due {
    pub(super) id: Id,
    pub(super) event: Id,
    pub(super) channel: Channel,
    pub(super) recipient: Recipient,
    pub(super) key: Key,
    /// Whether it includes messages that were collected in it.
    pub(super) summary: bool,
    /// Its digest, for a message of a group.
    pub(super) digest: Option<Id>,
    pub(super) why: Option<Why>,
    pub(super) body: String,
    pub(super) attempts: u32,
    pub(super) earlier: u32,
    pub(super) unknowns: u32,
    pub(super) lane: Arc<str>,
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let (kind, reference): (String, String) = (row.get(3)?, row.get(4)?);
        Ok(Self {
            digest: row.get::<String>(12)?.parse().ok(),
            why: Why::read(&row.get::<String>(13)?),
            id: row.get(0)?,
            event: row.get(1)?,
            channel: row.word(2)?,
            recipient: Recipient::parse(&kind, &reference)
                .ok_or_else(|| Error::Decode(format!("a recipient of the kind {kind:?}")))?,
            key: Key::stored(&row.get::<String>(5)?),
            summary: row.get::<String>(11)? == row.get::<String>(0)?,
            body: row.get(6)?,
            attempts: row.get(7)?,
            earlier: row.get(8)?,
            unknowns: row.get(9)?,
            lane: row.get::<String>(10)?.into(),
        })
    }
}
