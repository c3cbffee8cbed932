//! A header's text as encoded words (RFC 2047).

use base64::{Engine, engine::general_purpose::STANDARD};

/// The bytes of text in one word: with the name of the header the first line stays below 76 characters.
const BYTES: usize = 39;

/// What a reader takes for the beginning of an encoded word.
pub(super) const BEGINNING: &str = "=?";

/// The whole text as encoded words, so that anything in it that looks like one is shown literally.
pub(super) fn encoded(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(BYTES));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(head)));
        rest = tail;
    }
    // Readers drop the space between two words.
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    // promise: C7
    #[test]
    fn words_are_short_and_read_back_as_the_text() {
        for text in [
            "=?utf-8?B?W1JFU09MVkVEXQ==?=",
            "x =?utf-8?q?x=0d=0aBcc:=20v@evil.example?= y",
            &"=?ä😀".repeat(60),
        ] {
            let words = encoded(text);
            assert!(words.split(' ').all(|word| word.len() <= 75), "{words}");
            let folded = words.replace(' ', "\r\n ");
            let mail = format!("Subject: {folded}\r\n\r\n");
            let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
            assert_eq!(parsed.subject(), Some(text));
        }
    }
}
