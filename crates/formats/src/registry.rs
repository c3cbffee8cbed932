//! Which formats of scan reports there are: one line each, and everything that names formats is made from it.
//!
//! Owns: [`FORMATS`]. Must not: parse.

use std::{fmt, str::FromStr};

use crate::{
    Error, Source, Surveyed, csv::Csv, cyclonedx::CycloneDx, grype::Grype, list::List, nessus::Nessus,
    nuclei::Nuclei, openvas::OpenVas, sarif, semgrep::Semgrep, trivy::Trivy, zap::Zap,
};

/// A format of scan reports.
pub struct Format {
    /// The name in the API.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Each of these sets of marks is enough to recognise it; a set has two at least ([`detect`](crate::detect)).
    pub marks: &'static [&'static [&'static str]],
    /// What an entry is, and what it is recognised by in the next report, for the documentation.
    pub identity: &'static str,
    /// Whether a whole report closes what it no longer holds without being asked to.
    pub closes: bool,
    pub(crate) survey: Survey,
}

type Survey = fn(&mut dyn Source, &Options) -> Result<Box<dyn Surveyed>, Error>;

/// What a caller says about a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the caller names the target: then a report without entries can be a clean one.
    pub target: bool,
    /// Whether the caller names the format: then an empty file of lines is a report without entries.
    pub format: bool,
    /// For a table: which of our columns is which of its own, as `severity:Risk,title:Name`.
    pub columns: String,
}

/// All of them.
pub static FORMATS: &[Format] = &[
    Format {
        name: "sarif",
        title: "SARIF 2.1.0",
        marks: &[],
        identity: "",
        closes: true,
        survey: sarif::read,
    },
    Format {
        name: "trivy",
        title: "Trivy JSON",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<Trivy>::survey,
    },
    Format {
        name: "nuclei",
        title: "Nuclei JSON lines",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<Nuclei>::survey,
    },
    Format {
        name: "semgrep",
        title: "Semgrep JSON",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<Semgrep>::survey,
    },
    Format {
        name: "grype",
        title: "Grype JSON",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<Grype>::survey,
    },
    Format {
        name: "cyclonedx",
        title: "CycloneDX",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<CycloneDx>::survey,
    },
    Format {
        name: "nessus",
        title: "Nessus v2",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<Nessus>::survey,
    },
    Format {
        name: "openvas",
        title: "OpenVAS XML",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<OpenVas>::survey,
    },
    Format {
        name: "zap",
        title: "ZAP",
        marks: &[],
        identity: "",
        closes: true,
        survey: List::<Zap>::survey,
    },
    Format {
        name: "csv",
        title: "CSV",
        marks: &[],
        identity: "",
        closes: false,
        survey: List::<Csv>::survey,
    },
];

impl Format {
    /// All names, for messages.
    pub fn names() -> String {
        FORMATS
            .iter()
            .map(|format| format.name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Surveys a whole report of this format.
    ///
    /// # Errors
    /// [`Error::Refused`] for a file that is of another kind or breaks off, [`Error::Io`] if it cannot be read.
    pub fn survey(&self, file: &mut dyn Source, options: &Options) -> Result<Box<dyn Surveyed>, Error> {
        (self.survey)(file, options)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for &'static Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = FORMATS.iter().find(|format| format.name == text);
        known.ok_or_else(|| format!("is not known; there is {}", Format::names()))
    }
}
