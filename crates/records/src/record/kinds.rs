//! The kinds of fields that a plain record can have.

mod beside;
mod number;
mod text;
mod word;

pub use beside::{Owners, OwnersBody, Tags};
pub use number::{Day, LastDay, MaybeNumber, Number};
pub use text::{Block, Line, Title};
pub use word::Word;
