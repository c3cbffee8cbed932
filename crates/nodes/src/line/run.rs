//! Keeps the line: connects, sends what waits, receives, and notices when something was lost.
//!
//! Owns: the connection and this node's numbers. Must not: wait for a sender, or keep what could not be sent: the tables
//! have it, and a number that is left out tells the others to look there.

use std::{
    future::{Future, pending},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::{Id, Throttle, Time};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    message::{Head, Item, pack, unpack},
    numbers::Numbers,
    wire::{Broken, Link, Wire},
};

/// How often a node sends something, so that others notice its end, and itself the end of the line.
const ALIVE: Duration = Duration::from_secs(4);
/// How long a text may take until its sender receives it. After that the line is lost, even if its connection looks open.
const ECHO: Duration = Duration::from_secs(10);
/// How long to wait before the next attempt to connect; doubled each time up to the other.
const RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(4);
/// How often the tables are checked while the line is down.
const LOOK: Duration = Duration::from_secs(2);
/// How many items wait for the line at most.
const WAITING: usize = 8_192;
/// How many of them are sent together at most.
const TOGETHER: usize = 1_024;
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What other nodes should know goes in here. Clones share the line.
#[derive(Clone)]
pub struct Line(Arc<Waiting>);

struct Waiting {
    items: mpsc::Sender<Item>,
    /// Whether something for the others was lost before it had a number.
    lost: AtomicBool,
}

/// What happens with what other nodes send.
pub trait Receive: Send + 'static {
    /// An item of another node. Called in the order in which that node sent them.
    fn item(&mut self, item: Item) -> impl Future<Output = ()> + Send;
    /// At least this many texts were missed.
    fn missed(&mut self, texts: u64) -> impl Future<Output = ()> + Send;
    /// The line is down: called repeatedly until it is up. `first` if there was one before.
    fn away(&mut self, first: bool) -> impl Future<Output = ()> + Send;
}

impl Line {
    /// Sends an item to the other nodes soon. It never waits: what exceeds the limit is lost, and they are notified.
    pub fn send(&self, item: Item) {
        if self.0.items.try_send(item).is_err() {
            self.missed();
        }
    }

    /// Something that the other nodes should know was lost.
    pub fn missed(&self) {
        self.0.lost.store(true, Ordering::Relaxed);
    }

    /// Connects and keeps the line, in a task of the returned future, until `stopped`; then says goodbye. If it cannot
    /// connect at once, it continues to try.
    pub async fn start<R: Receive>(
        wire: Wire,
        (node, run): (Id, Id),
        receive: R,
        stopped: watch::Receiver<bool>,
    ) -> (Self, impl Future<Output = ()> + Send + use<R>) {
        let (items, waiting) = mpsc::channel(WAITING);
        let line = Self(Arc::new(Waiting {
            items,
            lost: AtomicBool::new(false),
        }));
        let mut keeper = Keeper {
            head: Head { node, run, number: 0 },
            wire,
            line: line.clone(),
            waiting,
            numbers: Numbers::default(),
            echo: Echo::default(),
            receive,
            start: Instant::now(),
            sent_at: Instant::now(),
            logged: Throttle::new(),
        };
        let connected = keeper.connect().await;
        (line, async move { keeper.run(connected, stopped).await })
    }
}

struct Keeper<R> {
    /// With the number of the last text.
    head: Head,
    wire: Wire,
    line: Line,
    waiting: mpsc::Receiver<Item>,
    numbers: Numbers,
    echo: Echo,
    receive: R,
    start: Instant,
    sent_at: Instant,
    logged: Throttle,
}

/// Which of its own texts a node has received.
#[derive(Default)]
struct Echo {
    received: u64,
    /// Since when none has arrived, although one is due.
    since: Option<Instant>,
}

/// Why a connection is no longer used.
enum Ended {
    Stopped,
    Lost(Broken),
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Self {
        Self::Lost(broken)
    }
}

impl<R: Receive> Keeper<R> {
    async fn run(mut self, mut link: Option<Link>, mut stopped: watch::Receiver<bool>) {
        let mut is_first = true;
        loop {
            if let Some(link) = &mut link {
                if !is_first {
                    tracing::info!(by = self.wire.name(), "the line to other nodes is back");
                    self.receive.missed(1).await;
                }
                match self.serve(link, &mut stopped).await {
                    Ended::Stopped => return,
                    Ended::Lost(error) => self.log(&error),
                }
            }
            is_first = false;
            self.numbers.forget();
            self.echo = Echo::default();
            link = tokio::select! {
                link = self.reconnect() => Some(link),
                () = stopping(&mut stopped) => return,
            };
        }
    }

    async fn connect(&mut self) -> Option<Link> {
        match self.wire.connect().await {
            Ok(link) => Some(link),
            Err(error) => {
                self.log(&error);
                None
            }
        }
    }

    fn log(&self, error: &Broken) {
        if let Some(times) = self.logged.due() {
            let by = self.wire.name();
            tracing::warn!(%error, times, by, "there is no line to other nodes: open tabs will reload");
        }
    }

    /// Connects, however long it takes; meanwhile what waits is given up, and the tables are looked into.
    async fn reconnect(&mut self) -> Link {
        let (mut pause, mut looked) = (RETRY, None::<Instant>);
        loop {
            while self.waiting.try_recv().is_ok() {
                self.line.missed();
            }
            if looked.is_none_or(|at| at.elapsed() >= LOOK) {
                self.receive.away(looked.is_none()).await;
                looked = Some(Instant::now());
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_RETRY);
            if let Some(link) = self.connect().await {
                return link;
            }
        }
    }

    /// Uses the connection until it is lost or the server stops.
    async fn serve(&mut self, link: &mut Link, stopped: &mut watch::Receiver<bool>) -> Ended {
        match self.exchange(link, stopped).await {
            Err(ended) => ended,
            Ok(never) => match never {},
        }
    }

    async fn exchange(
        &mut self,
        link: &mut Link,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<std::convert::Infallible, Ended> {
        let mut items = vec![Item::Hello];
        loop {
            if !items.is_empty() {
                self.send(link, &items).await?;
                items.clear();
            }
            tokio::select! {
                () = stopping(stopped) => {
                    self.goodbye(link).await;
                    return Err(Ended::Stopped);
                }
                text = link.receive() => {
                    let text = text.ok_or_else(|| Broken::ended("the connection ended"))?;
                    if self.received(&text).await {
                        items.push(Item::Alive);
                    }
                }
                _ = self.waiting.recv_many(&mut items, TOGETHER) => {}
                () = sleep_until(self.sent_at + ALIVE) => items.push(Item::Alive),
                () = self.echo.overdue() => {
                    return Err(Broken::ended("nothing that was sent arrives").into());
                }
            }
            for node in self.numbers.silent(self.now()) {
                tracing::warn!(%node, "a node has become silent");
                self.receive.missed(1).await;
            }
        }
    }

    /// Handles a text; whether its sender wants to know this node's number.
    async fn received(&mut self, text: &str) -> bool {
        let Some((head, items)) = unpack(text) else {
            tracing::debug!("a text on the line that no node of this version sends");
            return false;
        };
        if head.run == self.head.run {
            self.echo.received(head.number, self.head.number);
            return false;
        }
        let received = self.numbers.received(head, self.now());
        if received.missed > 0 {
            self.receive.missed(received.missed).await;
        }
        if !received.fresh {
            return false;
        }
        let mut is_new = false;
        for item in items {
            match item {
                Item::Hello => is_new = true,
                Item::Bye => self.numbers.ended(head.run),
                Item::Alive => {}
                item => self.receive.item(item).await,
            }
        }
        is_new
    }

    async fn send(&mut self, link: &Link, items: &[Item]) -> Result<(), Broken> {
        if self.line.0.lost.swap(false, Ordering::Relaxed) {
            self.head.number += 1;
        }
        let first = Head {
            number: self.head.number + 1,
            ..self.head
        };
        let packed = pack(first, items, link.longest());
        self.head.number = packed.next - 1;
        self.sent_at = Instant::now();
        if packed.lost {
            tracing::warn!("a frame is too large for the line: open tabs on other nodes will reload");
        }
        if packed.texts.is_empty() {
            return Ok(());
        }
        self.echo.since.get_or_insert_with(Instant::now);
        link.send(&packed.texts).await
    }

    /// Sends what still waits, and that nothing will follow.
    async fn goodbye(&mut self, link: &Link) {
        let mut items = Vec::new();
        while let Ok(item) = self.waiting.try_recv() {
            items.push(item);
        }
        items.push(Item::Bye);
        let _ = tokio::time::timeout(GOODBYE, self.send(link, &items)).await;
    }

    /// A time that never steps.
    fn now(&self) -> Time {
        let nanos = i64::try_from(self.start.elapsed().as_nanos());
        Time::from_nanos(nanos.unwrap_or(i64::MAX))
    }
}

impl Echo {
    fn received(&mut self, number: u64, sent: u64) {
        self.received = self.received.max(number);
        self.since = (self.received < sent).then(Instant::now);
    }

    /// Waits until nothing has arrived for too long.
    async fn overdue(&self) {
        match self.since {
            Some(since) => sleep_until(since + ECHO).await,
            None => pending().await,
        }
    }
}

async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // A dropped sender means that the server stops.
    let _ = stopped.wait_for(|stop| *stop).await;
}
