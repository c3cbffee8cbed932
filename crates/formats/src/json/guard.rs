//! The bounds of the text itself, enforced before the parser sees a byte: nesting depth and string length; and
//! replacing what is not valid Unicode in strings ([`Mend`]).
//!
//! Owns: [`Guard`], the reader around the file. Must not: know JSON beyond brackets and strings.

use std::{
    fmt,
    io::{self, Read},
};

use super::{CHUNK, mend::Mend};

/// Maximum nesting depth. `serde_json` stops at the same depth; this message explains why.
pub(crate) const MAX_DEPTH: usize = 127;

/// Maximum length of one string, in bytes as written: the parser holds a string whole.
pub(crate) const MAX_STRING: usize = 16 * 1024 * 1024;

/// The message for deeper nesting.
pub(crate) const TOO_DEEP: &str = "values are nested deeper than 127 levels";

/// Which bound a text exceeded, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess {
    /// What, in words for the sender.
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

/// Passes a JSON text on and fails if it nests too deep or contains too long a string, so that the memory and stack of
/// everything behind it are bounded for any input. Invalid Unicode in a string is replaced.
pub(crate) struct Guard<R> {
    inner: R,
    /// The bytes that were read last.
    chunk: Vec<u8>,
    /// The bytes to pass on, and how many of them were.
    ready: Vec<u8>,
    passed: usize,
    mend: Mend,
    depth: usize,
    /// The length so far of the current string.
    string: usize,
    line: u64,
    column: u64,
}

impl<R: Read> Guard<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            chunk: vec![0; CHUNK],
            ready: Vec::with_capacity(CHUNK),
            passed: 0,
            mend: Mend::new(),
            depth: 0,
            string: 0,
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
        let was_inside = self.mend.is_inside();
        self.mend.pass(byte, &mut self.ready);
        if self.mend.is_inside() {
            self.string = if was_inside { self.string + 1 } else { 0 };
            self.check_string()?;
        } else if !was_inside && matches!(byte, b'{' | b'[') {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(TOO_DEEP);
            }
        } else if !was_inside && matches!(byte, b'}' | b']') {
            self.depth = self.depth.saturating_sub(1);
        }
        Ok(())
    }

    fn see_all(&mut self, mut rest: &[u8]) -> Result<(), &'static str> {
        while let Some((first, behind)) = rest.split_first() {
            let (plain, others) = rest.split_at(self.mend.plain(rest));
            if plain.is_empty() {
                self.see(*first)?;
                rest = behind;
                continue;
            }
            self.ready.extend(plain);
            self.column += plain.len() as u64;
            if self.mend.is_inside() {
                self.string += plain.len();
                self.check_string()?;
            }
            rest = others;
        }
        Ok(())
    }

    fn check_string(&self) -> Result<(), &'static str> {
        if self.string > MAX_STRING {
            return Err("a string is longer than 16 MiB");
        }
        Ok(())
    }

    /// Reads on and prepares the next part.
    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.passed = 0;
        let read = self.inner.read(&mut self.chunk)?;
        if read == 0 {
            self.mend.end(&mut self.ready);
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        let seen = self.see_all(chunk.get(..read).unwrap_or_default());
        self.chunk = chunk;
        seen.map_err(|what| {
            let (line, column) = (self.line, self.column);
            io::Error::new(io::ErrorKind::InvalidData, Excess { what, line, column })
        })?;
        // All bytes may be held back.
        if self.ready.is_empty() {
            self.fill()
        } else {
            Ok(())
        }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passed == self.ready.len() {
            self.fill()?;
        }
        let read = self.ready.get(self.passed..).unwrap_or_default().read(buffer)?;
        self.passed += read;
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
