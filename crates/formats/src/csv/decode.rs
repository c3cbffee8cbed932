//! The text of a table, in any supported encoding.
//!
//! Owns: the supported encodings ([`Encoding`]) and converting them to UTF-8 while reading. Must not: know rows.

use std::io::{self, BufReader, Read};

use crate::{Error, Source, json::guard::Excess, start};

/// How much of the file is decoded at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// How a table is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or UTF-16 with a byte order mark.
    Utf,
    /// What Excel writes as "CSV" in western Europe.
    Windows1252,
}

/// The names of supported encodings; case does not matter.
pub const ENCODINGS: [&str; 8] = [
    "utf-8",
    "utf8",
    "utf-16",
    "utf16",
    "windows-1252",
    "cp1252",
    "latin1",
    "iso-8859-1",
];

/// Whether there is an encoding with this name.
pub fn is_encoding(name: &str) -> bool {
    Encoding::of(name).is_ok()
}

impl Encoding {
    /// The encoding with this name; UTF-8 if it is empty.
    pub(super) fn of(name: &str) -> Result<Self, String> {
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        match ENCODINGS.iter().position(|known| *known == name) {
            None if name.is_empty() => Ok(Self::Utf),
            None => Err("unknown encoding; supported are utf-8, utf-16 and windows-1252".to_owned()),
            Some(at) if at < 4 => Ok(Self::Utf),
            Some(_) => Ok(Self::Windows1252),
        }
    }
}

/// The file from its start, as UTF-8 where it is valid.
///
/// # Errors
/// [`Error::Refused`] for an empty file and for a compressed one; [`Error::Io`].
pub(super) fn open<'f>(
    mut file: &'f mut dyn Source,
    encoding: Encoding,
) -> Result<Box<dyn Read + 'f>, Error> {
    if start::is_wide(file)? {
        file.rewind()?;
        return Ok(decoded(file, encoding));
    }
    let head = start::rewound(&mut file)?;
    let whole = head.chain(file);
    Ok(match encoding {
        Encoding::Utf => Box::new(whole),
        Encoding::Windows1252 => Box::new(Decoder::new(whole, Unit::Windows1252)),
    })
}

/// The decoded text of a file that begins with a UTF-16 byte order mark, or of the rest of one that does not.
pub(crate) fn decoded(file: &mut dyn Source, _: Encoding) -> Box<dyn Read + '_> {
    Box::new(Decoder::new(file, Unit::Unknown))
}

/// The code units of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Decided by the byte order mark.
    Unknown,
    Little,
    Big,
    Windows1252,
}

/// Reads a text as UTF-8.
struct Decoder<R> {
    inner: BufReader<R>,
    unit: Unit,
    /// Decoded bytes that were not handed out yet, from `at`.
    out: Vec<u8>,
    at: usize,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    line: u64,
}

impl<R: Read> Decoder<R> {
    fn new(inner: R, unit: Unit) -> Self {
        Self {
            inner: BufReader::with_capacity(CHUNK, inner),
            unit,
            out: Vec::new(),
            at: 0,
            high: None,
            line: 1,
        }
    }

    fn fault<T>(&self, what: &'static str) -> io::Result<T> {
        let excess = Excess {
            what,
            line: self.line,
            column: 1,
        };
        Err(io::Error::new(io::ErrorKind::InvalidData, excess))
    }

    fn push(&mut self, char: char) {
        self.line += u64::from(char == '\n');
        let mut buffer = [0; 4];
        self.out
            .extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
    }

    /// Decodes the next units; adds nothing at the end.
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.len() < CHUNK {
            if self.unit == Unit::Windows1252 {
                let mut byte = [0];
                if self.inner.read(&mut byte)? == 0 {
                    return Ok(());
                }
                self.push(of_windows(byte[0]));
            } else if !self.wide()? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Decodes one UTF-16 unit; false at the end.
    fn wide(&mut self) -> io::Result<bool> {
        let mut pair = [0; 2];
        if self.inner.read(&mut pair[..1])? == 0 {
            return if self.high.is_some() {
                self.fault(CUT)
            } else {
                Ok(false)
            };
        }
        if self.inner.read(&mut pair[1..])? == 0 {
            return self.fault(CUT);
        }
        let unit = match self.unit {
            Unit::Big => u16::from_be_bytes(pair),
            Unit::Unknown => {
                self.unit = if pair == [0xfe, 0xff] {
                    Unit::Big
                } else {
                    Unit::Little
                };
                return Ok(true);
            }
            _ => u16::from_le_bytes(pair),
        };
        let units = self.high.take().into_iter().chain([unit]);
        match char::decode_utf16(units).next() {
            Some(Ok(char)) => self.push(char),
            Some(Err(_)) if (0xd800..0xdc00).contains(&unit) && self.high.is_none() => self.high = Some(unit),
            _ => return self.fault("the text is not valid UTF-16"),
        }
        Ok(true)
    }
}

const CUT: &str = "the file ends too early: in the middle of a UTF-16 character";

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.out.len() {
            self.fill()?;
        }
        let rest = self.out.get(self.at..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at += length;
        Ok(length)
    }
}

/// The characters of the bytes 0x80 to 0x9f in Windows-1252; the five unassigned ones are the control characters of
/// Latin-1, which are removed later.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn of_windows(byte: u8) -> char {
    let high = byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)));
    high.copied().unwrap_or_else(|| char::from(byte))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8], encoding: Encoding) -> Result<String, String> {
        let mut file = Cursor::new(bytes);
        let mut out = String::new();
        let mut reader = open(&mut file, encoding).map_err(|error| error.to_string())?;
        reader
            .read_to_string(&mut out)
            .map_err(|error| error.to_string())?;
        Ok(out)
    }

    #[test]
    fn a_text_is_read_in_each_encoding() {
        let text = "Größe\n“x”; 🦀";
        let little: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        for bytes in [text.as_bytes(), &little, &big] {
            assert_eq!(read(bytes, Encoding::Utf).as_deref(), Ok(text));
        }
        assert_eq!(
            read(b"Gr\xf6\xdfe\n\x93x\x94 \x80\x81", Encoding::Windows1252).as_deref(),
            Ok("Größe\n“x” €\u{81}")
        );
        let long = "é".repeat(50_000);
        let wide: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(long.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(&wide, Encoding::Utf), Ok(long));
    }

    #[test]
    fn broken_utf_16_is_refused() {
        for broken in [
            b"\xff\xfea".as_slice(),
            b"\xff\xfe\x00\xd8",
            b"\xff\xfe\x00\xdca\0",
            b"\xff\xfe\x00\xd8a\0",
        ] {
            assert!(read(broken, Encoding::Utf).is_err(), "{broken:?}");
        }
    }
}
