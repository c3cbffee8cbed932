//! Messages about XML that is not well-formed.
//!
//! Owns: turning the parser's errors into sentences for the sender. Must not: know where in the file the fault is.

use quick_xml::{
    Error,
    errors::{IllFormedError, SyntaxError},
    events::attributes::AttrError,
};

use crate::json::scalar::cut;

/// What is wrong with a document.
pub(super) fn of(error: &Error) -> String {
    match error {
        Error::Syntax(error) => format!("the file ends too early: {}", unclosed(*error)),
        Error::IllFormed(IllFormedError::MissingEndTag(name)) => {
            format!("the file ends too early: `{}` is not closed", cut(name, 64))
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => {
            format!("`{}` is closed but was not opened", cut(name, 64))
        }
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => format!(
            "`{}` is closed where `{}` is open",
            cut(found, 64),
            cut(expected, 64)
        ),
        Error::IllFormed(IllFormedError::UnclosedReference) => UNCLOSED_REFERENCE.to_owned(),
        Error::IllFormed(IllFormedError::MissingDeclVersion(_) | IllFormedError::UnknownVersion) => {
            "the XML declaration does not state a known version".to_owned()
        }
        Error::InvalidAttr(error) => attribute(error).to_owned(),
        Error::Encoding(_) => "the text is not valid UTF-8".to_owned(),
        _ => "it is not well-formed XML".to_owned(),
    }
}

/// The message for `&` without its end.
pub(super) const UNCLOSED_REFERENCE: &str = "a character reference is not closed by a semicolon";

/// What is wrong with an attribute.
pub(super) fn attribute(error: &AttrError) -> &'static str {
    match error {
        AttrError::Duplicated(..) => "a tag has an attribute twice",
        AttrError::ExpectedEq(_) | AttrError::ExpectedValue(_) => "an attribute has no value",
        AttrError::UnquotedValue(_) => "the value of an attribute is not in quotes",
        AttrError::ExpectedQuote(..) => "the value of an attribute is not closed",
    }
}

fn unclosed(error: SyntaxError) -> &'static str {
    match error {
        SyntaxError::InvalidBangMarkup => "`<!` is not followed by a known keyword",
        SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl => "a declaration is not closed",
        SyntaxError::UnclosedComment => "a comment is not closed",
        SyntaxError::UnclosedDoctype => "the document type is not closed",
        SyntaxError::UnclosedCData => "a CDATA section is not closed",
        SyntaxError::UnclosedTag => "a tag is not closed",
        SyntaxError::UnclosedSingleQuotedAttributeValue | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
            "the value of an attribute is not closed"
        }
    }
}

#[cfg(test)]
mod tests {
    use quick_xml::{Reader, events::Event};

    use super::*;

    fn message_of(text: &str) -> Option<String> {
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event() {
                Ok(Event::Eof) => return None,
                Ok(Event::Start(tag)) => {
                    if let Some(Err(error)) = tag.attributes().find(Result::is_err) {
                        return Some(attribute(&error).to_owned());
                    }
                }
                Ok(_) => {}
                Err(error) => return Some(of(&error)),
            }
        }
    }

    #[test]
    fn no_words_of_the_parser_remain() {
        for broken in [
            "<a",
            "<a></b>",
            "</a>",
            "<a b></a>",
            "<a b=c></a>",
            "<a b='c></a>",
            "<a b='1' b='2'></a>",
            "<!-- a",
            "<![CDATA[ a",
            "<?xml",
            "<a>&lt",
            "<!X>",
        ] {
            let message = message_of(broken).expect(broken);
            for noise in [
                "syntax error",
                "ill-formed",
                "expected",
                "position",
                "parsing",
                "found before",
            ] {
                assert!(!message.contains(noise), "{broken}: {message}");
            }
        }
    }
}
