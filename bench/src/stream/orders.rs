//! The server's side of its commands: it reports where it listens, then publishes as commanded, until its input ends.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use base::{Audience, Clock, Event, Id, Kind, Severity, Subject, SubjectType};
use realtime::Frame;

/// Occurs once in each event's frame, and nowhere else on the wire: counting it counts frames.
pub(crate) const MARK: u8 = b'~';

/// Accepts events.
pub(crate) trait Publish {
    /// Publishes to a company, named by its number.
    fn publish(&mut self, company: usize, event: Event);
    /// Waits until everything published was accepted.
    fn finish(&mut self) {}
}

/// Prints its address and the server's process ids, then executes `EVENTS RATE PAD`: a number of events, at a rate per
/// second, to one company after another, with titles padded by a number of bytes.
pub(crate) fn execute(address: SocketAddr, pids: &[u32], companies: &[Id], mut publisher: impl Publish) {
    let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
    println!("{address} {}", pids.join(" "));
    let clock = Clock::system();
    let ended: Arc<AtomicBool> = Arc::default();
    for order in orders(Arc::clone(&ended)) {
        let mut words = order.split(' ');
        let mut next = || words.next().unwrap();
        let (events, rate, pad) = (next(), next(), next());
        let rate: f64 = rate.parse().unwrap();
        let pad = "x".repeat(pad.parse().unwrap());
        let started = Instant::now();
        for n in 0..events.parse::<usize>().unwrap() {
            let due = started + Duration::from_secs_f64(n as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if ended.load(Ordering::Relaxed) {
                return;
            }
            let company = n % companies.len();
            publisher.publish(company, event(&clock, companies[company], &pad));
        }
        publisher.finish();
        println!("done");
    }
}

/// The lines of the input; its end is reported immediately, even during a command.
fn orders(ended: Arc<AtomicBool>) -> Receiver<String> {
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        for order in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(order).is_err() {
                return;
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
    orders
}

/// An event at the current time.
fn event(clock: &Clock, company: Id, pad: &str) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let audience = Audience::Company(company);
    let mut event = Event::new(clock, Kind::FindingUpdated, audience, subject);
    event.severity = Some(Severity::High);
    let title = format!("{}{pad}", char::from(MARK));
    event.data.insert("title".to_owned(), title.into());
    event
}

/// The size of an event's frame.
pub(crate) fn size() -> usize {
    let clock = Clock::system();
    let frame = Frame::of(&event(&clock, clock.id(), "")).unwrap();
    frame.bytes().len()
}
