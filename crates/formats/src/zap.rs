//! ZAP's traditional report, XML or JSON, of the tool `ZAP`.
//!
//! Owns: the two forms of a scan report, its sites, and when it was created. Must not: keep requests and responses.
//!
//! An alert is one finding per site, whatever the number of places, as in ZAP itself; a place is a method, a URL and a
//! parameter. Severity: the risk, 0 informational to 3 high
//! (<https://www.zaproxy.org/docs/desktop/start/features/alerts/>). An alert with a confidence of 0 is a false positive
//! and skipped. An alert is recognised by the site, by its reference or its rule with the alert's name, and by its
//! text: two alerts of one rule with different texts are separate findings. Each site has its own coverage, dated by
//! `created`, the only time with a zone; a scan report without sites is incomplete.

mod alert;

use self::alert::{ALERT, ALERT_XML};
use crate::{
    Error, Options, Source,
    draft::Draft,
    host::{self, Url},
    json::shaped::{self, fault},
    list::{Entry, Reader, Sink},
    shape::{At, Record, SHORT, Shape, WORD, Want},
    start, xml,
};

/// Maximum number of sites whose names are kept.
const SITES: usize = 100_000;

const HEADS: &Shape = &[("site", Want::Many(SITES, HEAD)), ("created", Want::Text(WORD))];
const HEADS_OF_ONE: &Shape = &[("site", Want::One(HEAD)), ("created", Want::Text(WORD))];
const HEAD: &Shape = &[("@name", Want::Text(SHORT))];

const REPORT: &Shape = &[("site", Want::Through(SITE))];
const REPORT_OF_ONE: &Shape = &[("site", Want::One(SITE))];
const SITE: &Shape = &[("alerts", Want::Entries(ALERT))];

const ROOTS: &[(&str, &Shape)] = &[("OWASPZAPReport", REPORT_XML)];
// A site is an entry, too: it comes after its alerts, even if it has none.
const REPORT_XML: &Shape = &[("@created", Want::Text(WORD)), ("site", Want::Entries(SITE_XML))];
const SITE_XML: &Shape = &[
    ("@name", Want::Text(SHORT)),
    (
        "alerts",
        Want::Through(&[("alertitem", Want::Entries(ALERT_XML))]),
    ),
];

/// A scan report in one of its forms.
pub(crate) enum Zap {
    Xml,
    /// With the sites in order: a site's name may come after its alerts.
    Json(Heads),
}

/// The parts of a scan report in JSON other than its alerts.
pub(crate) struct Heads {
    /// The name of each as written, and normalized.
    sites: Vec<(String, String)>,
    created: String,
    /// Whether the only site is not in a list.
    one: bool,
}

impl Heads {
    fn read(file: &mut dyn Source) -> Result<Self, Error> {
        let (top, one) = match shaped::read(file, HEADS, &mut |_, _| Ok(())) {
            Ok(top) => (top, false),
            Err(refused) => match shaped::read(file, HEADS_OF_ONE, &mut |_, _| Ok(())) {
                Ok(top) => (top, true),
                Err(_) => return Err(refused),
            },
        };
        let name = |site: &Record| {
            let name = site.text("@name");
            (name.to_owned(), Url::of(name).site())
        };
        Ok(Self {
            created: top.text("created").to_owned(),
            sites: top.parts("site").map(name).collect(),
            one,
        })
    }
}

impl Reader for Zap {
    const TOOL: &'static str = "ZAP";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        if start::is_xml(&mut *file)? {
            return Ok(Self::Xml);
        }
        Heads::read(file).map(Self::Json)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        match self {
            Self::Xml => xml_report(file, sink),
            Self::Json(heads) => json_report(file, heads, sink),
        }
    }
}

fn xml_report(file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
    let mut each = |at: &At<'_>, record: Record| {
        if at.key == "site" {
            host::covers(sink, "zap", &Url::of(record.text("@name")).site())?;
            return Ok(());
        }
        let name = at.outer_text("@name");
        put(sink, (at, name, &Url::of(name).site()), &record)
    };
    let top = xml::read(file, ROOTS, &mut each)?;
    if !top.listed("site") {
        sink.partial(NO_SITE);
    }
    sink.time(top.text("@created").trim().parse().ok());
    Ok(())
}

fn json_report(file: &mut dyn Source, heads: &Heads, sink: &mut Sink<'_>) -> Result<(), Error> {
    for (_, site) in &heads.sites {
        host::covers(sink, "zap", site).map_err(|what| fault("site", &what))?;
    }
    sink.time(heads.created.trim().parse().ok());
    let mut each = |at: &At<'_>, record: Record| {
        let index = if heads.one { Some(0) } else { at.trail.index(0) };
        let names = index.and_then(|index| heads.sites.get(index));
        let (name, site) = names.map_or(("", ""), |(name, site)| (name, site));
        put(sink, (at, name, site), &record)
    };
    let shape = if heads.one { REPORT_OF_ONE } else { REPORT };
    let top = shaped::read(file, shape, &mut each)?;
    if !top.has("site") {
        return Err(fault("site", "missing; this is not a ZAP report"));
    }
    if heads.sites.is_empty() {
        sink.partial(NO_SITE);
    }
    Ok(())
}

const NO_SITE: &str = "the report names no site; none was reached";

/// Adds an alert of a site, with the site's name in the scan report and its normalized spelling.
fn put(sink: &mut Sink<'_>, (at, name, site): (&At<'_>, &str, &str), record: &Record) -> Result<(), String> {
    let coverage = host::covers(sink, "zap", site)?;
    let read = record.sound().and_then(|record| alert::entry(name, site, record));
    let entry = match read {
        Ok(Entry::Found(draft)) => Entry::from(Draft { coverage, ..*draft }),
        other => Entry::of(other),
    };
    sink.put(at, entry)
}
