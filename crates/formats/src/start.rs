//! The first bytes of a scan report.
//!
//! Owns: the byte order mark, and rejecting a file that is not text with a message on what it is. Must not: know a
//! format.

use std::io::{Cursor, Read, Seek};

use crate::{Error, Source};

/// Whether the file is XML rather than JSON.
///
/// # Errors
/// As for [`rewound`].
pub(crate) fn is_xml<F: Read + Seek>(file: F) -> Result<bool, Error> {
    Ok(first(file)? == Some(b'<'))
}

/// The first byte that is not white space; none if there is none near the start.
///
/// # Errors
/// As for [`rewound`].
pub(crate) fn first<F: Read + Seek>(mut file: F) -> Result<Option<u8>, Error> {
    let mut head = rewound(&mut file)?.into_inner();
    file.take(1024).read_to_end(&mut head)?;
    Ok(head.trim_ascii_start().first().copied())
}

/// Whether the file is UTF-16 by its byte order mark.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn is_wide(file: &mut dyn Source) -> Result<bool, Error> {
    file.rewind()?;
    let mut start = Vec::new();
    file.take(2).read_to_end(&mut start)?;
    Ok(matches!(start.as_slice(), [0xff, 0xfe] | [0xfe, 0xff]))
}

/// Rewinds the file and takes its first bytes without a byte order mark; they belong before the rest.
///
/// # Errors
/// [`Error::Refused`] for an empty file, and for one that is compressed or not UTF-8.
pub(crate) fn rewound<F: Read + Seek>(file: &mut F) -> Result<Cursor<Vec<u8>>, Error> {
    file.rewind()?;
    let mut start = Vec::new();
    Read::by_ref(file).take(4).read_to_end(&mut start)?;
    match start.as_slice() {
        [] => Err(Error::whole("the file is empty")),
        [0x1f, 0x8b, ..] => Err(Error::whole(
            "the report is compressed twice (gzip); compress it once",
        )),
        [b'P', b'K', 3, 4] => Err(Error::whole(
            "the file is a zip archive; send the report inside it",
        )),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'<' | b'{' | b'[', ..] | [b'<' | b'{' | b'[', 0, ..] => {
            Err(Error::whole("the file is UTF-16; save it as UTF-8"))
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Cursor::new(rest.to_vec())),
        _ => Ok(Cursor::new(start)),
    }
}
