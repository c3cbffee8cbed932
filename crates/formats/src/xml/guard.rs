//! The bounds of an XML text, enforced before the parser sees a byte: the length of a piece, and no document type with
//! declarations, so that there is no entity to expand and nothing external to fetch.
//!
//! Owns: [`Guard`], the reader around the file. Must not: know XML beyond where its pieces end.

use std::io::{self, Read};

use crate::json::guard::Excess;

/// Maximum length of one tag, text, comment or section in bytes: the parser holds each whole.
pub(crate) const MAX_PIECE: usize = 16 * 1024 * 1024;

/// Maximum length of a tag or a document type in bytes.
pub(crate) const MAX_TAG: usize = 1024 * 1024;

/// The kind of the current piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Text,
    /// After a `<`, while the kind is unknown.
    Open,
    /// A tag; with a quote, in the value of an attribute.
    Tag(Option<u8>),
    Comment,
    Section,
    Instruction,
    DocumentType,
}

/// Passes an XML text on and fails if a piece is too long or a document type declares something. A control character,
/// which XML does not allow, becomes a space: it does not invalidate the file.
pub(crate) struct Guard<R> {
    inner: R,
    piece: Piece,
    /// Length of the piece so far in bytes, including the `<`.
    length: usize,
    /// The preceding bytes, the newest lowest.
    before: u64,
    line: u64,
    column: u64,
}

impl<R: Read> Guard<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            piece: Piece::Text,
            length: 0,
            before: 0,
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
        self.length += 1;
        self.before = self.before << 8 | u64::from(byte);
        let most = if matches!(self.piece, Piece::Tag(_) | Piece::DocumentType) {
            MAX_TAG
        } else {
            MAX_PIECE
        };
        if self.length > most {
            return Err("a tag, text, comment or section is too long (1 MiB for a tag, 16 MiB for a text)");
        }
        let next = self.after(byte)?;
        if next != self.piece && matches!(next, Piece::Open | Piece::Text) {
            self.length = usize::from(next == Piece::Open);
        }
        self.piece = next;
        Ok(())
    }

    /// The kind of the current piece after this byte.
    fn after(&self, byte: u8) -> Result<Piece, &'static str> {
        let ends = |end: &[u8]| {
            let mask = (1_u64 << (8 * end.len())) - 1;
            let wanted = end.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
            self.before & mask == wanted
        };
        Ok(match (self.piece, byte) {
            (Piece::Text, b'<') => Piece::Open,
            (Piece::Open, b'?') if self.length == 2 => Piece::Instruction,
            (Piece::Open, b'!') if self.length == 2 => Piece::Open,
            (Piece::Open, b'-') if ends(b"<!-") => Piece::Open,
            (Piece::Open, b'-') if ends(b"<!--") => Piece::Comment,
            (Piece::Open, b'[') if ends(b"<![") => Piece::Section,
            (Piece::Open, _) if self.length > 2 => Piece::DocumentType,
            (Piece::Open | Piece::Tag(None) | Piece::DocumentType, b'>') => Piece::Text,
            (Piece::Tag(None), b'"' | b'\'') => Piece::Tag(Some(byte)),
            (Piece::Tag(Some(quote)), _) if quote == byte => Piece::Tag(None),
            (Piece::Open, _) => Piece::Tag(None),
            // After `<!--` and `<![`, whose own characters end nothing.
            (Piece::Comment, b'>') if self.length > 6 && ends(b"-->") => Piece::Text,
            (Piece::Section, b'>') if self.length > 5 && ends(b"]]>") => Piece::Text,
            (Piece::Instruction, b'>') if self.length > 3 && ends(b"?>") => Piece::Text,
            (Piece::DocumentType, b'[' | b'<') => {
                return Err("a document type with its own declarations is not accepted");
            }
            (piece, _) => piece,
        })
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for byte in buffer.get_mut(..read).unwrap_or_default() {
            if *byte < b' ' && !matches!(*byte, b'\t' | b'\n' | b'\r') {
                *byte = b' ';
            }
            self.see(*byte).map_err(|what| {
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

    fn guarded(text: &str) -> Result<usize, Excess> {
        let mut out = Vec::new();
        Guard::new(text.as_bytes())
            .read_to_end(&mut out)
            .map_err(|error| *error.into_inner().unwrap().downcast().unwrap())
    }

    #[test]
    fn passes_what_is_within_bounds() {
        for text in [
            "<?xml version=\"1.0\"?><!DOCTYPE a><a b=\"[>]\" c='\">'><!-- > <!DOCTYPE x [ --><![CDATA[<!ENTITY>]]]]></a>",
            "<a/><!DOCTYPE a PUBLIC \"x\" \"y\">",
            "text > text",
        ] {
            assert_eq!(guarded(text), Ok(text.len()));
        }
        let long = format!("<a>{}</a>", "x".repeat(MAX_PIECE - 10));
        assert_eq!(guarded(&long), Ok(long.len()));
        let many = "<a>x</a>\n".repeat(MAX_PIECE / 8);
        assert_eq!(guarded(&many), Ok(many.len()));
    }

    #[test]
    fn stops_at_declarations_and_lengths() {
        for (text, what) in [
            ("<!DOCTYPE a [<!ENTITY b 'c'>]>".to_owned(), "document type"),
            ("<a><!ENTITY b 'c'><!ENTITY b 'c'></a>[".to_owned(), ""),
            (format!("<a b=\"{}\">", ">".repeat(MAX_TAG)), "too long"),
            (format!("<a b='{}'>", "x> y=\"".repeat(MAX_TAG / 4)), "too long"),
            (format!("<!--{}", "<a> -> ".repeat(MAX_PIECE / 6)), "too long"),
            (format!("<![CDATA[{}", "<a>]> ".repeat(MAX_PIECE / 5)), "too long"),
            (format!("<?x {}", "> ".repeat(MAX_PIECE / 2)), "too long"),
            (format!("<!DOCTYPE {}", " ".repeat(MAX_TAG)), "too long"),
            (format!("<a>{}", "x".repeat(MAX_PIECE + 1)), "too long"),
        ] {
            match guarded(&text) {
                Ok(_) => assert_eq!(what, "", "{}", text.get(..20).unwrap()),
                Err(excess) => assert!(excess.what.contains(what), "{excess}"),
            }
        }
    }
}
