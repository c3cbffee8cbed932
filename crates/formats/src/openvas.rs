//! The XML scan report of `OpenVAS` (Greenbone, GVM), of the tool `OpenVAS`.
//!
//! Owns: what is read of a result, a host and an error, whether the scan report is a document of its own or in a
//! response of the management protocol. Must not: read ports.
//!
//! Severity: the result's score (<https://docs.greenbone.net/API/GMP/gmp-22.5.html>, "severity"), which already
//! includes the user's overrides, in the bands of CVSS; without one the threat, `High` to `Log`. A score below 0 is not
//! a problem: -1 is a false positive, -2 a debug message, -3 an error; these are skipped. A result is recognised by the
//! host, the test (NVT) and the port, and by its description with the version that was found. Each host has its own
//! coverage, dated by the end of its scan; it is incomplete if the scan is not done, did not end on it, or reported an
//! error there, and all are if the scan report is one page of several or only a comparison.

mod result;
mod state;

use base::Time;

use self::state::State;
use crate::{
    Error, Options, Source, host,
    list::{Entry, Reader, Sink},
    shape::{At, Record, SHORT, Shape, WORD, Want},
    xml,
};

const ROOTS: &[(&str, &Shape)] = &[("report", OUTER), ("get_reports_response", ANSWER)];
const ANSWER: &Shape = &[("report", Want::Through(OUTER))];
const OUTER: &Shape = &[
    ("report", Want::Through(INNER)),
    ("results", Want::Through(RESULTS)),
    ("host", Want::Entries(HOST)),
    ("errors", Want::Through(ERRORS)),
];
const INNER: &Shape = &[
    ("results", Want::Through(RESULTS)),
    ("host", Want::Entries(HOST)),
    ("errors", Want::Through(ERRORS)),
];
const RESULTS: &Shape = &[("result", Want::Entries(result::RESULT))];
const HOST: &Shape = &[
    ("ip", Want::Text(SHORT)),
    ("start", Want::Text(WORD)),
    ("end", Want::Text(WORD)),
];
const ERRORS: &Shape = &[("error", Want::Entries(&[("host", Want::Text(SHORT))]))];

/// The metadata of the scan report.
pub(crate) struct OpenVas(State);

impl Reader for OpenVas {
    const TOOL: &'static str = "OpenVAS";

    fn survey(file: &mut dyn Source, _: &Options) -> Result<Self, Error> {
        State::read(file).map(Self)
    }

    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error> {
        let (mut results, mut hosts, mut errors) = (0_u64, false, 0_u64);
        let mut each = |at: &At<'_>, record: Record| match at.key {
            "host" => {
                hosts = true;
                of_host(sink, &record)
            }
            "error" => {
                errors += 1;
                of_error(sink, &host::named(record.text("host")))
            }
            _ => {
                results += 1;
                hosts |= !record.text("host").trim().is_empty();
                put(sink, at, &record)
            }
        };
        xml::read(file, ROOTS, &mut each)?;
        sink.time(self.0.time);
        for reason in self.0.reasons(results, errors) {
            sink.partial(&reason);
        }
        if !hosts {
            sink.partial("the report names no host");
        }
        Ok(())
    }
}

/// A time with a zone.
fn time(text: &str) -> Option<Time> {
    text.trim().parse().ok()
}

/// Notes that a host was scanned, and whether to the end.
fn of_host(sink: &mut Sink<'_>, record: &Record) -> Result<(), String> {
    let name = host::named(record.text("ip"));
    if name.is_empty() {
        return Ok(());
    }
    let coverage = host::covers(sink, "openvas", &name)?;
    let (start, end) = (record.text("start").trim(), record.text("end").trim());
    let partial = (!start.is_empty() && end.is_empty()).then(|| format!("the scan of {name} did not finish"));
    sink.of_target(coverage, time(end), partial.as_deref());
    Ok(())
}

/// Notes that the scanner failed on a host; if none is named, on any.
fn of_error(sink: &mut Sink<'_>, name: &str) -> Result<(), String> {
    if name.is_empty() {
        sink.partial("the scanner reports an error");
        return Ok(());
    }
    let coverage = host::covers(sink, "openvas", name)?;
    sink.of_target(
        coverage,
        None,
        Some(&format!("the scanner reports an error on {name}")),
    );
    Ok(())
}

/// Adds a result.
fn put(sink: &mut Sink<'_>, at: &At<'_>, record: &Record) -> Result<(), String> {
    let name = host::named(record.text("host"));
    if result::is_error(record) {
        of_error(sink, &name)?;
    }
    let entry = match record.sound().and_then(result::entry) {
        Ok(Entry::Found(draft)) => {
            let coverage = host::covers(sink, "openvas", &name)?;
            Entry::from(host::place(*draft, ("openvas", &name), coverage))
        }
        Ok(skipped) => {
            // The host was scanned.
            host::covers(sink, "openvas", &name)?;
            skipped
        }
        unreadable => Entry::of(unreadable),
    };
    sink.put(at, entry)
}
