//! Matching against a model that is written from the promises, not from the code: problems with a true identity that
//! matching does not see, what an honest scanner says of them from one report to the next, and what then must hold.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod alerts;
mod change;
mod expect;
mod list;
mod problem;
mod speed;
mod worlds;
