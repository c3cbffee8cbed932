//! Invalid Unicode in the strings of a JSON file.
//!
//! Owns: [`Mend`], which replaces what would cause a parser to reject a whole file: a byte that is not UTF-8 and half of a
//! surrogate pair become U+FFFD, a raw control character a space, a backslash of an invalid escape a literal one. Must
//! not: touch anything outside of strings, where such a byte means that the file is broken.

/// U+FFFD as UTF-8, and as an escape.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
const ESCAPE: &[u8] = br"\ufffd";

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    /// After a backslash.
    Escape,
    /// After `\u`, with this many digits.
    Digits(usize),
    /// In a multi-byte character.
    Character,
}

/// Passes a JSON text on byte by byte.
pub(crate) struct Mend {
    state: State,
    /// The bytes of the incomplete escape or character.
    held: Vec<u8>,
    /// The first half of a surrogate pair, as an escape.
    high: Option<[u8; 6]>,
}

impl Mend {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Outside,
            held: Vec::with_capacity(8),
            high: None,
        }
    }

    /// Mends a whole text.
    pub(crate) fn whole(text: &[u8]) -> Vec<u8> {
        let (mut mend, mut out) = (Self::new(), Vec::with_capacity(text.len()));
        for byte in text {
            mend.pass(*byte, &mut out);
        }
        mend.end(&mut out);
        out
    }

    /// Whether the bytes so far end in a string.
    pub(crate) fn is_inside(&self) -> bool {
        self.state != State::Outside
    }

    /// How many of the next bytes may be passed on at once: they need no check, begin and end no string, and are
    /// neither brackets nor line ends outside of one.
    pub(crate) fn plain(&self, text: &[u8]) -> usize {
        let end = match self.state {
            State::Inside if self.high.is_none() => text
                .iter()
                .position(|byte| !matches!(byte, b' '..=0x7f) || matches!(byte, b'"' | b'\\')),
            State::Outside => text
                .iter()
                .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b'\n')),
            _ => Some(0),
        };
        end.unwrap_or(text.len())
    }

    /// Takes the next byte of the text, and adds what is certain so far.
    pub(crate) fn pass(&mut self, byte: u8, out: &mut Vec<u8>) {
        match (self.state, byte) {
            (State::Outside, b'"') => {
                self.state = State::Inside;
                out.push(byte);
            }
            (State::Outside, _) => out.push(byte),
            (State::Inside, b'\\') => self.state = State::Escape,
            (State::Inside, _) => {
                self.give_up_pair(out);
                self.inside(byte, out);
            }
            (State::Escape, b'u') => {
                self.state = State::Digits(0);
                self.held.clear();
            }
            (State::Escape, _) => {
                self.give_up_pair(out);
                self.state = State::Inside;
                out.push(b'\\');
                if matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') {
                    out.push(byte);
                } else {
                    out.push(b'\\');
                    self.inside(byte, out);
                }
            }
            (State::Digits(count), _) => self.digit(count, byte, out),
            (State::Character, _) => self.character(byte, out),
        }
    }

    /// The text ends here: held bytes are part of a truncated string and are passed on for the parser to reject.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.give_up_pair(out);
        match self.state {
            State::Escape => out.push(b'\\'),
            State::Digits(_) => out.extend(br"\u"),
            _ => {}
        }
        out.append(&mut self.held);
        self.state = State::Outside;
    }

    fn inside(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b'"' => {
                self.state = State::Outside;
                out.push(byte);
            }
            0x80.. => {
                self.state = State::Character;
                self.held.clear();
                self.character(byte, out);
            }
            ..b' ' => out.push(b' '),
            _ => out.push(byte),
        }
    }

    fn character(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(_) => {
                out.append(&mut self.held);
                self.state = State::Inside;
            }
            Err(error) => {
                let Some(bad) = error.error_len() else { return };
                out.extend(REPLACEMENT);
                self.state = State::Inside;
                let rest = self.held.split_off(bad.min(self.held.len()));
                self.held.clear();
                for byte in rest {
                    self.pass(byte, out);
                }
            }
        }
    }

    fn digit(&mut self, count: usize, byte: u8, out: &mut Vec<u8>) {
        if !byte.is_ascii_hexdigit() {
            self.give_up_pair(out);
            out.extend(br"\\u");
            out.append(&mut self.held);
            self.state = State::Inside;
            self.pass(byte, out);
            return;
        }
        self.held.push(byte);
        if count < 3 {
            self.state = State::Digits(count + 1);
            return;
        }
        self.state = State::Inside;
        self.escaped(out);
        self.held.clear();
    }

    /// Takes an escape with its four digits.
    fn escaped(&mut self, out: &mut Vec<u8>) {
        let mut escape = *br"\u0000";
        for (to, digit) in escape.iter_mut().skip(2).zip(&self.held) {
            *to = *digit;
        }
        let code = self
            .held
            .iter()
            .filter_map(|digit| char::from(*digit).to_digit(16))
            .fold(0, |code, digit| code << 4 | digit);
        match (code, self.high.take()) {
            (0xdc00..=0xdfff, Some(high)) => {
                out.extend(high);
                out.extend(escape);
            }
            (0xdc00..=0xdfff, None) => out.extend(ESCAPE),
            (code, high) => {
                if high.is_some() {
                    out.extend(ESCAPE);
                }
                if matches!(code, 0xd800..=0xdbff) {
                    self.high = Some(escape);
                } else {
                    out.extend(escape);
                }
            }
        }
    }

    /// The first half of a pair has no second half.
    fn give_up_pair(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() {
            out.extend(ESCAPE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &[u8]) -> String {
        String::from_utf8(Mend::whole(text)).unwrap()
    }

    // promise: P8
    #[test]
    fn what_is_not_unicode_in_a_string_is_replaced() {
        for (text, expected) in [
            (&br#"["\ud83d\ude00"]"#[..], r#"["\ud83d\ude00"]"#),
            (br#"["\ud800"]"#, r#"["\ufffd"]"#),
            (br#"["\udc00 x"]"#, r#"["\ufffd x"]"#),
            (br#"["\ud800\ud83d\ude00"]"#, r#"["\ufffd\ud83d\ude00"]"#),
            (br#"["\ud800\n"]"#, r#"["\ufffd\n"]"#),
            (br#"["\ud800\u0041"]"#, r#"["\ufffd\u0041"]"#),
            (br#"["\ud800\\"]"#, r#"["\ufffd\\"]"#),
            (b"[\"caf\xe9\"]", "[\"caf\u{fffd}\"]"),
            (b"[\"\xe2\x82\"]", "[\"\u{fffd}\"]"),
            (b"[\"\xf0\x9f\x98\x80\xff\xfe!\"]", "[\"😀\u{fffd}\u{fffd}!\"]"),
            (b"[\"\xc3\\n\"]", "[\"\u{fffd}\\n\"]"),
            (b"[\"a\0b\nc\"]", "[\"a b c\"]"),
            (br#"["C:\dir\x \uZZ"]"#, r#"["C:\\dir\\x \\uZZ"]"#),
            (br#"["\"", "\\", {"\/":1}]"#, r#"["\"", "\\", {"\/":1}]"#),
        ] {
            assert_eq!(mended(text), expected, "{}", String::from_utf8_lossy(text));
            let read: Result<serde_json::Value, _> = serde_json::from_slice(mended(text).as_bytes());
            assert!(read.is_ok(), "{expected}");
        }
    }

    #[test]
    fn outside_of_strings_nothing_is_touched() {
        let broken = b"[\xff\0\n \\ud800";
        assert_eq!(Mend::whole(broken), broken);
        for text in [&b"[\"\\"[..], b"[\"\\ud8", b"[\"\xf0\x9f"] {
            assert_eq!(Mend::whole(text), text, "a text that is cut off stays so");
        }
        assert_eq!(Mend::whole(br#"["\ud800"#), br#"["\ufffd"#);
    }
}
