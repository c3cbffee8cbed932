//! The disk space for spooled scan reports.
//!
//! Owns: how much of it one company may use, and all together. Must not: ask the disk; written bytes are counted.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use base::Id;

use super::limits::{BUSY, Limits};
use crate::Refused;

/// One company may use one of this many parts.
const PARTS: usize = 4;

/// The space of all. Clones share it.
#[derive(Clone)]
pub(super) struct Room(Arc<Mutex<Used>>);

struct Used {
    in_all: usize,
    of: HashMap<Id, usize>,
    most_in_all: usize,
    most_of_one: usize,
}

/// What one scan report uses; released when dropped.
pub(super) struct Space {
    room: Room,
    owner: Id,
    bytes: usize,
}

/// There is no space left.
#[derive(Debug, thiserror::Error)]
#[error("the disk space for scan reports is used up")]
pub(super) struct UsedUp;

impl Room {
    pub(super) fn new(limits: &Limits) -> Self {
        let largest = limits.taken.max(limits.unpacked);
        Self(Arc::new(Mutex::new(Used {
            in_all: 0,
            of: HashMap::new(),
            most_in_all: limits.spooled.max(largest),
            most_of_one: (limits.spooled / PARTS).max(largest),
        })))
    }

    /// Space for a scan report of this company, initially unused.
    pub(super) fn space(&self, owner: Id) -> Space {
        Space {
            room: self.clone(),
            owner,
            bytes: 0,
        }
    }
}

impl Space {
    /// Uses this many more bytes.
    ///
    /// # Errors
    /// [`UsedUp`] wrapped in an I/O error, as writers need it.
    pub(super) fn grow(&mut self, by: usize) -> io::Result<()> {
        let mut used = self.room.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = used.of.get(&self.owner).copied().unwrap_or(0) + by;
        if of_one > used.most_of_one || used.in_all + by > used.most_in_all {
            return Err(io::Error::other(UsedUp));
        }
        used.of.insert(self.owner, of_one);
        used.in_all += by;
        self.bytes += by;
        Ok(())
    }
}

/// Why nothing more can be written: the share is used up, or the disk.
pub(super) fn unwritten(error: &io::Error) -> Refused {
    let inner = error.get_ref();
    if inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<UsedUp>) {
        let detail = "Current uploads use up the disk space for scan reports. Try again when one is done.";
        return Refused::busy(BUSY, detail);
    }
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Refused::Store(store::Error::Full),
        _ => {
            tracing::error!(%error, "a scan report could not be spooled");
            Refused::Fault
        }
    }
}

#[cfg(test)]
impl Space {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let mut used = self.room.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.in_all -= self.bytes;
        let left = used.of.get(&self.owner).map_or(0, |bytes| bytes - self.bytes);
        if left == 0 {
            used.of.remove(&self.owner);
        } else {
            used.of.insert(self.owner, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: U3
    #[test]
    fn one_company_leaves_room_for_others() {
        let room = Room::new(&Limits {
            taken: 10,
            unpacked: 20,
            spooled: 100,
            ..Limits::default()
        });
        let [a, b] = [1, 2].map(|n| Id::from_parts(1, [n; 10]));
        let (mut one, mut two) = (room.space(a), room.space(a));
        assert!(one.grow(20).is_ok() && two.grow(5).is_ok());
        assert!(two.grow(1).is_err(), "a quarter");
        let mut other = room.space(b);
        assert!(other.grow(25).is_ok());
        drop(one);
        assert!(two.grow(20).is_ok());
        drop((two, other));
        {
            let used = room.0.lock().unwrap();
            assert!(used.of.is_empty() && used.in_all == 0, "all of it is given back");
        }
        let small = Room::new(&Limits {
            spooled: 1,
            taken: 10,
            unpacked: 20,
            ..Limits::default()
        });
        assert!(small.space(a).grow(20).is_ok(), "the largest report always fits");
    }
}
