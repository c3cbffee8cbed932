//! The files of other tools: by which marks each is known, and how to get a file of it that is taken.
//!
//! Owns: [`OTHERS`], one line each. Must not: parse; a tool that is here has no reader.

use crate::marks::Marks;

/// A tool whose own files are not read.
pub(crate) struct Other {
    /// Its name.
    pub(crate) tool: &'static str,
    /// Each of these sets of marks is enough to name it.
    pub(crate) marks: &'static [&'static [&'static str]],
    /// How to get a file that is taken.
    way: &'static str,
}

impl Other {
    /// What is said to the sender of such a file.
    pub(crate) fn refusal(&self) -> String {
        format!("this looks like {}; {}", self.tool, self.way)
    }
}

/// The tool whose marks these are.
pub(crate) fn of(marks: &Marks) -> Option<&'static Other> {
    OTHERS.iter().find(|other| marks.have_any(other.marks))
}

const NONE: &str = "it has no format that is taken; send its findings as a table (format=csv) or as SARIF";

/// All that can be named.
pub(crate) static OTHERS: &[Other] = &[
    Other {
        tool: "Bandit",
        marks: &[
            &["metrics._totals", "results[]"],
            &["generated_at", "metrics"],
            &["results[].test_id", "results[].issue_severity"],
        ],
        way: "run it with -f sarif (it needs bandit[sarif])",
    },
    Other {
        tool: "gitleaks",
        marks: &[
            &["[].RuleID", "[].Fingerprint"],
            &["[].RuleID", "[].Commit"],
            &["[].Match", "[].Secret"],
            &["[].offender", "[].leakURL"],
        ],
        way: "run it with --report-format sarif",
    },
    Other {
        tool: "OSV-Scanner",
        marks: &[
            &["results[].packages[]", "results[].source"],
            &["results[]", "experimental_config"],
        ],
        way: "run it with --format sarif",
    },
    Other {
        tool: "Checkov",
        marks: &[
            &["check_type", "results.failed_checks[]"],
            &["check_type", "results.passed_checks[]"],
            &["[].check_type", "[].results.failed_checks[]"],
            &["checkov_version", "passed"],
        ],
        way: "run it with -o sarif",
    },
    Other {
        tool: "ffuf",
        marks: &[
            &["commandline=ffuf*", "results[]"],
            &["commandline", "time", "results[]"],
            &["results[].redirectlocation", "results[].words"],
        ],
        way: "it lists addresses and no problems: there is nothing to import",
    },
    Other {
        tool: "KICS",
        marks: &[&["kics_version", "queries[]"], &["kics_version", "files_scanned"]],
        way: "run it with --report-formats sarif",
    },
    Other {
        tool: "tfsec",
        marks: &[
            &["results[].long_id", "results[].rule_id"],
            &["results[].rule_service", "results[].rule_id"],
        ],
        way: "run it with --format sarif",
    },
    Other {
        tool: "Terrascan",
        marks: &[&["results.violations[]", "results.scan_summary"]],
        way: "run it with -o sarif",
    },
    Other {
        tool: "Kubescape",
        marks: &[
            &["summaryDetails", "results[]"],
            &["summaryDetails", "resources[]"],
        ],
        way: "run it with --format sarif",
    },
    Other {
        tool: "kube-bench",
        marks: &[&["Controls[]", "Totals"]],
        way: NONE,
    },
    Other {
        tool: "Wapiti",
        marks: &[
            &["<report>", "<report/report_infos>"],
            &["infos.target", "vulnerabilities", "classifications"],
        ],
        way: NONE,
    },
    Other {
        tool: "Arachni",
        marks: &[&["<report>", "<report/issues>"]],
        way: NONE,
    },
    Other {
        tool: "JaCoCo",
        marks: &[
            &["<report>", "<report/sessioninfo>"],
            &["<report @name>", "<report/package>"],
            &["<report @name>", "<report/counter>"],
            &["<report @name>", "<report/group>"],
        ],
        way: "it measures what tests cover: there are no problems in it",
    },
    Other {
        tool: "Cobertura",
        marks: &[&["<coverage>", "<coverage/packages>"]],
        way: "it measures what tests cover: there are no problems in it",
    },
    Other {
        tool: "a test report (JUnit)",
        marks: &[
            &["<testsuites>", "<testsuites/testsuite>"],
            &["<testsuite>", "<testsuite/testcase>"],
        ],
        way: "results of tests are no findings; have the scanner write SARIF",
    },
    Other {
        tool: "Nikto",
        marks: &[
            &["<niktoscan>", "<niktoscan/niktoscan>"],
            &["<niktoscan>", "<niktoscan/scandetails>"],
            &["host", "banner", "vulnerabilities[]"],
            &["[].host", "[].banner", "[].vulnerabilities[]"],
        ],
        way: NONE,
    },
    Other {
        tool: "Burp Suite",
        marks: &[
            &["<issues>", "<issues @burpVersion>"],
            &["<issues>", "<issues/issue/serialNumber>"],
        ],
        way: NONE,
    },
    Other {
        tool: "Dependency-Check",
        marks: &[
            &[
                "<analysis>",
                "xmlns=https://jeremylong.github.io/DependencyCheck/*",
            ],
            &["<analysis>", "<analysis/scanInfo>"],
            &["reportSchema", "scanInfo"],
        ],
        way: "run it with --format SARIF",
    },
    Other {
        tool: "npm audit (or pnpm audit)",
        marks: &[
            &["auditReportVersion", "metadata"],
            &["actions[]", "advisories"],
            &["advisories", "metadata"],
            &["actions[]", "metadata"],
        ],
        way: "scan the lock file with osv-scanner --format sarif or trivy fs --format json",
    },
    Other {
        tool: "yarn audit",
        marks: &[
            &["type=auditAdvisory", "data"],
            &["type=auditSummary", "data"],
            &["value", "children.ID"],
        ],
        way: "scan the lock file with osv-scanner --format sarif or trivy fs --format json",
    },
    Other {
        tool: "Snyk",
        marks: &[
            &["ok", "dependencyCount"],
            &["[].ok", "[].dependencyCount"],
            &["vulnerabilities[].CVSSv3", "vulnerabilities[].semver"],
            &["[].vulnerabilities[].CVSSv3", "[].vulnerabilities[].semver"],
            &["vulnerabilities[].packageManager", "vulnerabilities[].from[]"],
            &[
                "[].vulnerabilities[].packageManager",
                "[].vulnerabilities[].from[]",
            ],
        ],
        way: "run it with --sarif",
    },
    Other {
        tool: "a GitLab report",
        marks: &[
            &["scan.scanner", "vulnerabilities[]"],
            &["remediations[]", "vulnerabilities[]"],
            &["vulnerabilities[].category", "vulnerabilities[].location"],
            &["vulnerabilities[].scanner", "vulnerabilities[].identifiers[]"],
        ],
        way: "have the scanner behind it write SARIF (Semgrep, gitleaks) or its own JSON (Trivy, Grype)",
    },
    Other {
        tool: "Prowler",
        marks: &[
            &["[].metadata.product.name=Prowler", "[].metadata"],
            &["metadata.product.name=Prowler", "metadata"],
            &["column check_id", "column check_title", "column status"],
        ],
        way: NONE,
    },
    Other {
        tool: "SonarQube",
        marks: &[
            &["issues[]", "paging"],
            &["issues[]", "effortTotal"],
            &["hotspots[]", "paging"],
        ],
        way: NONE,
    },
    Other {
        tool: "Trivy Kubernetes (trivy k8s)",
        marks: &[
            &["ClusterName", "Resources[]"],
            &["ClusterName", "Vulnerabilities[]"],
            &["ClusterName", "Misconfigurations[]"],
            &["ClusterName", "Findings[]"],
        ],
        way: "run trivy image --format json for each image",
    },
    Other {
        tool: "an old Trivy (before 0.20)",
        marks: &[
            &["[].Target", "[].Vulnerabilities[]"],
            &["[].Target", "[].Type"],
            &["[].Target", "[].Class"],
        ],
        way: "run a newer version with --format json",
    },
    Other {
        tool: "Trivy Operator",
        marks: &[
            &["apiVersion=aquasecurity.github.io/*", "kind"],
            &["[].apiVersion=aquasecurity.github.io/*", "[].kind"],
            &["items[].apiVersion=aquasecurity.github.io/*", "items[].kind"],
        ],
        way: "run trivy image --format json for each image",
    },
    Other {
        tool: "DefectDojo's generic findings",
        marks: &[&["findings[].title", "findings[].severity"]],
        way: "write them as a table (format=csv) or as SARIF",
    },
    Other {
        tool: "Dependency-Track",
        marks: &[
            &["findings[]", "meta.application=Dependency-Track*"],
            &["findings[].component", "findings[].vulnerability"],
        ],
        way: "export the project as CycloneDX with vulnerabilities (VDR)",
    },
    Other {
        tool: "GitHub alerts",
        marks: &[
            &["data.search.nodes[].vulnerabilityAlerts", "data.search"],
            &["data.repository.vulnerabilityAlerts", "data.repository"],
            &["[].security_advisory", "[].security_vulnerability"],
            &["[].rule", "[].most_recent_instance"],
            &["[].secret_type", "[].html_url"],
        ],
        way: "fetch the analysis itself as SARIF (GET /repos/…/code-scanning/analyses/ID with Accept: application/sarif+json)",
    },
    Other {
        tool: "WPScan",
        marks: &[
            &["banner.description=WordPress*", "target_url"],
            &["target_url", "interesting_findings[]"],
        ],
        way: NONE,
    },
    Other {
        tool: "Qualys (XML)",
        marks: &[
            &["<ASSET_DATA_REPORT>", "<ASSET_DATA_REPORT/HEADER>"],
            &["<SCAN>", "<SCAN/IP>"],
            &["<WAS_SCAN_REPORT>", "<WAS_SCAN_REPORT/HEADER>"],
        ],
        way: "export the report as CSV",
    },
    Other {
        tool: "ESLint",
        marks: &[&["[].filePath", "[].messages[]"]],
        way: "run it with -f @microsoft/eslint-formatter-sarif",
    },
    Other {
        tool: "Ruff",
        marks: &[
            &["[].code", "[].filename", "[].end_location"],
            &["[].noqa_row", "[].filename"],
        ],
        way: "run it with --output-format sarif",
    },
    Other {
        tool: "Pylint",
        marks: &[&["[].message-id", "[].symbol"]],
        way: "have Ruff (--output-format sarif) or Bandit (-f sarif) check the sources",
    },
    Other {
        tool: "gosec",
        marks: &[
            &["GosecVersion", "Stats"],
            &["Issues[]", "Stats"],
            &["Golang errors", "Issues[]"],
        ],
        way: "run it with -fmt sarif",
    },
    Other {
        tool: "Brakeman",
        marks: &[&["scan_info", "warnings[]"]],
        way: "run it with -f sarif",
    },
    Other {
        tool: "hadolint",
        marks: &[&["[].code", "[].column", "[].level", "[].file"]],
        way: "run it with --format sarif",
    },
    Other {
        tool: "RuboCop",
        marks: &[&["metadata.rubocop_version", "files[]"]],
        way: "run it with --format sarif, by a formatter for it",
    },
    Other {
        tool: "SpotBugs",
        marks: &[
            &["<BugCollection>", "<BugCollection/Project>"],
            &["<BugCollection>", "<BugCollection @version>"],
        ],
        way: "run it with -sarif",
    },
    Other {
        tool: "PMD",
        marks: &[&["<pmd>", "<pmd @version>"], &["formatVersion", "pmdVersion"]],
        way: "run it with -f sarif",
    },
    Other {
        tool: "Checkstyle",
        marks: &[
            &["<checkstyle>", "<checkstyle @version>"],
            &["<checkstyle>", "<checkstyle/file>"],
        ],
        way: "run it with -f sarif",
    },
    Other {
        tool: "Cppcheck",
        marks: &[&["<results>", "<results/cppcheck>"]],
        way: "run it with --output-format=sarif",
    },
    Other {
        tool: "njsscan",
        marks: &[
            &["njsscan_version", "errors[]"],
            &["njsscan_version", "nodejs"],
            &["njsscan_version", "templates"],
        ],
        way: "run it with --sarif",
    },
    Other {
        tool: "mobsfscan",
        marks: &[
            &["mobsfscan_version", "results"],
            &["mobsfscan_version", "errors[]"],
        ],
        way: "run it with --sarif",
    },
    Other {
        tool: "MobSF",
        marks: &[
            &["app_name", "md5", "file_name"],
            &["manifest_analysis", "permissions"],
        ],
        way: "check the sources with mobsfscan --sarif",
    },
    Other {
        tool: "Nmap",
        marks: &[
            &["<nmaprun>", "<nmaprun @scanner>"],
            &["<nmaprun>", "<nmaprun/host>"],
        ],
        way: "it lists open ports and no problems; run Nuclei, OpenVAS or Nessus on the hosts",
    },
    Other {
        tool: "testssl (JSON)",
        marks: &[
            &["[].id", "[].finding", "[].severity"],
            &["Invocation", "scanResult[]"],
        ],
        way: "run it with --csvfile",
    },
    Other {
        tool: "Acunetix",
        marks: &[
            &["<ScanGroup>", "<ScanGroup/Scan>"],
            &["export.scans[]", "export"],
        ],
        way: NONE,
    },
    Other {
        tool: "Invicti",
        marks: &[
            &["Generated", "Target", "Vulnerabilities[]"],
            &["<invicti-enterprise>", "<invicti-enterprise/target>"],
            &["<netsparker>", "<netsparker/target>"],
        ],
        way: NONE,
    },
    Other {
        tool: "pip-audit",
        marks: &[&["dependencies[].vulns[]", "dependencies[].name"]],
        way: "run it with --format cyclonedx-json",
    },
    Other {
        tool: "Safety",
        marks: &[&["report_meta", "vulnerabilities[]"]],
        way: "run pip-audit --format cyclonedx-json instead",
    },
    Other {
        tool: "cargo audit",
        marks: &[&["database", "lockfile", "vulnerabilities"]],
        way: "run it with --format sarif, or run osv-scanner --format sarif on Cargo.lock",
    },
    Other {
        tool: "govulncheck",
        marks: &[&["config.protocol_version", "config.scanner_name"]],
        way: "run it with -format sarif",
    },
    Other {
        tool: "TruffleHog",
        marks: &[
            &["SourceMetadata", "DetectorName"],
            &["[].SourceMetadata", "[].DetectorName"],
        ],
        way: "run gitleaks with --report-format sarif instead",
    },
    Other {
        tool: "detect-secrets",
        marks: &[
            &["plugins_used[]", "filters_used[]"],
            &["plugins_used[]", "generated_at"],
        ],
        way: "run gitleaks with --report-format sarif instead",
    },
    Other {
        tool: "AWS Security Hub",
        marks: &[
            &["Findings[].SchemaVersion", "Findings[].ProductArn"],
            &["Findings[].AwsAccountId", "Findings[].ProductArn"],
        ],
        way: NONE,
    },
    Other {
        tool: "OpenSSF Scorecard",
        marks: &[&["scorecard", "checks[]"]],
        way: "run it with --format sarif",
    },
    Other {
        tool: "Dockle",
        marks: &[&["details[].code", "details[].level", "summary"]],
        way: "run it with -f sarif",
    },
    Other {
        tool: "Syft",
        marks: &[&["artifacts[]", "descriptor.name=syft"]],
        way: "it lists components and no problems: scan it with grype sbom:FILE -o json",
    },
    Other {
        tool: "an SPDX document",
        marks: &[&["spdxVersion", "SPDXID"]],
        way: "it lists components and no problems: scan it with grype sbom:FILE -o json",
    },
];
