//! Tools that examine sources, dependencies and builds.
//!
//! Owns: their marks. Must not: repeat a tool.

use super::{NONE, Other};

pub(super) static OTHERS: &[Other] = &[
    Other {
        tool: "Bandit",
        marks: &[
            &["metrics._totals", "results[]"],
            &["generated_at", "metrics"],
            &["results[].test_id", "results[].issue_severity"],
        ],
        advice: "run it with -f sarif (it needs bandit[sarif])",
    },
    Other {
        tool: "gitleaks",
        marks: &[
            &["[].RuleID", "[].Fingerprint"],
            &["[].RuleID", "[].Commit"],
            &["[].Match", "[].Secret"],
            &["[].offender", "[].leakURL"],
        ],
        advice: "run it with --report-format sarif",
    },
    Other {
        tool: "OSV-Scanner",
        marks: &[
            &["results[].packages[]", "results[].source"],
            &["results[]", "experimental_config"],
        ],
        advice: "run it with --format sarif",
    },
    Other {
        tool: "Checkov",
        marks: &[
            &["check_type", "results.failed_checks[]"],
            &["check_type", "results.passed_checks[]"],
            &["[].check_type", "[].results.failed_checks[]"],
            &["checkov_version", "passed"],
        ],
        advice: "run it with -o sarif",
    },
    Other {
        tool: "KICS",
        marks: &[&["kics_version", "queries[]"], &["kics_version", "files_scanned"]],
        advice: "run it with --report-formats sarif",
    },
    Other {
        tool: "tfsec",
        marks: &[
            &["results[].long_id", "results[].rule_id"],
            &["results[].rule_service", "results[].rule_id"],
        ],
        advice: "run it with --format sarif",
    },
    Other {
        tool: "Terrascan",
        marks: &[&["results.violations[]", "results.scan_summary"]],
        advice: "run it with -o sarif",
    },
    Other {
        tool: "JaCoCo",
        marks: &[
            &["<report>", "<report/sessioninfo>"],
            &["<report @name>", "<report/package>"],
            &["<report @name>", "<report/counter>"],
            &["<report @name>", "<report/group>"],
        ],
        advice: "it measures test coverage and contains no findings",
    },
    Other {
        tool: "Cobertura",
        marks: &[&["<coverage>", "<coverage/packages>"]],
        advice: "it measures test coverage and contains no findings",
    },
    Other {
        tool: "a test report (JUnit)",
        marks: &[
            &["<testsuites>", "<testsuites/testsuite>"],
            &["<testsuite>", "<testsuite/testcase>"],
        ],
        advice: "test results are not findings; have the scanner write SARIF",
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
        advice: "run it with --format SARIF",
    },
    Other {
        tool: "npm audit (or pnpm audit)",
        marks: &[
            &["auditReportVersion", "metadata"],
            &["actions[]", "advisories"],
            &["advisories", "metadata"],
            &["actions[]", "metadata"],
        ],
        advice: "scan the lock file with osv-scanner --format sarif or trivy fs --format json",
    },
    Other {
        tool: "yarn audit",
        marks: &[
            &["type=auditAdvisory", "data"],
            &["type=auditSummary", "data"],
            &["value", "children.ID"],
        ],
        advice: "scan the lock file with osv-scanner --format sarif or trivy fs --format json",
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
        advice: "run it with --sarif",
    },
    Other {
        tool: "a GitLab report",
        marks: &[
            &["scan.scanner", "vulnerabilities[]"],
            &["remediations[]", "vulnerabilities[]"],
            &["vulnerabilities[].category", "vulnerabilities[].location"],
            &["vulnerabilities[].scanner", "vulnerabilities[].identifiers[]"],
        ],
        advice: "have the scanner behind it write SARIF (Semgrep, gitleaks) or its own JSON (Trivy, Grype)",
    },
    Other {
        tool: "SonarQube",
        marks: &[
            &["issues[]", "paging"],
            &["issues[]", "effortTotal"],
            &["hotspots[]", "paging"],
        ],
        advice: NONE,
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
        advice: "fetch the analysis itself as SARIF (GET /repos/…/code-scanning/analyses/ID with Accept: application/sarif+json)",
    },
    Other {
        tool: "ESLint",
        marks: &[&["[].filePath", "[].messages[]"]],
        advice: "run it with -f @microsoft/eslint-formatter-sarif",
    },
    Other {
        tool: "Ruff",
        marks: &[
            &["[].code", "[].filename", "[].end_location"],
            &["[].noqa_row", "[].filename"],
        ],
        advice: "run it with --output-format sarif",
    },
    Other {
        tool: "Pylint",
        marks: &[&["[].message-id", "[].symbol"]],
        advice: "have Ruff (--output-format sarif) or Bandit (-f sarif) check the sources",
    },
    Other {
        tool: "gosec",
        marks: &[
            &["GosecVersion", "Stats"],
            &["Issues[]", "Stats"],
            &["Golang errors", "Issues[]"],
        ],
        advice: "run it with -fmt sarif",
    },
    Other {
        tool: "Brakeman",
        marks: &[&["scan_info", "warnings[]"]],
        advice: "run it with -f sarif",
    },
    Other {
        tool: "hadolint",
        marks: &[&["[].code", "[].column", "[].level", "[].file"]],
        advice: "run it with --format sarif",
    },
    Other {
        tool: "RuboCop",
        marks: &[&["metadata.rubocop_version", "files[]"]],
        advice: "run it with --format sarif and a formatter for SARIF",
    },
    Other {
        tool: "SpotBugs",
        marks: &[
            &["<BugCollection>", "<BugCollection/Project>"],
            &["<BugCollection>", "<BugCollection @version>"],
        ],
        advice: "run it with -sarif",
    },
    Other {
        tool: "PMD",
        marks: &[&["<pmd>", "<pmd @version>"], &["formatVersion", "pmdVersion"]],
        advice: "run it with -f sarif",
    },
    Other {
        tool: "Checkstyle",
        marks: &[
            &["<checkstyle>", "<checkstyle @version>"],
            &["<checkstyle>", "<checkstyle/file>"],
        ],
        advice: "run it with -f sarif",
    },
    Other {
        tool: "Cppcheck",
        marks: &[&["<results>", "<results/cppcheck>"]],
        advice: "run it with --output-format=sarif",
    },
    Other {
        tool: "njsscan",
        marks: &[
            &["njsscan_version", "errors[]"],
            &["njsscan_version", "nodejs"],
            &["njsscan_version", "templates"],
        ],
        advice: "run it with --sarif",
    },
    Other {
        tool: "mobsfscan",
        marks: &[
            &["mobsfscan_version", "results"],
            &["mobsfscan_version", "errors[]"],
        ],
        advice: "run it with --sarif",
    },
    Other {
        tool: "MobSF",
        marks: &[
            &["app_name", "md5", "file_name"],
            &["manifest_analysis", "permissions"],
        ],
        advice: "check the sources with mobsfscan --sarif",
    },
    Other {
        tool: "pip-audit",
        marks: &[&["dependencies[].vulns[]", "dependencies[].name"]],
        advice: "run it with --format cyclonedx-json",
    },
    Other {
        tool: "Safety",
        marks: &[&["report_meta", "vulnerabilities[]"]],
        advice: "run pip-audit --format cyclonedx-json instead",
    },
    Other {
        tool: "cargo audit",
        marks: &[&["database", "lockfile", "vulnerabilities"]],
        advice: "run it with --format sarif, or run osv-scanner --format sarif on Cargo.lock",
    },
    Other {
        tool: "govulncheck",
        marks: &[&["config.protocol_version", "config.scanner_name"]],
        advice: "run it with -format sarif",
    },
    Other {
        tool: "TruffleHog",
        marks: &[
            &["SourceMetadata", "DetectorName"],
            &["[].SourceMetadata", "[].DetectorName"],
        ],
        advice: "run gitleaks with --report-format sarif instead",
    },
    Other {
        tool: "detect-secrets",
        marks: &[
            &["plugins_used[]", "filters_used[]"],
            &["plugins_used[]", "generated_at"],
        ],
        advice: "run gitleaks with --report-format sarif instead",
    },
    Other {
        tool: "OpenSSF Scorecard",
        marks: &[&["scorecard", "checks[]"]],
        advice: "run it with --format sarif",
    },
];
