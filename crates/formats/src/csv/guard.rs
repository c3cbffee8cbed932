//! The bounds of a table, enforced before the parser sees a byte: the length of a row, and closed quotes.
//!
//! Owns: [`Guard`], the reader around the file. Must not: know columns.

use std::io::{self, Read};

use crate::json::guard::Excess;

/// Maximum length of a row in bytes: the parser holds it whole.
pub(crate) const MAX_ROW: usize = 1024 * 1024;

/// The position within a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Start,
    Bare,
    Quoted,
    /// After a quote in a quoted cell: either its end or the first of two.
    Quote,
}

/// Passes a table on unchanged; fails if a row is too long or the file ends inside quotes.
pub(crate) struct Guard<R> {
    inner: R,
    delimiter: u8,
    cell: Cell,
    length: usize,
    line: u64,
    /// The line of the last opening quote.
    opened: u64,
}

impl<R: Read> Guard<R> {
    pub(crate) fn new(inner: R, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            cell: Cell::Start,
            length: 0,
            line: 1,
            opened: 0,
        }
    }

    /// Processes a byte; returns whether the row is still short enough.
    fn see(&mut self, byte: u8) -> bool {
        self.length += 1;
        self.line += u64::from(byte == b'\n');
        self.cell = match (self.cell, byte) {
            (Cell::Start, b'"') => {
                self.opened = self.line;
                Cell::Quoted
            }
            (Cell::Quoted, b'"') => Cell::Quote,
            (Cell::Quote, b'"') | (Cell::Quoted, _) => Cell::Quoted,
            (_, b'\n' | b'\r') => {
                self.length = 0;
                Cell::Start
            }
            (_, byte) if byte == self.delimiter => Cell::Start,
            _ => Cell::Bare,
        };
        self.length <= MAX_ROW
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = |what, line| {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                Excess {
                    what,
                    line,
                    column: 1,
                },
            ))
        };
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.cell == Cell::Quoted {
            return fault("the file ends too early: a quote is not closed", self.opened);
        }
        for &byte in buffer.get(..read).unwrap_or_default() {
            if !self.see(byte) {
                return fault("a row is longer than 1 MiB", self.line);
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(text: &str) -> Result<usize, (&'static str, u64)> {
        let mut out = Vec::new();
        Guard::new(text.as_bytes(), b',')
            .read_to_end(&mut out)
            .map_err(|error| {
                let excess: Excess = *error.into_inner().unwrap().downcast().unwrap();
                (excess.what, excess.line)
            })
    }

    #[test]
    fn rows_are_bounded_and_quotes_closed() {
        for text in ["a,b\n\"c\"\"\nd\",e\n", "a\"b,c", "\"a\"b\"", "", "\"\""] {
            assert_eq!(guarded(text), Ok(text.len()), "{text}");
        }
        let long = format!("a\n{}", "x".repeat(MAX_ROW + 1));
        assert_eq!(guarded(&long).unwrap_err(), ("a row is longer than 1 MiB", 2));
        let many = "x,\n".repeat(MAX_ROW);
        assert_eq!(guarded(&many), Ok(many.len()));
        let quoted = format!("\"{}", "\n".repeat(MAX_ROW));
        assert!(guarded(&quoted).is_err());
        assert_eq!(guarded("a\nb,\"c\nd\n").unwrap_err().1, 2);
    }
}
