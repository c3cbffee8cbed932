//! How often messages may be sent to one URL: its service's rate limit, and pauses it asks for.
//!
//! Owns: this state in memory, on the monotonic clock, for this node only. A message that may not be sent yet gets a
//! time slot of its own, one after the other, so that it waits in the table and takes no sending slot meanwhile.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::Time;

use crate::{channel::Channel, target::Key};

/// From how many URLs on idle ones are forgotten.
const MANY: usize = 4096;

/// The URLs with recent messages.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<Key, Url>>);

#[derive(Debug, Clone, Copy, Default)]
struct Url {
    /// When everything sent would have been sent at the steady rate.
    even: Time,
    /// The last time slot given to a waiting message.
    slot: Time,
    /// Until when the other side asked for a pause.
    paused_until: Time,
}

impl Url {
    fn resume(&mut self) {
        // Messages that wait for the end of the pause got their times after it.
        if self.paused_until > Time::default() {
            self.paused_until = Time::default();
            self.slot = Time::default();
        }
    }
}

impl Pace {
    /// Whether a message that is due may be sent now; if not, its new time.
    pub(crate) fn check(&self, channel: Channel, key: &Key, now: Time) -> Result<(), Time> {
        let rate = channel.about().pace;
        let mut urls = self.lock();
        let url = match (urls.get_mut(key), rate) {
            (Some(url), _) => url,
            (None, None) => return Ok(()),
            (None, Some(_)) => {
                forget_idle(&mut urls, now);
                urls.entry(key.clone()).or_default()
            }
        };
        let every = rate.map_or(Duration::ZERO, |rate| rate.every);
        let slack = rate.map_or(Duration::ZERO, |rate| every * (rate.burst - 1));
        let earliest = url.even.before(slack).max(url.paused_until);
        if now >= earliest {
            url.even = url.even.max(now).after(every);
            return Ok(());
        }
        url.slot = earliest.max(url.slot.after(every));
        Err(url.slot)
    }

    /// The same for a new message, which does not overtake waiting ones.
    pub(crate) fn check_new(&self, channel: Channel, key: &Key, now: Time) -> Result<(), Time> {
        let mut urls = self.lock();
        if let Some(url) = urls.get_mut(key)
            && url.slot > now
        {
            let every = channel.about().pace.map_or(Duration::ZERO, |rate| rate.every);
            url.slot = url.slot.max(url.paused_until).after(every);
            return Err(url.slot);
        }
        drop(urls);
        self.check(channel, key, now)
    }

    /// The other side asked for a pause until then.
    pub(crate) fn pause(&self, key: &Key, until: Time, now: Time) {
        let mut urls = self.lock();
        forget_idle(&mut urls, now);
        let url = urls.entry(key.clone()).or_default();
        url.paused_until = url.paused_until.max(until);
    }

    /// Ends the pause that these URLs asked for, or all.
    pub(crate) fn resume(&self, keys: &[Key], all: bool) {
        let mut urls = self.lock();
        if all {
            for url in urls.values_mut() {
                url.resume();
            }
        }
        for key in keys {
            if let Some(url) = urls.get_mut(key) {
                url.resume();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Url>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_idle(urls: &mut HashMap<Key, Url>, now: Time) {
    if urls.len() >= MANY {
        urls.retain(|_, url| url.even.max(url.slot).max(url.paused_until) > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_nanos(1_790_000_000_000_000_000);

    fn at(millis: u64) -> Time {
        NOW.after(Duration::from_millis(millis))
    }

    fn waits(pace: &Pace, channel: Channel, messages: usize) -> Vec<u64> {
        let key = Key::stored("a");
        let asked = (0..messages).map(|_| pace.check_new(channel, &key, NOW));
        asked
            .map(|asked| asked.map_or_else(|time| time.since(NOW).as_millis(), |()| 0))
            .map(|millis| u64::try_from(millis).unwrap())
            .collect()
    }

    #[test]
    fn slack_gets_a_short_burst_and_one_a_second_and_teams_four() {
        let slack = waits(&Pace::default(), Channel::Slack, 8);
        assert_eq!(slack, [0, 0, 0, 0, 0, 1000, 2000, 3000]);
        let teams = waits(&Pace::default(), Channel::Teams, 7);
        assert_eq!(teams, [0, 0, 0, 0, 250, 500, 750]);
        assert_eq!(waits(&Pace::default(), Channel::Webhook, 100), [0; 100]);
    }

    #[test]
    fn a_scheduled_message_is_sent_then_and_no_new_one_before() {
        let (pace, key) = (Pace::default(), Key::stored("a"));
        waits(&pace, Channel::Slack, 8);
        for second in 1..=3 {
            let now = at(second * 1000);
            assert_eq!(pace.check(Channel::Slack, &key, now), Ok(()), "{second}");
            if second < 3 {
                let later = pace.check_new(Channel::Slack, &key, now).unwrap_err();
                assert_eq!(later, at((3 + second) * 1000));
            }
        }
        let other = Key::stored("b");
        assert_eq!(pace.check_new(Channel::Slack, &other, NOW), Ok(()));
    }

    #[test]
    fn a_url_that_asks_for_a_pause_gets_it() {
        let (pace, key) = (Pace::default(), Key::stored("a"));
        pace.pause(&key, at(60_000), NOW);
        assert_eq!(pace.check_new(Channel::Webhook, &key, at(10)), Err(at(60_000)));
        assert_eq!(pace.check_new(Channel::Webhook, &key, at(20)), Err(at(60_000)));
        assert_eq!(pace.check(Channel::Webhook, &key, at(60_000)), Ok(()));
    }

    // promise: S4
    #[test]
    fn a_success_or_a_test_ends_the_pause() {
        let (pace, key) = (Pace::default(), Key::stored("a"));
        for all in [false, true] {
            pace.pause(&key, at(60_000), NOW);
            assert!(pace.check_new(Channel::Webhook, &key, at(10)).is_err());
            pace.resume(if all { &[] } else { std::slice::from_ref(&key) }, all);
            assert_eq!(pace.check_new(Channel::Webhook, &key, at(20)), Ok(()));
        }
    }

    #[test]
    fn idle_urls_are_forgotten() {
        let pace = Pace::default();
        for number in 0..MANY {
            let key = Key::stored(&number.to_string());
            assert_eq!(pace.check(Channel::Slack, &key, NOW), Ok(()));
        }
        assert_eq!(pace.check(Channel::Slack, &Key::stored("new"), at(9_000)), Ok(()));
        assert_eq!(pace.lock().len(), 1);
    }
}
