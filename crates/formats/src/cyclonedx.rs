//! `CycloneDX` documents with vulnerabilities (VDR, VEX, or an SBOM that has them; JSON and XML, all versions since
//! 1.4), of the tool `CycloneDX`.
//!
//! Owns: what is read of a vulnerability, one finding for each component it affects. Must not: keep more of the
//! components than names what is affected.
//!
//! Severity: the worst word of the ratings (<https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_ratings>), else
//! the worst score of a CVSS method, else informational. What the analysis calls resolved, a false positive or not
//! affected is skipped. A fingerprint is made of the id and of the component without its version. A document
//! without a list of vulnerabilities closes nothing.

use std::collections::HashMap;

use base::{Severity, text};

use crate::{
    Error, Options, Source, cwe,
    draft::{Draft, labelled, old},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    severity,
    shape::{At, Each, LONG, Record, SHORT, Shape, WORD, Want},
    start, xml,
};

/// How many affected components one vulnerability may have.
const AFFECTED: usize = 10_000;
/// How many components are kept by name.
const COMPONENTS: usize = 200_000;
/// How many bytes the names of components may take; those beyond it are called by their reference.
const NAMES: usize = 32 * 1024 * 1024;

const PARTS: &Shape = &[
    ("bomFormat", Want::Text(WORD)),
    ("metadata", Want::One(&[("component", Want::One(&COMPONENT))])),
    ("components", Want::Entries(&COMPONENT)),
];
static COMPONENT: [(&str, Want); 6] = [
    ("bom-ref", Want::Text(SHORT)),
    ("group", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("purl", Want::Text(SHORT)),
    ("components", Want::Entries(&COMPONENT)),
];
const REPORT: &Shape = &[("vulnerabilities", Want::Entries(VULNERABILITY))];
const VULNERABILITY: &Shape = &[
    ("id", Want::Text(SHORT)),
    ("source", Want::One(SOURCE)),
    ("ratings", Want::Many(50, RATING)),
    ("cwes", Want::Texts(8, WORD)),
    ("description", Want::Text(LONG)),
    ("detail", Want::Text(LONG)),
    ("recommendation", Want::Text(LONG)),
    ("analysis", Want::One(ANALYSIS)),
    ("affects", Want::Many(AFFECTED + 1, AFFECTS)),
];
const SOURCE: &Shape = &[("name", Want::Text(SHORT)), ("url", Want::Text(SHORT))];
const RATING: &Shape = &[
    ("severity", Want::Text(WORD)),
    ("score", Want::Number),
    ("method", Want::Text(WORD)),
];
const ANALYSIS: &Shape = &[
    ("state", Want::Text(WORD)),
    ("justification", Want::Text(SHORT)),
    ("detail", Want::Text(SHORT)),
];
const AFFECTS: &Shape = &[("ref", Want::Text(SHORT))];

const PARTS_XML: &Shape = &[
    (
        "metadata",
        Want::Through(&[("component", Want::Entries(&COMPONENT_XML))]),
    ),
    (
        "components",
        Want::Through(&[("component", Want::Entries(&COMPONENT_XML))]),
    ),
];
static COMPONENT_XML: [(&str, Want); 6] = [
    ("@bom-ref", Want::Text(SHORT)),
    ("group", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("purl", Want::Text(SHORT)),
    (
        "components",
        Want::Through(&[("component", Want::Entries(&COMPONENT_XML))]),
    ),
];
const REPORT_XML: &Shape = &[(
    "vulnerabilities",
    Want::Through(&[("vulnerability", Want::Entries(VULNERABILITY_XML))]),
)];
const VULNERABILITY_XML: &Shape = &[
    ("id", Want::Text(SHORT)),
    ("source", Want::One(SOURCE)),
    ("ratings", Want::One(&[("rating", Want::Many(50, RATING))])),
    ("cwes", Want::One(&[("cwe", Want::Texts(8, WORD))])),
    ("description", Want::Text(LONG)),
    ("detail", Want::Text(LONG)),
    ("recommendation", Want::Text(LONG)),
    ("analysis", Want::One(ANALYSIS)),
    (
        "affects",
        Want::One(&[("target", Want::Many(AFFECTED + 1, AFFECTS))]),
    ),
];

/// The components of a document, by their reference.
pub(crate) struct CycloneDx {
    xml: bool,
    parts: HashMap<String, Part>,
}

/// What a component is called.
struct Part {
    /// What it is known by whatever its version.
    key: String,
    /// With its version, for people.
    shown: String,
}

impl Reader for CycloneDx {
    const TOOL: &'static str = "CycloneDX";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        let xml = start::is_xml(&mut *file)?;
        let (mut parts, mut left) = (HashMap::new(), NAMES);
        let mut keep = |record: &Record| {
            let part = Part::of(record);
            let reference = record.first(&["bom-ref", "@bom-ref"]);
            let size = reference.len() + part.key.len() + part.shown.len() + 100;
            if !reference.is_empty() && parts.len() < COMPONENTS && size <= left {
                left -= size;
                parts.insert(reference.to_owned(), part);
            }
        };
        let mut take = |_: &At<'_>, record: Record| {
            keep(&record);
            Ok(())
        };
        if xml {
            let roots = &[("bom", PARTS_XML)];
            xml::read(file, roots, &mut take)?;
        } else {
            let top = shaped::read(file, PARTS, &mut take)?;
            if top.text("bomFormat") != "CycloneDX" {
                return Err(fault(
                    "bomFormat",
                    "it is not CycloneDX: this is no CycloneDX document",
                ));
            }
            keep(top.part("metadata").part("component"));
        }
        Ok(Self { xml, parts })
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut each = |at: &At<'_>, record: Record| self.put(at, &record, sink);
        let each: &mut Each<'_> = &mut each;
        let top = if self.xml {
            xml::read(file, &[("bom", REPORT_XML)], each)?
        } else {
            shaped::read(file, REPORT, each)?
        };
        if !top.listed("vulnerabilities") {
            sink.partial("the report does not say that it is whole");
        }
        Ok(())
    }
}

impl CycloneDx {
    /// One entry for each affected component; one for a vulnerability of nothing in particular.
    fn put(&self, at: &At<'_>, record: &Record, sink: &mut Sink<'_>) -> Result<(), String> {
        let affected: Vec<_> = listed(record, "affects", "target")
            .map(|one| one.text("ref"))
            .collect();
        if affected.len() > AFFECTED {
            return Err(format!("it affects more than {AFFECTED} components"));
        }
        if affected.is_empty() {
            return sink.take(at, record, |record| entry(record, None));
        }
        for (index, reference) in affected.into_iter().enumerate() {
            // A reference into a document names the document first: `urn:cdx:…/1#ref`.
            let bare = reference
                .strip_prefix("urn:cdx:")
                .and_then(|link| link.split_once('#'));
            let bare = bare.map_or(reference, |(_, bare)| bare);
            let unknown = Part {
                key: bare.to_owned(),
                shown: bare.to_owned(),
            };
            let part = self.parts.get(bare).unwrap_or(&unknown);
            let place = format_args!("{at}.affects[{index}]");
            sink.take(&place, record, |record| entry(record, Some(part)))?;
        }
        Ok(())
    }
}

impl Part {
    fn of(record: &Record) -> Self {
        let (group, name, purl) = (record.text("group"), record.text("name"), record.text("purl"));
        // `pkg:npm/name@1.0?a=b`: without what is behind the name.
        let bare = purl.split(['?', '#']).next().unwrap_or_default();
        let end = bare
            .rfind('/')
            .and_then(|slash| bare.get(slash..)?.find('@').map(|at| slash + at));
        let bare = end.and_then(|end| bare.get(..end)).unwrap_or(bare);
        let called = if group.is_empty() {
            name.to_owned()
        } else {
            format!("{group}/{name}")
        };
        Self {
            key: if bare.is_empty() {
                called.clone()
            } else {
                bare.to_owned()
            },
            shown: format!("{called} {}", record.text("version")).trim().to_owned(),
        }
    }
}

/// The parts of a list: JSON has them under its key, XML one element deeper.
fn listed<'r>(record: &'r Record, key: &'r str, inner: &'r str) -> impl Iterator<Item = &'r Record> {
    record.parts(key).flat_map(move |part| {
        let own = (!part.has(inner)).then_some(part);
        own.into_iter().chain(part.parts(inner))
    })
}

fn entry(record: &Record, part: Option<&Part>) -> Result<Entry, String> {
    let id = record.text("id").trim();
    if id.is_empty() {
        return Err("`id` is missing".to_owned());
    }
    let analysis = record.part("analysis");
    let state = analysis.text("state").trim();
    if matches!(
        state,
        "resolved" | "resolved_with_pedigree" | "false_positive" | "not_affected"
    ) {
        let why = analysis.first(&["justification", "detail"]);
        let reason = format!("the analysis says {state}: {why}");
        return Ok(Entry::skipped(reason.trim_end_matches([':', ' '])));
    }
    let ratings = || listed(record, "ratings", "rating");
    let words = ratings().filter_map(|rating| severity::of_word(rating.text("severity")));
    let cvss = ratings().filter(|rating| rating.text("method").starts_with("CVSS") || !rating.has("method"));
    let (key, shown) = part.map_or(("", ""), |part| (&part.key, &part.shown));
    let source = record.part("source");
    let weaknesses = record.texts("cwes").chain(record.part("cwes").texts("cwe"));
    Ok(Entry::from(Draft {
        old: old("cyclonedx 1", &[id, key], 0, &[shown]),
        title: if shown.is_empty() {
            id.to_owned()
        } else {
            format!("{id} in {shown}")
        },
        description: vec![
            record.text("description").to_owned(),
            record.text("detail").to_owned(),
            labelled("Recommendation", record.text("recommendation")),
            labelled("Analysis", state),
            labelled("Source", source.first(&["url", "name"])),
        ],
        severity: Some(
            words
                .max()
                .or_else(|| severity::of_scores(cvss.map(|rating| rating.text("score"))))
                .unwrap_or(Severity::Informational),
        ),
        locations: vec![shown.to_owned()],
        rule_id: id.to_owned(),
        cwes: weaknesses.into_iter().find_map(cwe::of).into_iter().collect(),
        ..Draft::default()
    }))
}
