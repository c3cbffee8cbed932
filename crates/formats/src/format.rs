//! Which formats of reports there are.
//!
//! Owns: their names, and who reads which. Must not: parse.

use std::str::FromStr;

use crate::{
    Error, Source, Surveyed, csv::Csv, cyclonedx::CycloneDx, grype::Grype, list::List, nessus::Nessus,
    nuclei::Nuclei, openvas::OpenVas, sarif, semgrep::Semgrep, trivy::Trivy, zap::Zap,
};

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SARIF 2.1.0 of any tool.
    Sarif,
    /// Trivy's JSON.
    Trivy,
    /// Nuclei's JSON lines, or its JSON array.
    Nuclei,
    /// Semgrep's JSON.
    Semgrep,
    /// Grype's JSON.
    Grype,
    /// `CycloneDX` with vulnerabilities, JSON or XML.
    CycloneDx,
    /// Nessus' `.nessus` (version 2).
    Nessus,
    /// The XML report of `OpenVAS` (GVM, Greenbone).
    OpenVas,
    /// ZAP's report, XML or JSON.
    Zap,
    /// A table with a header.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Sarif,
        Self::Trivy,
        Self::Nuclei,
        Self::Semgrep,
        Self::Grype,
        Self::CycloneDx,
        Self::Nessus,
        Self::OpenVas,
        Self::Zap,
        Self::Csv,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sarif => "sarif",
            Self::Trivy => "trivy",
            Self::Nuclei => "nuclei",
            Self::Semgrep => "semgrep",
            Self::Grype => "grype",
            Self::CycloneDx => "cyclonedx",
            Self::Nessus => "nessus",
            Self::OpenVas => "openvas",
            Self::Zap => "zap",
            Self::Csv => "csv",
        }
    }

    /// All names, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Surveys a whole report of this format.
    ///
    /// # Errors
    /// [`Error::Refused`] for the first thing that does not fit, [`Error::Io`] if the file cannot be read.
    pub fn survey(self, mut file: &mut dyn Source) -> Result<Box<dyn Surveyed>, Error> {
        Ok(match self {
            Self::Sarif => Box::new(sarif::Report::check(&mut file)?),
            Self::Trivy => Box::new(List::<Trivy>::survey(file)?),
            Self::Nuclei => Box::new(List::<Nuclei>::survey(file)?),
            Self::Semgrep => Box::new(List::<Semgrep>::survey(file)?),
            Self::Grype => Box::new(List::<Grype>::survey(file)?),
            Self::CycloneDx => Box::new(List::<CycloneDx>::survey(file)?),
            Self::Nessus => Box::new(List::<Nessus>::survey(file)?),
            Self::OpenVas => Box::new(List::<OpenVas>::survey(file)?),
            Self::Zap => Box::new(List::<Zap>::survey(file)?),
            Self::Csv => Box::new(List::<Csv>::survey(file)?),
        })
    }
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|format| format.name() == text);
        known.ok_or_else(|| format!("is not known; there is {}", Self::names()))
    }
}
