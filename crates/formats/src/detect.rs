//! What format a file is of, by what is in it.
//!
//! Owns: the signs by which each is known. Must not: judge whether a report is sound, or look at a file's name.

use std::{
    fmt,
    io::{Read, Seek},
};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{
    Error, Format, Source, csv,
    json::{
        parser,
        scalar::{Loose, Skip},
        walk::Trail,
    },
    start, xml,
};

/// What a file looks like: by the keys of its JSON object, the root of its XML, or the header of its table; none if
/// it looks like no report. It may still turn out not to be sound.
///
/// # Errors
/// [`Error::Refused`] for a file that breaks off or breaks before it is known what it is, [`Error::Io`].
pub fn detect(file: &mut dyn Source) -> Result<Option<&'static Format>, Error> {
    Ok(name(file)?.and_then(|name| name.parse().ok()))
}

fn name(mut file: &mut dyn Source) -> Result<Option<&'static str>, Error> {
    let mut head = start::rewound(&mut file)?.into_inner();
    Read::by_ref(&mut file).take(1024).read_to_end(&mut head)?;
    match head.trim_ascii_start().first() {
        Some(b'{' | b'[') => by_keys(file),
        Some(b'<') => Ok(by_root(&xml::root(file)?)),
        _ if csv::is_table(file)? => Ok(Some("csv")),
        _ => match by_keys(file) {
            // Its first character is wrong already: say so only where it could have been JSON.
            Ok(found) => Ok(found),
            Err(Error::Io(error)) => Err(Error::Io(error)),
            Err(refused) => Err(refused),
        },
    }
}

/// The format whose XML has this root.
fn by_root(name: &str) -> Option<&'static str> {
    match name {
        "NessusClientData_v2" => Some("nessus"),
        "OWASPZAPReport" => Some("zap"),
        "report" | "get_reports_response" => Some("openvas"),
        "bom" => Some("cyclonedx"),
        _ => None,
    }
}

fn by_keys<F: Read + Seek>(mut file: F) -> Result<Option<&'static str>, Error> {
    let mut parser = parser(&mut file)?;
    let (mut sure, mut likely) = (None, None);
    let top = Top {
        sure: &mut sure,
        likely: &mut likely,
        within: false,
    };
    let ended = top.deserialize(&mut parser);
    match (sure.or(likely), ended) {
        (Some(format), _) => Ok(Some(format)),
        (None, Ok(())) => Ok(None),
        (None, Err(error)) => Err(Error::of(error, &Trail::default())),
    }
}

/// Looks at the keys of an object, or of the first one of an array, until it is sure.
struct Top<'a> {
    sure: &'a mut Option<&'static str>,
    likely: &'a mut Option<&'static str>,
    within: bool,
}

impl Top<'_> {
    /// What a key alone says.
    fn by_key(key: &str) -> Option<&'static str> {
        match key {
            "runs" => Some("sarif"),
            "bomFormat" => Some("cyclonedx"),
            "SchemaVersion" | "Results" => Some("trivy"),
            "matches" | "ignoredMatches" => Some("grype"),
            "results" => Some("semgrep"),
            "site" | "@programName" => Some("zap"),
            "template-id" | "templateID" | "template" | "matched-at" => Some("nuclei"),
            _ => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.within {
            return Err(A::Error::custom("an array in an array is no report"));
        }
        let (sure, likely) = (&mut *self.sure, &mut *self.likely);
        seq.next_element_seed(Top {
            sure,
            likely,
            within: true,
        })?;
        // Of the formats here one alone is an array.
        *self.sure = self.sure.filter(|format| *format == "nuclei");
        *self.likely = None;
        while seq.next_element_seed(Skip)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            *self.sure = self.sure.or(Self::by_key(&key));
            if self.sure.is_some() && !self.within {
                return Err(A::Error::custom("it is known"));
            }
            match key.as_str() {
                "$schema" | "version" => {
                    let text = map
                        .next_value_seed(Loose { most: 1, limit: 300 })?
                        .concat()
                        .to_ascii_lowercase();
                    if key == "$schema" && text.contains("sarif") || key == "version" && text == "2.1.0" {
                        *self.likely = Some("sarif");
                    }
                }
                _ => map.next_value_seed(Skip)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::*;

    #[test]
    fn a_format_is_known_by_its_content() {
        for (text, format) in [
            (r#"{"runs":[]"#, Some("sarif")),
            ("\u{feff}\n\t {\"version\":\"2.1.0\"}", Some("sarif")),
            (r#"{"$schema":"https://x/sarif-2.1.0.json","a":1}"#, Some("sarif")),
            (
                r#"{"version":"2.1.0","bomFormat":"CycloneDX"}"#,
                Some("cyclonedx"),
            ),
            (r#"{"SchemaVersion":2}"#, Some("trivy")),
            (r#"{"descriptor":{"runs":1},"matches":[]}"#, Some("grype")),
            (r#"{"errors":[],"results":[]}"#, Some("semgrep")),
            (r#"{"@version":"D","site":[]}"#, Some("zap")),
            ("{\"template-id\":\"a\"}\n{\"template-id\":\"b\"}", Some("nuclei")),
            (r#"[{"info":{},"template-id":"a"},{}]"#, Some("nuclei")),
            (
                "<?xml version=\"1.0\"?><!-- x --><NessusClientData_v2>",
                Some("nessus"),
            ),
            ("<report id=\"1\">", Some("openvas")),
            ("<OWASPZAPReport/>", Some("zap")),
            (
                "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"/>",
                Some("cyclonedx"),
            ),
            ("Severity;Title\n", Some("csv")),
            ("title,severity", Some("csv")),
            ("{}", None),
            ("[]", None),
            (r#"[{"runs":[]}]"#, None),
            ("<xml/>", None),
        ] {
            assert_eq!(
                detect(&mut Cursor::new(text)).unwrap().map(|found| found.name),
                format,
                "{text}"
            );
        }
        for text in ["", "\u{0}", "[[[", "{", "<", "hello", "name,colour\na,b"] {
            assert!(detect(&mut Cursor::new(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_exact() {
        for format in crate::FORMATS {
            assert_eq!(format.name.parse(), Ok(format));
        }
        assert!("SARIF".parse::<&Format>().is_err());
    }
}
