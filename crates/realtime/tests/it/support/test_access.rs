//! Access control in the hands of a test.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use access::{AccessChange, Caller, Problem, Secret};
use base::{Clock, Id, Scope, Time};
use realtime::{
    Identify,
    admission::{Answer, Issued, Redeemed},
};
use tokio::sync::broadcast;

/// What a lookup does instead of answering.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Unauthorized,
    Forbidden,
    Unavailable,
    Internal,
    Hangs,
}

/// What happens between a lookup's result and its arrival.
pub(crate) type Meanwhile = Box<dyn FnMut(&TestAccess) + Send>;

/// Users, sessions and memberships in memory.
pub(crate) struct TestAccess {
    clock: Clock,
    world: Mutex<World>,
    changes: broadcast::Sender<AccessChange>,
}

#[derive(Default)]
struct World {
    people: BTreeMap<Id, Person>,
    sessions: BTreeMap<String, Session>,
    /// The credential behind each unused ticket.
    tickets: BTreeMap<String, String>,
    fault: Option<Fault>,
    meanwhile: Option<Meanwhile>,
    asked: usize,
}

#[derive(Default)]
struct Person {
    is_admin: bool,
    companies: BTreeSet<Id>,
}

#[derive(Clone, Copy)]
struct Session {
    id: Id,
    user: Id,
    expires_at: Time,
    idle_at: Time,
}

impl TestAccess {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            world: Mutex::default(),
            changes: broadcast::Sender::new(64),
        }
    }

    /// A new user with access to these companies.
    pub(crate) fn member(&self, companies: &[Id]) -> Id {
        let person = Person {
            is_admin: false,
            companies: companies.iter().copied().collect(),
        };
        self.person(person)
    }

    /// A new administrator.
    pub(crate) fn administrator(&self) -> Id {
        self.person(Person {
            is_admin: true,
            ..Person::default()
        })
    }

    fn person(&self, person: Person) -> Id {
        let id = self.clock.id();
        self.world().people.insert(id, person);
        id
    }

    /// A new session of this user; returns its token.
    pub(crate) fn sign_in(&self, user: Id) -> String {
        self.sign_in_for(user, Duration::from_hours(1))
    }

    /// A new session that lasts this long.
    pub(crate) fn sign_in_for(&self, user: Id, lasting: Duration) -> String {
        self.sign_in_until(user, self.clock.now().after(lasting), Time::from_nanos(i64::MAX))
    }

    /// A new session that ends after being idle for this long.
    pub(crate) fn sign_in_idle(&self, user: Id, idle: Duration) -> String {
        let now = self.clock.now();
        self.sign_in_until(user, now.after(idle * 10), now.after(idle))
    }

    fn sign_in_until(&self, user: Id, expires_at: Time, idle_at: Time) -> String {
        let session = Session {
            id: self.clock.id(),
            user,
            expires_at,
            idle_at,
        };
        let token = format!("token-{}", session.id);
        self.world().sessions.insert(token.clone(), session);
        token
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, token: &str) {
        let ended = self.world().sessions.remove(token).unwrap();
        self.announce(AccessChange::Session(ended.id));
    }

    /// Adds or removes a membership.
    pub(crate) fn set_member(&self, user: Id, company: Id, member: bool) {
        self.change(user, |person| {
            if member {
                person.companies.insert(company);
            } else {
                person.companies.remove(&company);
            }
        });
    }

    /// Makes a user an administrator or revokes that.
    pub(crate) fn set_administrator(&self, user: Id, is_admin: bool) {
        self.change(user, |person| person.is_admin = is_admin);
    }

    fn change(&self, user: Id, change: impl FnOnce(&mut Person)) {
        change(self.world().people.get_mut(&user).unwrap());
        self.announce(AccessChange::User(user));
    }

    /// Announces a change.
    pub(crate) fn announce(&self, change: AccessChange) {
        let _ = self.changes.send(change);
    }

    /// What lookups do from now on instead of answering.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        self.world().fault = fault;
    }

    /// What happens from now on between a lookup's result and its arrival.
    pub(crate) fn set_meanwhile(&self, meanwhile: Meanwhile) {
        self.world().meanwhile = Some(meanwhile);
    }

    /// How many lookups there were.
    pub(crate) fn asked(&self) -> usize {
        self.world().asked
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn answer(&self, credential: &str) -> Result<Caller, Problem> {
        let fault = {
            let mut world = self.world();
            world.asked += 1;
            world.fault
        };
        match fault {
            Some(Fault::Unauthorized) => return Err(Problem::unauthorized()),
            Some(Fault::Forbidden) => return Err(Problem::forbidden("not yours")),
            Some(Fault::Unavailable) => return Err(Problem::unavailable()),
            Some(Fault::Internal) => return Err(Problem::internal()),
            Some(Fault::Hangs) => std::future::pending().await,
            None => {}
        }
        let caller = self.find(credential)?;
        let meanwhile = self.world().meanwhile.take();
        if let Some(mut meanwhile) = meanwhile {
            meanwhile(self);
            self.world().meanwhile.get_or_insert(meanwhile);
        }
        Ok(caller)
    }

    /// The caller with this token.
    pub(crate) fn find(&self, credential: &str) -> Result<Caller, Problem> {
        let world = self.world();
        let session = world.sessions.get(credential).ok_or_else(Problem::unauthorized)?;
        let person = &world.people[&session.user];
        Ok(Caller {
            user_id: session.user,
            name: "A person".to_owned(),
            email: "person@example.com".to_owned(),
            is_admin: person.is_admin,
            scope: if person.is_admin {
                Scope::All
            } else {
                Scope::Companies(Arc::new(person.companies.clone()))
            },
            roles: Arc::default(),
            session: session.id,
            is_token: false,
            expires_at: session.expires_at,
            idle_at: session.idle_at,
            peer: None,
        })
    }
}

impl Identify for TestAccess {
    fn caller<'a>(&'a self, credential: &'a str) -> Answer<'a> {
        Box::pin(self.answer(credential))
    }

    fn issue<'a>(&'a self, _session: Id, credential: &'a str) -> Issued<'a> {
        let ticket = format!("ticket-{}", self.clock.id());
        let issued = (ticket.clone(), self.clock.now().after(Duration::from_secs(30)));
        self.world().tickets.insert(ticket, credential.to_owned());
        Box::pin(async { Ok(issued) })
    }

    fn redeem<'a>(&'a self, ticket: &'a str) -> Redeemed<'a> {
        let credential = self.world().tickets.remove(ticket);
        Box::pin(async { Ok(credential.map(Secret::new)) })
    }

    fn changes(&self) -> broadcast::Receiver<AccessChange> {
        self.changes.subscribe()
    }
}
