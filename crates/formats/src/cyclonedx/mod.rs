//! `CycloneDX` documents with vulnerabilities (VDR, VEX, or an SBOM that contains them; JSON and XML, all versions
//! since 1.4), of the tool `CycloneDX`.
//!
//! Owns: what a document is and what it covers, and its components by reference ([`part`]). Must not: keep more of a
//! component than is needed to name it, or judge a vulnerability ([`entry`] does).
//!
//! There is one finding for each component that a vulnerability affects. It is recognised by the component without its
//! version and the id or one of its aliases; two versions of one component are distinguished by the version. The target
//! is the component that the document describes, without its version. A document without a list of vulnerabilities
//! closes nothing.

mod entry;
mod part;

use std::collections::HashMap;

use self::part::Part;
use crate::{
    Error, Options, Source,
    json::shaped::{self, fault},
    list::{Reader, Sink},
    package,
    shape::{At, Each, Record, SHORT, Shape, WORD, Want},
    start, xml,
};

/// Maximum number of affected components per vulnerability.
const AFFECTED: usize = 10_000;
/// Maximum number of components whose names are kept.
const COMPONENTS: usize = 200_000;
/// Maximum size of the names of components in bytes; further ones are shown by their reference.
const NAMES: usize = 64 * 1024 * 1024;

const PARTS: &Shape = &[
    ("bomFormat", Want::Text(WORD)),
    ("specVersion", Want::Text(WORD)),
    ("metadata", Want::One(METADATA)),
    ("components", Want::Entries(&COMPONENT)),
    ("vulnerabilities", Want::Many(1, &[("id", Want::Text(SHORT))])),
];
const METADATA: &Shape = &[
    ("timestamp", Want::Text(WORD)),
    ("component", Want::One(&COMPONENT)),
];
static COMPONENT: [(&str, Want); 7] = [
    ("bom-ref", Want::Text(SHORT)),
    ("type", Want::Text(WORD)),
    ("group", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("purl", Want::Text(SHORT)),
    ("components", Want::Entries(&COMPONENT)),
];
const REPORT: &Shape = &[("vulnerabilities", Want::Entries(entry::VULNERABILITY))];

const PARTS_XML: &Shape = &[
    ("@xmlns", Want::Text(SHORT)),
    // The same under the prefixes in common use.
    ("@bom", Want::Text(SHORT)),
    ("@cdx", Want::Text(SHORT)),
    ("@ns0", Want::Text(SHORT)),
    ("metadata", Want::One(METADATA_XML)),
    (
        "components",
        Want::Through(&[("component", Want::Entries(&COMPONENT_XML))]),
    ),
    (
        "vulnerabilities",
        Want::Through(&[("vulnerability", Want::Entries(&[]))]),
    ),
];
const METADATA_XML: &Shape = &[
    ("timestamp", Want::Text(WORD)),
    ("component", Want::One(&COMPONENT_XML)),
];
static COMPONENT_XML: [(&str, Want); 8] = [
    ("@bom-ref", Want::Text(SHORT)),
    ("@type", Want::Text(WORD)),
    ("group", Want::Text(SHORT)),
    ("name", Want::Text(SHORT)),
    ("version", Want::Text(SHORT)),
    ("purl", Want::Text(SHORT)),
    (
        "components",
        Want::Through(&[("component", Want::Entries(&COMPONENT_XML))]),
    ),
    // The extension of versions 1.2 and 1.3.
    (
        "vulnerabilities",
        Want::Through(&[("vulnerability", Want::Entries(&[]))]),
    ),
];
const REPORT_XML: &Shape = &[(
    "vulnerabilities",
    Want::Through(&[("vulnerability", Want::Entries(entry::VULNERABILITY_XML))]),
)];

/// The components of a document by reference, and its metadata.
pub(crate) struct CycloneDx {
    xml: bool,
    parts: HashMap<String, Part>,
    top: Record,
    /// What is wrong with one of its components.
    fault: Option<String>,
}

impl Reader for CycloneDx {
    const TOOL: &'static str = "CycloneDX";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        let xml = start::is_xml(&mut *file)?;
        let mut known = Known::default();
        let mut take = |at: &At<'_>, record: Record| {
            known.take(at, &record);
            Ok(())
        };
        let top = if xml {
            xml::read(file, &[("bom", PARTS_XML)], &mut take)?
        } else {
            shaped::read(file, PARTS, &mut take)?
        };
        let marked = if xml {
            is_xml_document(&top, known.vulnerable)
        } else {
            is_document(&top, &known)
        };
        marked.map_err(|(key, what)| fault(key, what))?;
        known.keep(top.part("metadata").part("component"));
        Ok(Self {
            xml,
            parts: known.parts,
            top,
            fault: known.fault,
        })
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let metadata = self.top.part("metadata");
        sink.target(&target(metadata.part("component")));
        sink.time(metadata.text("timestamp").trim().parse().ok());
        for what in self.top.sound().err().iter().chain(&self.fault) {
            sink.partial(what);
        }
        let mut each = |at: &At<'_>, record: Record| self.put(at, record, sink);
        let each: &mut Each<'_> = &mut each;
        let top = if self.xml {
            xml::read(file, &[("bom", REPORT_XML)], each)?
        } else {
            shaped::read(file, REPORT, each)?
        };
        if !top.listed("vulnerabilities") {
            sink.partial("the document has no list of vulnerabilities; a list of components alone does not say that there are none");
        }
        Ok(())
    }
}

/// What a document lacks: the place, and what is missing.
type Lack = (&'static str, &'static str);

fn is_document(top: &Record, known: &Known) -> Result<(), Lack> {
    if top.text("bomFormat") != "CycloneDX" {
        return Err(("bomFormat", "must be CycloneDX; this is not a CycloneDX document"));
    }
    let named = top.has("specVersion") || top.has("metadata") || top.has("vulnerabilities");
    if named || known.components > 0 {
        Ok(())
    } else {
        Err(("specVersion", "missing; this is not a CycloneDX document"))
    }
}

/// The namespace of a document, up to its version.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

fn is_xml_document(top: &Record, vulnerable: bool) -> Result<(), Lack> {
    let spaces = ["@xmlns", "@bom", "@cdx", "@ns0"].map(|key| top.text(key).trim());
    let Some(version) = spaces.iter().find_map(|space| space.strip_prefix(NAMESPACE)) else {
        let what =
            "the namespace http://cyclonedx.org/schema/bom/… is missing; this is not a CycloneDX document";
        return Err(("bom", what));
    };
    let is_old = matches!(version.trim_end_matches('/'), "1.0" | "1.1" | "1.2" | "1.3");
    if is_old && (vulnerable || top.listed("vulnerabilities")) {
        return Err((
            "bom",
            "its vulnerabilities use the extension for CycloneDX 1.2 and 1.3 (http://cyclonedx.org/schema/ext/vulnerability/1.0), which is not supported; export it as version 1.4 or later",
        ));
    }
    if is_old {
        return Err((
            "bom",
            "CycloneDX documents have vulnerabilities since version 1.4; export it as 1.4 or later, with vulnerabilities",
        ));
    }
    Ok(())
}

/// What a document describes, without its version.
fn target(component: &Record) -> String {
    let part = Part::of(component);
    let kind = component.first(&["type", "@type"]);
    if kind == "container" {
        return package::image(&part.name).to_owned();
    }
    package::target(&package::without_version(&part.name, &part.version), false)
}

/// The components found so far.
#[derive(Default)]
struct Known {
    parts: HashMap<String, Part>,
    /// Size of the kept names in bytes.
    size: usize,
    components: usize,
    /// Whether a component contains vulnerabilities itself.
    vulnerable: bool,
    fault: Option<String>,
}

impl Known {
    fn take(&mut self, at: &At<'_>, record: &Record) {
        match (at.key, record.sound()) {
            ("component" | "components", Ok(record)) => self.keep(record),
            ("component" | "components", Err(what)) => {
                let fault = format!("a component could not be read: {at}: {what}");
                self.fault.get_or_insert(fault);
            }
            _ => self.vulnerable = true,
        }
    }

    fn keep(&mut self, record: &Record) {
        let part = Part::of(record);
        let reference = record.first(&["bom-ref", "@bom-ref"]);
        let size = reference.len() + part.size() + 100;
        self.components += 1;
        if !reference.is_empty() && self.parts.len() < COMPONENTS && self.size + size <= NAMES {
            self.size += size;
            self.parts.insert(reference.to_owned(), part);
        }
    }
}

impl CycloneDx {
    /// One entry for each affected component; one for a vulnerability without a component.
    fn put(&self, at: &At<'_>, mut record: Record, sink: &mut Sink<'_>) -> Result<(), String> {
        // Taken out because each entry searches the rest.
        let (affects, more) = record.take_parts("affects");
        let more = more + affects.iter().map(Record::count_cuts).sum::<usize>();
        let affected: Vec<_> = affects
            .iter()
            .flat_map(|part| entry::within(part, "target"))
            .collect();
        let record = &record;
        if affected.is_empty() {
            return sink.take(at, record, |record| entry::of(record, None, &Part::default()));
        }
        for (index, target) in affected.iter().enumerate() {
            let place = format_args!("{at}.affects[{index}]");
            if index == AFFECTED {
                let more = affected.len() - AFFECTED + more;
                let what = format!("it affects more than {AFFECTED} components; {more} were not read");
                return sink.take(&place, record, |_| Err::<crate::list::Entry, _>(what));
            }
            let reference = target.text("ref");
            // A reference into a document starts with the document: `urn:cdx:…/1#ref`.
            let bare = reference
                .strip_prefix("urn:cdx:")
                .and_then(|link| link.split_once('#'));
            let bare = bare.map_or(reference, |(_, bare)| bare);
            let unknown = Part::unknown(bare);
            let part = self.parts.get(bare).unwrap_or(&unknown);
            sink.take(&place, record, |record| entry::of(record, Some(target), part))?;
        }
        Ok(())
    }
}
