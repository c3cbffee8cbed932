//! The scenarios, one file each.

mod calm;
mod companies;
mod dropped;
mod fanout;
mod growth;
mod idle;
mod reconnect;
mod revoke;
mod stalled;
mod unread;

use crate::bench::Bench;

/// Something to measure.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&Bench),
}

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "idle",
        about: "memory of an idle connection",
        run: idle::run,
    },
    Scenario {
        name: "fanout",
        about: "the most frames a second to all clients of one company, nothing lost and p99 at most 1 s",
        run: fanout::run,
    },
    Scenario {
        name: "calm",
        about: "10 and 100 events a second to everyone",
        run: calm::run,
    },
    Scenario {
        name: "companies",
        about: "4,000 events a second over companies of 10 clients",
        run: companies::run,
    },
    Scenario {
        name: "stalled",
        about: "one client that stops reading: the effect on others, and memory held for it",
        run: stalled::run,
    },
    Scenario {
        name: "unread",
        about: "one in ten clients stops reading: the effect on others, and memory held for them",
        run: unread::run,
    },
    Scenario {
        name: "reconnect",
        about: "all connections opened as fast as the clients can",
        run: reconnect::run,
    },
    Scenario {
        name: "dropped",
        about: "all clients dropped at once and reconnecting by their rules, while others read the API",
        run: dropped::run,
    },
    Scenario {
        name: "revoke",
        about: "from the end of a session to the end of its stream",
        run: revoke::run,
    },
    Scenario {
        name: "growth",
        about: "cost by connections and by companies",
        run: growth::run,
    },
];
