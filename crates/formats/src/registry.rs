//! The formats of scan reports: one line each; everything that names formats is generated from it.
//!
//! Owns: [`FORMATS`]. Must not: parse.

use std::{fmt, str::FromStr};

use crate::{
    Error, Source, Surveyed,
    csv::Csv,
    cyclonedx::CycloneDx,
    detect::{self, Checked},
    grype::Grype,
    list::List,
    nessus::Nessus,
    nuclei::Nuclei,
    openvas::OpenVas,
    sarif,
    semgrep::Semgrep,
    trivy::Trivy,
    zap::Zap,
};

/// A format of scan reports.
pub struct Format {
    /// The name in the API.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Which tool writes it, and with which option.
    pub from: &'static str,
    /// Each of these sets of marks is enough to recognise it; a set has at least two (`marks` explains how they are
    /// written).
    pub marks: &'static [&'static [&'static str]],
    /// What an entry is.
    pub entry: &'static str,
    /// What an entry is recognised by in the next scan report.
    pub identity: &'static str,
    /// What its severities are based on.
    pub severity: &'static str,
    /// The target that the scan report names; empty if it names none.
    pub target: &'static str,
    /// What makes a scan report incomplete, in addition to entries that cannot be read.
    pub partial: &'static str,
    /// An example below `tests/samples`.
    pub sample: &'static str,
    /// Whether a complete scan report closes by default what it no longer contains.
    pub closes: bool,
    pub(crate) survey: Survey,
}

type Survey = fn(&mut dyn Source, &Options) -> Result<Box<dyn Surveyed>, Error>;

/// What a caller states about a scan report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the caller names the target: then a scan report without entries can be a clean one.
    pub target: bool,
    /// Whether the caller names the format: then an empty file of lines is a scan report without entries.
    pub format: bool,
    /// For a table: which of its columns is which of ours, as `severity:Risk,title:Name`, and which severity one of its
    /// values means, as `critical:5`.
    pub columns: String,
    /// For a table: its encoding, if it is neither UTF-8 nor UTF-16: `windows-1252`.
    pub encoding: String,
}

/// All formats.
pub static FORMATS: &[Format] = &[
    Format {
        name: "sarif",
        title: "SARIF 2.1.0",
        from: "any tool that writes SARIF",
        marks: &[
            &["runs", "version=2.1.0"],
            &["runs", "$schema=*sarif*"],
            &["runs[].tool.driver", "runs[].results[]"],
            &["runs[].results[].message", "runs[].results[].ruleId"],
            &["runs[]", "version=2.1.0", "$schema=*sarif*"],
        ],
        entry: "a result",
        identity: "rule and file; the tool's own line hash, the snippet, the message, the line",
        severity: "`security-severity` in the bands of CVSS, else the level: error high, warning medium, note low, none informational",
        target: "`automationDetails.id` up to its last `/`",
        partial: "a run that failed, a notification of level error",
        sample: "codeQL-output.sarif",
        closes: true,
        survey: sarif::read,
    },
    Format {
        name: "trivy",
        title: "Trivy JSON",
        from: "Trivy, `--format json` (schema version 2)",
        marks: &[
            &["SchemaVersion", "ArtifactName"],
            &["SchemaVersion", "ArtifactType"],
            &["SchemaVersion", "Results"],
            &["Results[].Target", "Results[].Class"],
            &["Results[].Target", "Results[].Vulnerabilities[]"],
        ],
        entry: "a vulnerability, misconfiguration, secret or licence",
        identity: "the CVE, GHSA or check, the package and its file; for a misconfiguration its resource",
        severity: "Trivy's word; for `UNKNOWN` the highest CVSS score",
        target: "the artifact without its tag or digest",
        partial: "",
        sample: "trivy.json",
        closes: true,
        survey: List::<Trivy>::survey,
    },
    Format {
        name: "nuclei",
        title: "Nuclei JSON",
        from: "Nuclei, `-jsonl` or `-json-export` (versions 2 and 3)",
        marks: &[
            &["template-id", "info"],
            &["template-id", "matched-at"],
            &["template-id", "host"],
            &["template-id", "type"],
            &["templateID", "info"],
            &["templateID", "matched"],
            &["[].template-id", "[].info"],
            &["[].template-id", "[].matched-at"],
            &["[].template-id", "[].host"],
            &["[].template-id", "[].type"],
            &["[].templateID", "[].info"],
            &["[].templateID", "[].matched"],
        ],
        entry: "a result",
        identity: "the host, the template, its matcher and extractor, where it matched",
        severity: "Nuclei's word; for `unknown` the template's CVSS score",
        target: "each host",
        partial: "a line that cannot be read",
        sample: "nuclei.jsonl",
        closes: true,
        survey: List::<Nuclei>::survey,
    },
    Format {
        name: "semgrep",
        title: "Semgrep JSON",
        from: "Semgrep, `--json`",
        marks: &[
            &["results[].check_id", "results[].path"],
            &["results[].check_id", "results[].extra"],
            &["results[]", "version", "errors[]"],
            &["results[]", "version", "paths"],
            &["results[]", "paths", "paths.scanned[]"],
            &["results[]", "errors[].level", "errors[].type"],
        ],
        entry: "a result",
        identity: "rule and file; Semgrep's fingerprint, the code, the message, the line",
        severity: "CRITICAL to LOW as they are; ERROR high, WARNING medium, INFO low",
        target: "",
        partial: "an error of level error, paths that were skipped",
        sample: "semgrep.json",
        closes: true,
        survey: List::<Semgrep>::survey,
    },
    Format {
        name: "grype",
        title: "Grype JSON",
        from: "Grype, `-o json`",
        marks: &[
            &["matches[].vulnerability", "matches[].artifact"],
            &["matches[]", "descriptor.name=grype"],
            &["matches[]", "descriptor", "source"],
            &["matches[]", "descriptor", "distro"],
        ],
        entry: "a match",
        identity: "the vulnerability under each of its names, type and name of the package, its files",
        severity: "Grype's word (Negligible is informational); for `Unknown` the highest CVSS score",
        target: "the image or folder without its tag or digest",
        partial: "",
        sample: "grype.json",
        closes: true,
        survey: List::<Grype>::survey,
    },
    Format {
        name: "cyclonedx",
        title: "CycloneDX",
        from: "a VDR, a VEX, or an SBOM with `vulnerabilities`, as JSON or XML (1.4 or later)",
        marks: &[
            &["bomFormat=CycloneDX", "specVersion"],
            &["<bom>", "xmlns=http://cyclonedx.org/schema/bom/*"],
        ],
        entry: "a vulnerability for each component it affects",
        identity: "the vulnerability under each of its names, the component without its version",
        severity: "the most severe word of the ratings, else the highest score of a CVSS method",
        target: "the root component",
        partial: "no list of vulnerabilities",
        sample: "cyclonedx.json",
        closes: true,
        survey: List::<CycloneDx>::survey,
    },
    Format {
        name: "nessus",
        title: "Nessus",
        from: "Nessus, the `.nessus` file (version 2)",
        marks: &[
            &["<NessusClientData_v2>", "<NessusClientData_v2/Report>"],
            &["<NessusClientData_v2>", "<NessusClientData_v2/Policy>"],
        ],
        entry: "a report item",
        identity: "host, plugin, port and protocol, compliance check",
        severity: "0 informational, 1 low, 2 medium, 3 high, 4 critical",
        target: "each host",
        partial: "a host whose scan did not end",
        sample: "made/nessus.nessus",
        closes: true,
        survey: List::<Nessus>::survey,
    },
    Format {
        name: "openvas",
        title: "OpenVAS XML",
        from: "OpenVAS (Greenbone, GVM), the XML report",
        marks: &[
            &["<report>", "<report/results/result/nvt>"],
            &["<report>", "<report/scan_run_status>"],
            &["<report>", "<report/report/scan_run_status>"],
            &["<report>", "<report/report/gmp>"],
            &["<report>", "<report/gmp>"],
            &["<report>", "<report/report/results/result/nvt>"],
            &["<get_reports_response>", "<get_reports_response/report>"],
        ],
        entry: "a result",
        identity: "host, test (NVT), port",
        severity: "the score in the bands of CVSS, else the threat",
        target: "each host",
        partial: "a scan that is not `Done`, an error of a test",
        sample: "openvas.xml",
        closes: true,
        survey: List::<OpenVas>::survey,
    },
    Format {
        name: "zap",
        title: "ZAP",
        from: "ZAP's traditional report, XML or JSON",
        marks: &[
            &["<OWASPZAPReport>", "<OWASPZAPReport/site>"],
            &["<OWASPZAPReport>", "<OWASPZAPReport @version>"],
            &["<OWASPZAPReport>", "<OWASPZAPReport @generated>"],
            &["site", "@version"],
            &["site", "@programName"],
            &["site[]", "@version", "@programName"],
            &["site[].@name", "site[].alerts[]"],
            &["site.@name", "site.alerts[]"],
        ],
        entry: "an alert of a site, with all its places",
        identity: "site, rule and name of the alert; its places come and go",
        severity: "the risk: 0 informational, 1 low, 2 medium, 3 high",
        target: "each site",
        partial: "no site",
        sample: "zap.xml",
        closes: true,
        survey: List::<Zap>::survey,
    },
    Format {
        name: "csv",
        title: "CSV",
        from: "a table with a header; exports of Qualys, Tenable, Nessus, OpenVAS and testssl are read as such",
        marks: &[
            &["column title", "column severity"],
            &["column title", "column cvss"],
        ],
        entry: "a row",
        identity: "host, port, file, URL or component; rule (else title) and id; the evidence (else the description)",
        severity: "a word, or a CVSS score; for a known export its own scale",
        target: "",
        partial: "a row that cannot be read",
        sample: "made/findings.csv",
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

    /// Surveys a whole scan report of this format.
    ///
    /// # Errors
    /// [`Error::Refused`] for a file that is of another kind or truncated, [`Error::Io`] if it cannot be read.
    pub fn survey(
        &'static self,
        file: &mut dyn Source,
        options: &Options,
    ) -> Result<Box<dyn Surveyed>, Error> {
        match detect::check(file, options, self)? {
            Checked::Fits => (self.survey)(file, options),
            // If its reader finds a fault, that message is better.
            Checked::Lacks(error) => (self.survey)(file, options).and(Err(error)),
        }
    }

    /// Whether it is recognised by the columns of a table.
    pub(crate) fn is_table(&self) -> bool {
        self.marks
            .iter()
            .flat_map(|set| set.iter())
            .any(|mark| mark.starts_with("column "))
    }

    /// Its first set of marks, for messages.
    pub(crate) fn marked(&self) -> String {
        let first = self.marks.first().copied().unwrap_or_default();
        first
            .iter()
            .map(|mark| format!("`{mark}`"))
            .collect::<Vec<_>>()
            .join(" and ")
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
        known.ok_or_else(|| format!("unknown format; known are {}", Format::names()))
    }
}
