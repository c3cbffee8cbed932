//! How a run went, according to the scan report.
//!
//! Owns: the shape of `invocation` and its notifications; when the run was, and why it is incomplete. Must not: reject
//! a scan report because of an invalid value here.

use base::{Time, text};
use serde::de::MapAccess;

use super::{result::Message, severity::Level};
use crate::{
    json::walk::{Elements, Fields, Value},
    without_credentials,
};

/// All invocations of a run.
#[derive(Default)]
pub(super) struct Invocations {
    started: Option<Time>,
    ended: Option<Time>,
    failed: bool,
    /// Notifications of the level `error`: the text of the first, and their number.
    errors: (String, u32),
}

impl Invocations {
    /// When the scan was done.
    pub(super) fn time(&self) -> Option<Time> {
        self.ended.or(self.started)
    }

    /// Why the results are incomplete.
    pub(super) fn not_whole(&self) -> impl Iterator<Item = String> {
        let failed = self.failed.then(|| "the tool reports a failed run".to_owned());
        let (first, count) = &self.errors;
        let more = match count {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let errors = (*count > 0).then(|| format!("the tool reports an error: {first}{more}"));
        failed.into_iter().chain(errors)
    }
}

impl Elements for Invocations {
    const CONTAINED: bool = true;

    type Item = Invocation;

    fn begin(&mut self, _: usize) -> Result<Invocation, String> {
        Ok(Invocation::default())
    }

    fn end(&mut self, _: usize, item: Invocation) -> Result<(), String> {
        let time = |text: &str| text.trim().parse::<Time>().ok();
        self.started = self.started.max(time(&item.started));
        self.ended = self.ended.max(time(&item.ended));
        self.failed |= item.succeeded == Some(false);
        if self.errors.1 == 0 {
            self.errors.0 = item.errors.first;
        }
        self.errors.1 += item.errors.count;
        Ok(())
    }
}

/// An `invocation` object.
#[derive(Default)]
pub(super) struct Invocation {
    succeeded: Option<bool>,
    started: String,
    ended: String,
    errors: Errors,
}

impl Fields for Invocation {
    const WHAT: &'static str = "an invocation object";
    const KEYS: &'static [&'static str] = &[
        "executionSuccessful",
        "startTimeUtc",
        "endTimeUtc",
        "toolExecutionNotifications",
        "toolConfigurationNotifications",
    ];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "executionSuccessful" => self.succeeded = value.flag()?,
            "startTimeUtc" => self.started = value.text(64)?.unwrap_or_default(),
            "endTimeUtc" => self.ended = value.text(64)?.unwrap_or_default(),
            _ => drop(value.each(&mut self.errors)?),
        }
        Ok(())
    }
}

/// Counts notifications of the level `error`.
#[derive(Default)]
struct Errors {
    first: String,
    count: u32,
}

impl Elements for Errors {
    type Item = Notification;

    fn begin(&mut self, _: usize) -> Result<Notification, String> {
        Ok(Notification::default())
    }

    fn end(&mut self, _: usize, item: Notification) -> Result<(), String> {
        if item.level != Some(Level::Error) {
            return Ok(());
        }
        if self.count == 0 {
            let message = item.message.own_text().or(item.message.id.as_deref());
            self.first = text::line(&without_credentials(message.unwrap_or_default()), 200);
            if self.first.is_empty() {
                "(no message)".clone_into(&mut self.first);
            }
        }
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}

/// A `notification` object.
#[derive(Default)]
struct Notification {
    level: Option<Level>,
    message: Message,
}

impl Fields for Notification {
    const WHAT: &'static str = "a notification object";
    const KEYS: &'static [&'static str] = &["level", "message"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        if key == "level" {
            self.level = value.word(Level::WORDS)?.and_then(Level::of);
            return Ok(());
        }
        value.object(&mut self.message).map(drop)
    }
}
