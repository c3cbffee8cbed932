//! The other side of every channel: accepts messages and answers as the test sets.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::Id;
use tokio::sync::{mpsc, watch};

use super::within;
use crate::{
    channel::Channel,
    channels::{Attempt, Outbound, Outcome, webhook::Signing},
    engine::Send,
    message::Entry,
};

/// What a destination answers.
#[derive(Clone)]
pub(crate) enum Answer {
    Outcome(Outcome),
    /// It never responds.
    Hangs,
    /// It accepts the message once this is true.
    When(watch::Receiver<bool>),
    Panics,
    /// It rejects permanently and says that it is gone.
    Gone,
    /// It asks to wait this long.
    Wait(Duration),
}

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) channel: Channel,
    pub(crate) delivery: Id,
    pub(crate) to: String,
    pub(crate) title: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) why: Option<String>,
    pub(crate) why_url: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) signing: Signing,
}

/// The other side of every channel.
#[derive(Clone)]
pub(crate) struct Post {
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
    arrived: mpsc::UnboundedSender<Arrived>,
}

/// Messages in the order they arrived.
pub(crate) type Mailbag = mpsc::UnboundedReceiver<Arrived>;

impl Post {
    /// A post office that accepts everything.
    pub(crate) fn new() -> (Self, Mailbag) {
        let (arrived, bag) = mpsc::unbounded_channel();
        let post = Self {
            answers: Arc::default(),
            arrived,
        };
        (post, bag)
    }

    /// How `to` answers the next messages, one after the other; the last answer is repeated.
    pub(crate) fn answers(&self, to: &str, answers: &[Answer]) {
        let mut all = self.answers.lock().unwrap();
        all.insert(to.to_owned(), answers.iter().rev().cloned().collect());
    }

    pub(super) fn send(&self) -> Send {
        let post = self.clone();
        Arc::new(move |channel, outbound| {
            let post = post.clone();
            Box::pin(async move { post.take(channel, outbound).await })
        })
    }

    fn answer(&self, to: &str) -> Answer {
        let mut all = self.answers.lock().unwrap();
        match all.get_mut(to) {
            Some(answers) if answers.len() > 1 => answers.pop().unwrap(),
            Some(answers) => answers[0].clone(),
            None => Answer::Outcome(Outcome::Delivered),
        }
    }

    async fn take(&self, channel: Channel, outbound: Outbound) -> Attempt {
        let answer = self.answer(&outbound.destination);
        let _ = self.arrived.send(Arrived {
            channel,
            delivery: outbound.delivery_id,
            to: outbound.destination,
            title: outbound.message.title(),
            entries: outbound.message.entries,
            why: outbound.message.why,
            why_url: outbound.message.why_url,
            body: outbound.body,
            signing: outbound.signing,
        });
        let gone = matches!(answer, Answer::Gone);
        let outcome = match answer {
            Answer::Gone => Outcome::RefusedForGood,
            Answer::Wait(wait) => Outcome::RefusedForNow {
                retry_after: Some(wait),
            },
            Answer::Outcome(outcome) => outcome,
            Answer::Hangs => std::future::pending().await,
            Answer::When(mut taken) => {
                let _ = taken.wait_for(|taken| *taken).await;
                Outcome::Delivered
            }
            Answer::Panics => panic!("a broken channel"),
        };
        let mut attempt = Attempt::without_answer(outcome, "the test says so");
        attempt.gone = gone;
        attempt.status = (outcome != Outcome::Unknown).then_some(200);
        attempt
    }
}

/// The next message, or a failed test.
pub(crate) async fn next(bag: &mut Mailbag) -> Arrived {
    within(bag.recv()).await.unwrap()
}
