//! The later passes over a surveyed scan report: its results, one by one.
//!
//! Owns: the order of results. Must not: keep more than one of them.

use std::cell::RefCell;

use serde::de::MapAccess;

use super::result::Raw;
use crate::json::walk::{Elements, Fields, Value};

/// Hands each result to `each`, with the index of its run and its own; ends the pass when it returns false.
pub(super) struct Replay<'a, F>(pub(super) &'a RefCell<F>);

impl<F: FnMut(usize, usize, Raw) -> bool> Fields for Replay<'_, F> {
    const WHAT: &'static str = "a SARIF log object";
    const KEYS: &'static [&'static str] = &["runs"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        value.each(&mut Runs(self.0)).map(drop)
    }
}

struct Runs<'a, F>(&'a RefCell<F>);

impl<'a, F: FnMut(usize, usize, Raw) -> bool> Elements for Runs<'a, F> {
    type Item = Run<'a, F>;

    fn begin(&mut self, run: usize) -> Result<Run<'a, F>, String> {
        Ok(Run { run, each: self.0 })
    }

    fn end(&mut self, _: usize, _: Run<'a, F>) -> Result<(), String> {
        Ok(())
    }
}

struct Run<'a, F> {
    run: usize,
    each: &'a RefCell<F>,
}

impl<F: FnMut(usize, usize, Raw) -> bool> Fields for Run<'_, F> {
    const WHAT: &'static str = "a run object";
    const KEYS: &'static [&'static str] = &["results"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let (run, each) = (self.run, self.each);
        value.each(&mut Results { run, each }).map(drop)
    }
}

struct Results<'a, F> {
    run: usize,
    each: &'a RefCell<F>,
}

impl<F: FnMut(usize, usize, Raw) -> bool> Elements for Results<'_, F> {
    const CONTAINED: bool = true;

    type Item = Raw;

    fn begin(&mut self, _: usize) -> Result<Raw, String> {
        Ok(Raw::default())
    }

    fn end(&mut self, index: usize, item: Raw) -> Result<(), String> {
        let go_on = (self.each.borrow_mut())(self.run, index, item);
        if go_on { Ok(()) } else { Err("stopped".to_owned()) }
    }
    fn unfit(&mut self, index: usize, mut item: Raw, what: String) -> Result<(), String> {
        item.unfit = Some(what);
        self.end(index, item)
    }
}
