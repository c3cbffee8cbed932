//! The kinds of fields that a plain record can have.

mod number;
mod related;
mod text;
mod word;

pub use number::{Day, LastDay, MaybeNumber, Number};
pub use related::{Owners, OwnersBody, Tags};
pub use text::{Block, Line, Title};
pub use word::{Initial, Word};
