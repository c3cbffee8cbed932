//! What goes over the line to other nodes, and where what they send goes.
//!
//! Owns: the connection between the line and the parts that use it. Must not: rely on it: the tables have everything, and
//! a gap sends everyone there.

use std::time::Duration;

use access::{Access, Follower};
use base::{Id, Time};
use nodes::{Item, Line, Node, Nodes, Receive, Wire};
use notify::{Doorbell, Ring};
use realtime::{Addressed, Bridge, Frame, Incoming, Outgoing};
use store::{Error, Store, outbox};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::config::Config;

/// How many frames of other nodes may wait for the bridge.
const WAITING: usize = 8_192;
/// How long a look into the tables may take before open tabs reload instead.
const LOOKUP: Duration = Duration::from_secs(5);
/// How much later than the time in its id a row may appear.
const READ_BACK: Duration = Duration::from_secs(90);

/// What carries the line: NATS if it is set, else the database; none for SQLite, which one process uses.
pub(crate) async fn wire(config: &Config, nodes: &Nodes) -> anyhow::Result<Option<Wire>> {
    let wire = Wire::of_database(&config.database_url)?;
    match (&config.nats, wire) {
        (Some(nats), Some(_)) => {
            let name = nodes.line_name().await?;
            Ok(Some(Wire::Nats(Box::new(nats.clone()), name)))
        }
        (Some(_), None) => {
            tracing::warn!("nats_url is not used: SQLite is for one node");
            Ok(None)
        }
        (None, wire) => Ok(wire),
    }
}

/// Connects `bridge` and the other parts with the nodes on the same line, until `over`: then the tasks end once everything
/// is sent.
pub(crate) async fn connect(
    wire: Wire,
    own: &Node,
    (access, doorbell, bridge): (&Access, &Doorbell, Bridge),
    (tasks, over): (&mut JoinSet<()>, watch::Receiver<bool>),
) -> Bridge {
    let (frames, incoming) = mpsc::channel(WAITING);
    let received = Received {
        access: access.clone(),
        doorbell: doorbell.clone(),
        frames,
        behind: false,
        seen: None,
    };
    let (until, stopped) = watch::channel(false);
    let (line, keep) = Line::start(wire, (own.id, own.run), received, stopped).await;
    tasks.spawn(keep);
    let to = line.clone();
    access.forward_changes(move |row, changes| {
        let changes = Some(changes.to_vec());
        to.send(Item::Access { row, changes });
    });
    let to = line.clone();
    doorbell.forward(move |ring| to.send(item(ring)));
    bridge.between(incoming, Sent { line, _until: until }, over)
}

fn item(ring: Ring) -> Item {
    match ring {
        Ring::Work => Item::Wake,
        Ring::Resume(keys) => Item::Resume(keys),
        Ring::ResumeAll => Item::Resume(Vec::new()),
    }
}

/// The bridge's side of the line.
struct Sent {
    line: Line,
    /// The line ends when this is dropped.
    _until: watch::Sender<bool>,
}

impl Outgoing for Sent {
    fn frame(
        &self,
        Addressed {
            audience,
            frame,
            event,
        }: &Addressed,
    ) {
        match frame.text() {
            Some(text) => self.line.send(Item::Frame {
                audience: *audience,
                text: text.to_owned(),
                event: *event,
            }),
            None => self.line.missed(),
        }
    }

    fn missed(&self) {
        self.line.missed();
    }
}

/// Where what other nodes send goes.
struct Received {
    access: Access,
    doorbell: Doorbell,
    frames: mpsc::Sender<Incoming>,
    /// Whether the bridge did not take something.
    behind: bool,
    /// The events seen by the last look without a line.
    seen: Option<Look>,
}

/// How many events there were since then.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    since: Time,
    count: u64,
}

impl Receive for Received {
    async fn item(&mut self, item: Item) {
        match item {
            Item::Frame { audience, text, .. } => match Frame::of_text(&text) {
                Some(frame) => self.publish(Addressed {
                    audience,
                    frame,
                    event: None,
                }),
                None => self.missed(1).await,
            },
            Item::Stored(event) => match self.stored(event).await {
                Ok(Some(addressed)) => self.publish(addressed),
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "a frame of another node cannot be read");
                    self.pass(Incoming::Missed(1));
                }
            },
            Item::Access { row, changes } => self.access.changed_elsewhere(row, changes).await,
            Item::Wake => self.doorbell.rang_elsewhere(Ring::Work),
            Item::Resume(keys) if keys.is_empty() => self.doorbell.rang_elsewhere(Ring::ResumeAll),
            Item::Resume(keys) => self.doorbell.rang_elsewhere(Ring::Resume(keys)),
            Item::Hello | Item::Alive | Item::Bye => {}
        }
    }

    async fn missed(&mut self, texts: u64) {
        // A change of access may be among them: it comes before what follows (promise E8).
        let mut follower = Follower::new(self.access.clone());
        let _ = tokio::time::timeout(LOOKUP, follower.poll()).await;
        self.doorbell.rang_elsewhere(Ring::Work);
        self.pass(Incoming::Missed(texts));
    }

    async fn away(&mut self, first: bool) {
        if first {
            self.seen = None;
        }
        // While there is no line, only the table says whether other nodes committed anything.
        let store = self.access.store().clone();
        let looked = tokio::time::timeout(LOOKUP, look(&store, self.seen)).await;
        // Without the database there is nothing to reload.
        let is_new = if let Ok(Ok((look, is_new))) = looked {
            self.seen = Some(look);
            is_new
        } else {
            self.seen = None;
            false
        };
        if is_new {
            self.missed(1).await;
        }
    }
}

impl Received {
    fn publish(&mut self, addressed: Addressed) {
        self.pass(Incoming::Frame(addressed));
    }

    /// Hands it to the bridge without waiting.
    fn pass(&mut self, incoming: Incoming) {
        if self.behind && self.frames.try_send(Incoming::Missed(1)).is_ok() {
            self.behind = false;
        }
        if self.frames.try_send(incoming).is_err() {
            self.behind = true;
        }
    }

    async fn stored(&self, event: Id) -> Result<Option<Addressed>, Error> {
        let read = self
            .access
            .store()
            .read(move |tx| outbox::events(tx, &[event], &base::Scope::All));
        let events = tokio::time::timeout(LOOKUP, read).await;
        let events = events.unwrap_or(Err(Error::Unavailable))?;
        Ok(events
            .first()
            .filter(|event| event.fault().is_none())
            .and_then(|event| {
                Some(Addressed {
                    audience: event.audience,
                    frame: Frame::of(event)?,
                    event: Some(event.id),
                })
            }))
    }
}

/// How many events there are, and whether more than at the last look; without one, that is unknown and counts as more.
async fn look(store: &Store, last: Option<Look>) -> Result<(Look, bool), Error> {
    let recent = store.clock().now().before(READ_BACK);
    let read = store.read(move |tx| {
        let since = |tx: &mut store::Tx<'_>, since| {
            let count = store::events_since(tx, since)?;
            Ok::<_, Error>(Look { since, count })
        };
        let is_new = match last {
            Some(last) => since(tx, last.since)? != last,
            None => true,
        };
        // Counted from a later time for the next look, in the same snapshot, so that nothing lies in between.
        Ok((since(tx, recent)?, is_new))
    });
    read.await
}
