//! `CycloneDX` documents with vulnerabilities (VDR, VEX, or an SBOM that has them; JSON and XML, all versions since
//! 1.4), of the tool `CycloneDX`.
//!
//! Owns: what a document is and what it covers, and the components it names, by their reference ([`Part`]). Must not:
//! keep more of the components than names what is affected, or judge a vulnerability ([`entry`] does).
//!
//! There is one finding for each component that a vulnerability affects. It is recognised by the component without its
//! version and the id or one of its aliases; two versions of one component are told apart by the version. The target is
//! the component that the document is about, without its version. A document without a list of vulnerabilities closes
//! nothing.

mod entry;

use std::collections::HashMap;

use self::entry::listed;
use crate::{
    Error, Options, Source,
    json::shaped::{self, fault},
    list::{Reader, Sink},
    package,
    shape::{At, Each, Record, SHORT, Shape, WORD, Want},
    start, xml,
};

/// How many affected components of one vulnerability are read.
const AFFECTED: usize = 10_000;
/// How many components are kept by name.
const COMPONENTS: usize = 200_000;
/// How many bytes the names of components may take; those beyond it are called by their reference.
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
    // The same under a prefix: those that are in use.
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

/// The components of a document by their reference, and what it says of itself.
pub(crate) struct CycloneDx {
    xml: bool,
    parts: HashMap<String, Part>,
    top: Record,
    /// What is wrong with one of its components.
    fault: Option<String>,
}

/// What a component is called.
#[derive(Default)]
struct Part {
    /// What it is known by whatever its version.
    key: String,
    /// The same as versions before 0.2 had it.
    old: String,
    /// With its version, for people.
    shown: String,
    name: String,
    version: String,
    purl: String,
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
        let mut each = |at: &At<'_>, record: Record| self.put(at, &record, sink);
        let each: &mut Each<'_> = &mut each;
        let top = if self.xml {
            xml::read(file, &[("bom", REPORT_XML)], each)?
        } else {
            shaped::read(file, REPORT, each)?
        };
        if !top.listed("vulnerabilities") {
            sink.partial("the document has no list of vulnerabilities: a list of components alone says nothing of them");
        }
        Ok(())
    }
}

/// What a document lacks: where, and what.
type Lack = (&'static str, &'static str);

fn is_document(top: &Record, known: &Known) -> Result<(), Lack> {
    if top.text("bomFormat") != "CycloneDX" {
        return Err(("bomFormat", "it is not CycloneDX: this is no CycloneDX document"));
    }
    let named = top.has("specVersion") || top.has("metadata") || top.has("vulnerabilities");
    if named || known.components > 0 {
        Ok(())
    } else {
        Err(("specVersion", "it is missing: this is no CycloneDX document"))
    }
}

/// The namespace of a document, before its version.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

fn is_xml_document(top: &Record, vulnerable: bool) -> Result<(), Lack> {
    let spaces = ["@xmlns", "@bom", "@cdx", "@ns0"].map(|key| top.text(key).trim());
    let Some(version) = spaces.iter().find_map(|space| space.strip_prefix(NAMESPACE)) else {
        let what =
            "it has not the namespace http://cyclonedx.org/schema/bom/…: this is no CycloneDX document";
        return Err(("bom", what));
    };
    let is_old = matches!(version.trim_end_matches('/'), "1.0" | "1.1" | "1.2" | "1.3");
    if is_old && (vulnerable || top.listed("vulnerabilities")) {
        return Err((
            "bom",
            "its vulnerabilities are in the extension of CycloneDX 1.2 and 1.3 (http://cyclonedx.org/schema/ext/vulnerability/1.0), which is not read; write it as 1.4 or newer",
        ));
    }
    if is_old {
        return Err((
            "bom",
            "it has no vulnerabilities, which CycloneDX knows since 1.4; write it as 1.4 or newer, with them",
        ));
    }
    Ok(())
}

/// What a document is about, without its version.
fn target(component: &Record) -> String {
    let part = Part::of(component);
    let kind = component.first(&["type", "@type"]);
    if kind == "container" {
        return package::image(&part.name).to_owned();
    }
    package::target(&package::without_version(&part.name, &part.version), false)
}

/// The components, as they are found.
#[derive(Default)]
struct Known {
    parts: HashMap<String, Part>,
    /// Bytes that the kept names take.
    size: usize,
    components: usize,
    /// Whether a component holds vulnerabilities of its own.
    vulnerable: bool,
    fault: Option<String>,
}

impl Known {
    fn take(&mut self, at: &At<'_>, record: &Record) {
        match (at.key, record.sound()) {
            ("component" | "components", Ok(record)) => self.keep(record),
            ("component" | "components", Err(what)) => {
                let said = format!("a component could not be read: {at}: {what}");
                self.fault.get_or_insert(said);
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
    /// One entry for each affected component; one for a vulnerability of nothing in particular.
    fn put(&self, at: &At<'_>, record: &Record, sink: &mut Sink<'_>) -> Result<(), String> {
        let affected: Vec<_> = listed(record, "affects", "target").collect();
        if affected.is_empty() {
            return sink.take(at, record, |record| entry::of(record, None, &Part::default()));
        }
        for (index, target) in affected.iter().enumerate() {
            let place = format_args!("{at}.affects[{index}]");
            if index == AFFECTED {
                let what = format!("it affects more than {AFFECTED} components");
                return sink.take(&place, record, |_| Err::<crate::list::Entry, _>(what));
            }
            let reference = target.text("ref");
            // A reference into a document names the document first: `urn:cdx:…/1#ref`.
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

impl Part {
    fn of(record: &Record) -> Self {
        let (group, name, purl) = (record.text("group"), record.text("name"), record.text("purl"));
        let name = if group.is_empty() {
            name.to_owned()
        } else {
            format!("{group}/{name}")
        };
        let (bare, in_purl) = package::purl(purl);
        let own = record.text("version");
        let version = if own.trim().is_empty() {
            in_purl
        } else {
            own.trim()
        };
        let old = old_purl(purl);
        Self {
            key: if bare.is_empty() {
                package::without_version(&name, version)
            } else {
                bare.to_owned()
            },
            old: if old.is_empty() {
                name.clone()
            } else {
                old.to_owned()
            },
            shown: format!("{name} {own}").trim().to_owned(),
            version: version.to_owned(),
            purl: purl.to_owned(),
            name,
        }
    }

    /// A component of another document: nothing but its reference is known, which may be a package URL.
    fn unknown(reference: &str) -> Self {
        let (key, version) = package::purl(reference);
        let purl = if key.starts_with("pkg:") { reference } else { "" };
        Self {
            key: key.to_owned(),
            old: reference.to_owned(),
            shown: reference.to_owned(),
            name: key.to_owned(),
            version: version.to_owned(),
            purl: purl.to_owned(),
        }
    }

    fn size(&self) -> usize {
        let texts = [
            &self.key,
            &self.old,
            &self.shown,
            &self.name,
            &self.version,
            &self.purl,
        ];
        texts.iter().map(|text| text.len()).sum()
    }
}

/// A package URL without its version, as versions before 0.2 cut it.
fn old_purl(purl: &str) -> &str {
    let bare = purl.split(['?', '#']).next().unwrap_or_default();
    let end = bare
        .rfind('/')
        .and_then(|slash| bare.get(slash..)?.find('@').map(|at| slash + at));
    end.and_then(|end| bare.get(..end)).unwrap_or(bare)
}
