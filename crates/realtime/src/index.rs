//! Finds the connections of an audience without checking the others (promise E7).
//!
//! Owns: a shard's connections by company, by user, and those of administrators.
//! Must not: put anything into a connection.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use base::{Audience, Id, Scope};

use crate::connection::{Connection, NO_SLOT};

/// The connections of one shard. A slot is an index into `slots`; freed ones are reused.
#[derive(Default)]
pub(crate) struct Index {
    slots: Vec<Option<Arc<Connection>>>,
    free: Vec<u32>,
    companies: HashMap<Id, Vec<u32>>,
    users: HashMap<Id, Vec<u32>>,
    administrators: Vec<u32>,
}

impl Index {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Adds a connection to every list it belongs to. Without a free slot (out of four billion) it
    /// is returned.
    pub(crate) fn insert(&mut self, connection: Arc<Connection>) -> Result<(), Arc<Connection>> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => match u32::try_from(self.slots.len()) {
                Ok(slot) if slot != NO_SLOT => {
                    self.slots.push(None);
                    slot
                }
                _ => return Err(connection),
            },
        };
        let reader = &connection.reader;
        self.users.entry(reader.user).or_default().push(slot);
        match &reader.scope {
            Scope::All => self.administrators.push(slot),
            Scope::Companies(companies) => {
                for company in companies.iter() {
                    self.companies.entry(*company).or_default().push(slot);
                }
            }
        }
        connection.slot.store(slot, Ordering::Relaxed);
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(connection);
        }
        Ok(())
    }

    /// Removes a connection from every list; an unknown one is ignored.
    pub(crate) fn remove(&mut self, connection: &Connection) {
        let slot = connection.slot.swap(NO_SLOT, Ordering::Relaxed);
        let Some(place) = self.slots.get_mut(slot as usize) else {
            return;
        };
        if place.take().is_none() {
            return;
        }
        self.free.push(slot);
        let reader = &connection.reader;
        remove_from(&mut self.users, reader.user, slot);
        match &reader.scope {
            Scope::All => forget(&mut self.administrators, slot),
            Scope::Companies(companies) => {
                for company in companies.iter() {
                    remove_from(&mut self.companies, *company, slot);
                }
            }
        }
        if self.len() == 0 {
            // Releases memory that only many connections needed.
            *self = Self::default();
        }
    }

    /// The connections of an audience: a company's and the administrators', everyone's, or one user's.
    pub(crate) fn reached_by(&self, audience: Audience, mut each: impl FnMut(&Arc<Connection>)) {
        let listed = |list: Option<&Vec<u32>>, each: &mut dyn FnMut(&Arc<Connection>)| {
            for slot in list.into_iter().flatten() {
                if let Some(Some(connection)) = self.slots.get(*slot as usize) {
                    debug_assert!(connection.reader.scope.reaches(connection.reader.user, audience));
                    each(connection);
                }
            }
        };
        match audience {
            Audience::Platform => self.all().for_each(each),
            Audience::User(user) => listed(self.users.get(&user), &mut each),
            Audience::Company(company) => {
                listed(self.companies.get(&company), &mut each);
                listed(Some(&self.administrators), &mut each);
            }
        }
    }

    /// The connection in this slot.
    pub(crate) fn get(&self, slot: u32) -> Option<&Arc<Connection>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// All connections.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.slots.iter().flatten()
    }
}

/// Removes a slot from one list of a map, and the list if it was the last.
fn remove_from(lists: &mut HashMap<Id, Vec<u32>>, key: Id, slot: u32) {
    if let Some(list) = lists.get_mut(&key) {
        forget(list, slot);
        if list.is_empty() {
            lists.remove(&key);
        }
    }
}

fn forget(list: &mut Vec<u32>, slot: u32) {
    // The newest leave soonest: search from the end.
    if let Some(at) = list.iter().rposition(|listed| *listed == slot) {
        list.swap_remove(at);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base::Time;
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::{connection::Reader, frame::Form};

    fn id(n: u8) -> Id {
        Id::from_parts(1, [n; 10])
    }

    fn connection(user: u8, companies: Option<&[u8]>) -> Arc<Connection> {
        let scope = companies.map_or(Scope::All, |list| Scope::of(list.iter().copied().map(id)));
        let reader = Reader {
            user: id(user),
            session: id(user),
            scope,
            expires_at: Time::from_nanos(i64::MAX),
            hangup: None,
        };
        Arc::new(Connection::new(Form::Plain, reader, Bytes::new()))
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, Option<Vec<u8>>),
        Remove(usize),
        Ask(Audience),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (
                0_u8..4,
                prop::option::weighted(0.8, prop::collection::vec(0_u8..5, 0..4))
            )
                .prop_map(|(user, companies)| Step::Insert(user, companies)),
            any::<usize>().prop_map(Step::Remove),
            prop_oneof![
                (0_u8..6).prop_map(|n| Audience::Company(id(n))),
                (0_u8..5).prop_map(|n| Audience::User(id(n))),
                Just(Audience::Platform),
            ]
            .prop_map(Step::Ask),
        ]
    }

    proptest! {
        // promise: E7
        #[test]
        fn reaches_exactly_the_users_of_the_tenant_rule(steps in prop::collection::vec(step(), 1..120)) {
            let mut index = Index::default();
            let mut model: Vec<Arc<Connection>> = Vec::new();
            for step in steps {
                match step {
                    Step::Insert(user, companies) => {
                        let new = connection(user, companies.as_deref());
                        prop_assert!(index.insert(Arc::clone(&new)).is_ok());
                        model.push(new);
                    }
                    Step::Remove(at) if !model.is_empty() => {
                        let gone = model.swap_remove(at % model.len());
                        index.remove(&gone);
                        index.remove(&gone);
                    }
                    Step::Remove(_) => {}
                    Step::Ask(audience) => {
                        let mut reached = Vec::new();
                        index.reached_by(audience, |connection| reached.push(Arc::as_ptr(connection)));
                        let unique: BTreeSet<_> = reached.iter().copied().collect();
                        prop_assert_eq!(unique.len(), reached.len(), "no one twice");
                        let expected: BTreeSet<_> = model
                            .iter()
                            .filter(|one| one.reader.scope.reaches(one.reader.user, audience))
                            .map(Arc::as_ptr)
                            .collect();
                        prop_assert_eq!(unique, expected);
                    }
                }
                prop_assert_eq!(index.len(), model.len());
            }
            for gone in &model {
                index.remove(gone);
            }
            prop_assert!(index.companies.is_empty() && index.users.is_empty() && index.slots.is_empty());
        }
    }
}
