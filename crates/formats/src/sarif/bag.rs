//! The property bags of rules and results: conventions shared by scanners beyond SARIF.
//!
//! Owns: the keys that are read, in the spellings of several tools. Must not: reject any value; the bags are the
//! scanner's own.

use serde::de::MapAccess;

use crate::json::walk::{Fields, Value};

/// The content of a property bag.
#[derive(Default)]
pub(super) struct Bag {
    /// A CVSS score, or a word.
    pub(super) security_severity: Option<String>,
    pub(super) tags: Vec<String>,
    /// CWEs.
    pub(super) cwes: Vec<String>,
    /// CVEs and other names of one vulnerability.
    pub(super) aliases: Vec<String>,
    /// Package URLs.
    pub(super) purls: Vec<String>,
    /// A CVSS vector.
    pub(super) vector: String,
    /// A CVSS score in a key of its own.
    pub(super) score: String,
    /// Versions with the fix.
    pub(super) fixed: Vec<String>,
}

impl Fields for Bag {
    const WHAT: &'static str = "a property bag";
    const KEYS: &'static [&'static str] = &[
        "security-severity",
        "tags",
        "cwe",
        "cwes",
        "cweId",
        "cve",
        "cves",
        "aliases",
        "purl",
        "purls",
        "cvss_vector",
        "cvssVector",
        "cvssv3_vector",
        "cvss",
        "cvss_score",
        "cvssScore",
        "cvssv3_baseScore",
        "fixedVersion",
        "fixedVersions",
        "fixed_version",
    ];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "security-severity" => self.security_severity = value.loose(1, 32)?.pop(),
            "tags" => self.tags = value.loose(100, 100)?,
            "cwe" | "cwes" | "cweId" => self.cwes.extend(value.loose(100, 200)?),
            "cve" | "cves" | "aliases" => self.aliases.extend(value.loose(200, 100)?),
            "purl" | "purls" => self.purls.extend(value.loose(20, 500)?),
            "cvss_vector" | "cvssVector" | "cvssv3_vector" | "cvss" => {
                let text = value.loose(1, 200)?.pop().unwrap_or_default();
                if text.contains("/AV:") || text.starts_with("AV:") {
                    self.vector = text;
                } else if self.score.is_empty() {
                    self.score = text;
                }
            }
            "cvss_score" | "cvssScore" | "cvssv3_baseScore" => {
                self.score = value.loose(1, 32)?.pop().unwrap_or_default();
            }
            _ => self.fixed.extend(value.loose(50, 100)?),
        }
        Ok(())
    }
}

impl Bag {
    /// Keeps only what findings need of a rule's bag.
    pub(super) fn settle(&mut self) {
        self.tags.retain(|tag| tag.to_ascii_lowercase().contains("cwe"));
    }

    /// Its approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        let lists = [&self.tags, &self.cwes, &self.aliases, &self.purls, &self.fixed];
        let lists = lists.into_iter().flatten().map(|text| text.len() + 32);
        lists.sum::<usize>() + self.vector.len() + self.score.len()
    }
}
