//! The bounds of the text itself, held before the parser sees a byte: how deep it nests, how long one string is.
//!
//! Owns: [`Guard`], the reader around the file. Must not: know JSON beyond brackets and strings.

use std::{
    fmt,
    io::{self, Read},
};

/// How deep a report may nest. `serde_json` stops at the same depth; here the message says what was wrong.
pub(crate) const MAX_DEPTH: usize = 127;

/// How long one string may be, in bytes as written: the parser holds a string whole.
pub(crate) const MAX_STRING: usize = 16 * 1024 * 1024;

/// What a text did that it may not, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess {
    /// What, in words for the person who sent it.
    pub(crate) what: &'static str,
    /// The line, from 1.
    pub(crate) line: u64,
    /// The byte in the line, from 1.
    pub(crate) column: u64,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for Excess {}

/// Passes a JSON text on as it is and fails where it nests too deep or holds too long a string, so that nothing
/// behind it needs more memory or stack than the bounds say, whatever the text is.
pub(crate) struct Guard<R> {
    inner: R,
    depth: usize,
    /// Bytes of the string it is in.
    string: Option<usize>,
    /// Whether the byte before was the backslash of an escape.
    escaped: bool,
    line: u64,
    column: u64,
}

impl<R: Read> Guard<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            depth: 0,
            string: None,
            escaped: false,
            line: 1,
            column: 0,
        }
    }

    fn see(&mut self, byte: u8) -> Result<(), &'static str> {
        self.column += 1;
        if byte == b'\n' {
            self.line += 1;
            self.column = 0;
        }
        match (&mut self.string, byte) {
            (Some(_), b'"') if !self.escaped => self.string = None,
            (Some(length), _) => {
                *length += 1;
                self.escaped = !self.escaped && byte == b'\\';
                if *length > MAX_STRING {
                    return Err("a string is longer than 16 MiB");
                }
            }
            (None, b'"') => self.string = Some(0),
            (None, b'{' | b'[') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("it nests deeper than 127 levels");
                }
            }
            (None, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            (None, _) => {}
        }
        Ok(())
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for &byte in buffer.get(..read).unwrap_or_default() {
            self.see(byte).map_err(|what| {
                let (line, column) = (self.line, self.column);
                io::Error::new(io::ErrorKind::InvalidData, Excess { what, line, column })
            })?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(text: &[u8]) -> Result<usize, Excess> {
        let mut out = Vec::new();
        Guard::new(text)
            .read_to_end(&mut out)
            .map_err(|error| *error.into_inner().unwrap().downcast().unwrap())
    }

    #[test]
    fn passes_what_is_within_bounds() {
        let deep = [vec![b'['; MAX_DEPTH], vec![b']'; MAX_DEPTH]].concat();
        assert_eq!(guarded(&deep), Ok(deep.len()));
        let brackets = format!(r#"{{"a\"":"\\\"{}"}}"#, "[".repeat(1000));
        assert_eq!(
            guarded(brackets.as_bytes()),
            Ok(brackets.len()),
            "brackets in a string"
        );
    }

    #[test]
    fn stops_at_depth_and_length_and_says_where() {
        let excess = guarded(format!("\n {}", "[".repeat(100_000)).as_bytes()).unwrap_err();
        assert_eq!((excess.line, excess.column), (2, 129));
        assert!(excess.what.contains("deeper"));
        let long = format!("[\"{}", "a".repeat(MAX_STRING + 1));
        assert!(guarded(long.as_bytes()).unwrap_err().what.contains("16 MiB"));
    }
}
