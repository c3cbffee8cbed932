//! The table layouts of known tools, and the columns of all other tables.
//!
//! Owns: what columns mean ([`Role`]), under which names ([`NAMES`]), and the exports that are recognised by their
//! header ([`LAYOUTS`]). Must not: read a row.
//!
//! Column names are compared in lower case, with `_` for a space or a `-`.

use super::scale::Scale;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Severity,
    /// A CVSS score, with its vector if there is one.
    Cvss,
    Vector,
    Description,
    /// The place, in any form.
    Location,
    Path,
    Line,
    Url,
    Host,
    /// Another name of the host.
    Alias,
    Port,
    Protocol,
    Component,
    Version,
    Fixed,
    Purl,
    Rule,
    Cve,
    /// Identifiers other than CVE.
    Identifier,
    Cwe,
    Reference,
    Solution,
    Impact,
    /// What the tool saw.
    Evidence,
    FoundAt,
    /// The table's own stable name for the entry.
    Fingerprint,
    /// The table's own number for the entry.
    Id,
    /// Whether it was marked as not a problem.
    FalsePositive,
    /// The state the tool assigns.
    State,
}

/// The columns that any table may have: their names in `columns=`, and the alternatives that apply if that name is not
/// present.
pub(super) static NAMES: &[(Role, &str, &[&str])] = &[
    (Role::Title, "title", &["name", "summary", "finding"]),
    (Role::Severity, "severity", &["risk"]),
    (
        Role::Cvss,
        "cvss",
        &[
            "cvss_score",
            "cvss_base_score",
            "cvssv3_score",
            "cvss3_score",
            "cvss_v3",
            "cvss_v3_score",
        ],
    ),
    (
        Role::Vector,
        "cvss_vector",
        &["cvssv3", "cvss_v3_vector", "cvss3_vector", "vector"],
    ),
    (Role::Description, "description", &["details", "detail"]),
    (Role::Location, "location", &[]),
    (Role::Path, "path", &["file", "file_path", "filename"]),
    (Role::Line, "line", &["line_number"]),
    (Role::Url, "url", &["uri"]),
    (
        Role::Host,
        "host",
        &["hostname", "ip", "ip_address", "fqdn", "fqdn/ip"],
    ),
    (Role::Port, "port", &[]),
    (Role::Protocol, "protocol", &[]),
    (
        Role::Component,
        "component",
        &["component_name", "package", "package_name"],
    ),
    (
        Role::Version,
        "version",
        &["component_version", "package_version", "installed_version"],
    ),
    (
        Role::Fixed,
        "fixed_versions",
        &["fixed_version", "fixed_in", "fix_version"],
    ),
    (Role::Purl, "purl", &["package_url"]),
    (Role::Rule, "rule_id", &["rule", "check_id", "plugin_id"]),
    (
        Role::Cve,
        "cve",
        &["cves", "cve_id", "cve_ids", "identifiers", "vulnerability_id"],
    ),
    (Role::Cwe, "cwe", &["cwe_id", "cweid", "cwes"]),
    (Role::Reference, "references", &["reference", "see_also", "links"]),
    (
        Role::Solution,
        "solution",
        &["mitigation", "remediation", "recommendation"],
    ),
    (Role::Impact, "impact", &[]),
    (Role::Evidence, "evidence", &["output", "plugin_output", "proof"]),
    (
        Role::FoundAt,
        "found_at",
        &["date", "timestamp", "discovered_at", "first_seen"],
    ),
    (Role::Fingerprint, "fingerprint", &["unique_id"]),
    (Role::Id, "id", &[]),
    (Role::FalsePositive, "false_positive", &["falsepositive"]),
];

/// The table layout of a tool.
pub(super) struct Layout {
    /// The tool, as findings name it.
    pub(super) tool: &'static str,
    /// The columns it is recognised by.
    pub(super) needs: &'static [&'static str],
    /// The columns that are read; several may have the same role.
    pub(super) columns: &'static [(Role, &'static str)],
    /// What its severities mean.
    pub(super) scale: Scale,
}

/// All layouts; the first match counts.
pub(super) static LAYOUTS: &[Layout] = &[
    Layout {
        tool: "Qualys",
        needs: &["ip", "qid", "title", "severity"],
        columns: &[
            (Role::Title, "title"),
            (Role::Severity, "severity"),
            (Role::Rule, "qid"),
            (Role::Host, "ip"),
            (Role::Alias, "dns"),
            (Role::Alias, "fqdn"),
            (Role::Alias, "netbios"),
            (Role::Port, "port"),
            (Role::Protocol, "protocol"),
            (Role::Cve, "cve_id"),
            (Role::Cve, "cve"),
            (Role::Identifier, "vendor_reference"),
            (Role::Cvss, "cvss3.1_base"),
            (Role::Cvss, "cvss3_base"),
            (Role::Cvss, "cvss_base"),
            (Role::Description, "threat"),
            (Role::Impact, "impact"),
            (Role::Solution, "solution"),
            (Role::Evidence, "results"),
            (Role::FoundAt, "first_detected"),
            (Role::State, "vuln_status"),
        ],
        scale: Scale::FiveIsWorst,
    },
    Layout {
        tool: "Tenable",
        needs: &["asset_uuid", "risk", "host", "name"],
        columns: NESSUS,
        scale: Scale::Words,
    },
    Layout {
        tool: "Tenable",
        needs: &["definition.id", "definition.name", "severity"],
        columns: &[
            (Role::Title, "definition.name"),
            (Role::Severity, "severity"),
            (Role::Rule, "definition.id"),
            (Role::Host, "asset.display_ipv4_address"),
            (Role::Host, "asset.ipv4_address"),
            (Role::Host, "asset.host_name"),
            (Role::Host, "asset.name"),
            (Role::Alias, "asset.display_fqdn"),
            (Role::Alias, "asset.name"),
            (Role::Port, "port"),
            (Role::Protocol, "protocol"),
            (Role::Cve, "definition.cve"),
            (Role::Cvss, "definition.cvss3.base_score"),
            (Role::Cvss, "definition.cvss2.base_score"),
            (Role::Vector, "definition.cvss3.base_vector"),
            (Role::Description, "definition.synopsis"),
            (Role::Description, "definition.description"),
            (Role::Solution, "definition.solution"),
            (Role::Reference, "definition.see_also"),
            (Role::Evidence, "output"),
            (Role::FoundAt, "first_observed"),
            (Role::State, "state"),
        ],
        scale: Scale::Words,
    },
    Layout {
        tool: "Tenable",
        needs: &["plugin", "plugin_name", "severity", "ip_address"],
        columns: &[
            (Role::Title, "plugin_name"),
            (Role::Severity, "severity"),
            (Role::Rule, "plugin"),
            (Role::Host, "ip_address"),
            (Role::Alias, "dns_name"),
            (Role::Alias, "netbios_name"),
            (Role::Port, "port"),
            (Role::Protocol, "protocol"),
            (Role::Cve, "cve"),
            (Role::Cvss, "cvss_v3_base_score"),
            (Role::Cvss, "cvss_v2_base_score"),
            (Role::Vector, "cvss_v3_vector"),
            (Role::Description, "synopsis"),
            (Role::Description, "description"),
            (Role::Solution, "solution"),
            (Role::Solution, "steps_to_remediate"),
            (Role::Reference, "see_also"),
            (Role::Evidence, "plugin_output"),
            (Role::Evidence, "plugin_text"),
        ],
        scale: Scale::Words,
    },
    Layout {
        tool: "Nessus",
        needs: &["plugin_id", "risk", "host", "name"],
        columns: NESSUS,
        scale: Scale::Words,
    },
    Layout {
        tool: "OpenVAS",
        needs: &["ip", "nvt_name", "nvt_oid", "severity"],
        columns: &[
            (Role::Title, "nvt_name"),
            (Role::Severity, "severity"),
            (Role::Rule, "nvt_oid"),
            (Role::Host, "ip"),
            (Role::Host, "hostname"),
            (Role::Alias, "hostname"),
            (Role::Port, "port"),
            (Role::Protocol, "port_protocol"),
            (Role::Cve, "cves"),
            (Role::Cvss, "cvss"),
            (Role::Description, "summary"),
            (Role::Description, "vulnerability_insight"),
            (Role::Impact, "impact"),
            (Role::Solution, "solution"),
            (Role::Reference, "other_references"),
            (Role::Identifier, "certs"),
            (Role::Evidence, "specific_result"),
            (Role::FoundAt, "timestamp"),
        ],
        scale: Scale::Words,
    },
    Layout {
        tool: "testssl",
        needs: &["id", "fqdn/ip", "severity", "finding"],
        columns: &[
            (Role::Title, "finding"),
            (Role::Severity, "severity"),
            (Role::Rule, "id"),
            (Role::Host, "fqdn/ip"),
            (Role::Port, "port"),
            (Role::Cve, "cve"),
            (Role::Cwe, "cwe"),
            (Role::Evidence, "finding"),
        ],
        scale: Scale::Testssl,
    },
];

const NESSUS: &[(Role, &str)] = &[
    (Role::Title, "name"),
    (Role::Severity, "risk"),
    (Role::Rule, "plugin_id"),
    (Role::Host, "host"),
    (Role::Alias, "fqdn"),
    (Role::Alias, "ip_address"),
    (Role::Port, "port"),
    (Role::Protocol, "protocol"),
    (Role::Cve, "cve"),
    (Role::Cvss, "cvss_v4.0_base_score"),
    (Role::Cvss, "cvss_v3.0_base_score"),
    (Role::Cvss, "cvss3_base_score"),
    (Role::Cvss, "cvss_v2.0_base_score"),
    (Role::Cvss, "cvss_base_score"),
    (Role::Cvss, "cvss"),
    (Role::Vector, "cvss3_vector"),
    (Role::Cwe, "xref"),
    (Role::Description, "synopsis"),
    (Role::Description, "description"),
    (Role::Solution, "solution"),
    (Role::Reference, "see_also"),
    (Role::Evidence, "plugin_output"),
    (Role::State, "vulnerability_state"),
];
