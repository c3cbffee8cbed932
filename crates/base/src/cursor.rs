//! The text of a position in a list: where its next page begins.
//!
//! Owns: how a position is written and read. Must not: know a list, or what it is sorted by.

use std::{fmt::Display, str::FromStr};

use crate::{Id, Time};

/// The separator of the parts. Numbers, times, ids and names of ours do not contain it.
const BETWEEN: char = '~';

/// A position in a list: the values that the last row of a page is sorted by.
pub trait Cursor: Sized {
    /// Its text.
    fn write(&self) -> String;

    /// The position of a text: only of the one that [`write`](Self::write) returns for it.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! parts {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Display + FromStr),+> Cursor for ($($name,)+) {
            fn write(&self) -> String {
                let parts = [$(self.$index.to_string()),+];
                parts.join(&BETWEEN.to_string())
            }

            fn read(text: &str) -> Option<Self> {
                let mut parts = text.split(BETWEEN);
                let read = ($(parts.next()?.parse::<$name>().ok()?,)+);
                (read.write() == text).then_some(read)
            }
        }
    };
}

parts!(A 0);
parts!(A 0, B 1);
parts!(A 0, B 1, C 2);

macro_rules! alone {
    ($($type:ty),+) => {
        $(impl Cursor for $type {
            fn write(&self) -> String {
                (*self,).write()
            }

            fn read(text: &str) -> Option<Self> {
                <(Self,)>::read(text).map(|(read,)| read)
            }
        })+
    };
}

alone!(Id, Time);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Severity};

    type Position = (i64, Severity, Id);

    #[test]
    fn a_position_reads_back_and_nothing_else_does() {
        let id = Clock::system().id();
        for number in [0, -1, i64::MIN, i64::MAX] {
            let position: Position = (number, Severity::High, id);
            assert_eq!(position.write(), format!("{number}~high~{id}"));
            assert_eq!(Position::read(&position.write()), Some(position));
        }
        assert_eq!(Id::read(&id.write()), Some(id));
        let now = Clock::system().now();
        assert_eq!(Time::read(&now.write()), Some(now));
        let upper = id.to_string().to_uppercase();
        assert_eq!(Id::read(&upper), None);
        for bad in [
            String::new(),
            "1".to_owned(),
            format!("1~{id}"),
            format!("+1~high~{id}"),
            format!("01~high~{id}"),
            format!("1~high~{upper}"),
            format!("1~hight~{id}"),
            "1~high~".to_owned(),
            format!("99999999999999999999~high~{id}"),
            format!("1~high~{id} "),
            format!("1~high~{id}~"),
            format!("1~high~{id}~{id}"),
        ] {
            assert_eq!(Position::read(&bad), None, "{bad}");
        }
    }
}
