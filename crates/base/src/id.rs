//! Ids: UUIDv7 (RFC 9562), so that they sort by the time they were made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// An id of anything: a UUIDv7, written in lower case with hyphens. Made by [`Clock::id`](crate::Clock::id).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Id(Uuid);

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID")]
pub struct NotAnId;

impl Id {
    /// The id made of a time in milliseconds since 1970 and random bytes; UUIDv7, RFC 9562 section 5.7.
    pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }

    /// The id of these sixteen bytes, as [`as_bytes`](Self::as_bytes) gave them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // Only the hyphenated form: two spellings of one id would be two cache keys and two log lines.
        if text.len() != 36 {
            return Err(NotAnId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for Id {}
impl utoipa::PartialSchema for Id {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::Custom("uuid".to_owned())))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes_and_refuses_other_spellings() {
        let id = Id::from_parts(1_700_000_000_000, [7; 10]);
        let text = id.to_string();
        assert_eq!(text.parse::<Id>(), Ok(id));
        assert_eq!(text.as_bytes()[14], b'7', "version 7");
        for bad in [
            "",
            "x",
            &text[1..],
            &text.replace('-', ""),
            &format!("{{{text}}}"),
            "é".repeat(18).as_str(),
        ] {
            assert_eq!(bad.parse::<Id>(), Err(NotAnId), "{bad}");
            let json = serde_json::Value::from(bad);
            assert!(serde_json::from_value::<Id>(json).is_err(), "{bad}");
        }
    }
}
