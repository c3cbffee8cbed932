//! Tools that examine hosts, sites, clusters and accounts, and lists that several tools write.
//!
//! Owns: their marks. Must not: repeat a tool.

use super::{NONE, Other};

pub(super) static OTHERS: &[Other] = &[
    Other {
        tool: "ffuf",
        marks: &[
            &["commandline=ffuf*", "results[]"],
            &["commandline", "time", "results[]"],
            &["results[].redirectlocation", "results[].words"],
        ],
        advice: "it lists URLs, not findings; there is nothing to import",
    },
    Other {
        tool: "Kubescape",
        marks: &[
            &["summaryDetails", "results[]"],
            &["summaryDetails", "resources[]"],
        ],
        advice: "run it with --format sarif",
    },
    Other {
        tool: "kube-bench",
        marks: &[&["Controls[]", "Totals"]],
        advice: NONE,
    },
    Other {
        tool: "Wapiti",
        marks: &[
            &["<report>", "<report/report_infos>"],
            &["infos.target", "vulnerabilities", "classifications"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Arachni",
        marks: &[&["<report>", "<report/issues>"]],
        advice: NONE,
    },
    Other {
        tool: "Nikto",
        marks: &[
            &["<niktoscan>", "<niktoscan/niktoscan>"],
            &["<niktoscan>", "<niktoscan/scandetails>"],
            &["host", "banner", "vulnerabilities[]"],
            &["[].host", "[].banner", "[].vulnerabilities[]"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Burp Suite",
        marks: &[
            &["<issues>", "<issues @burpVersion>"],
            &["<issues>", "<issues/issue/serialNumber>"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Prowler",
        marks: &[
            &["[].metadata.product.name=Prowler", "[].metadata"],
            &["metadata.product.name=Prowler", "metadata"],
            &["column check_id", "column check_title", "column status"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Trivy Kubernetes (trivy k8s)",
        marks: &[
            &["ClusterName", "Resources[]"],
            &["ClusterName", "Vulnerabilities[]"],
            &["ClusterName", "Misconfigurations[]"],
            &["ClusterName", "Findings[]"],
        ],
        advice: "run trivy image --format json for each image",
    },
    Other {
        tool: "an old Trivy (before 0.20)",
        marks: &[
            &["[].Target", "[].Vulnerabilities[]"],
            &["[].Target", "[].Type"],
            &["[].Target", "[].Class"],
        ],
        advice: "run a newer version with --format json",
    },
    Other {
        tool: "Trivy Operator",
        marks: &[
            &["apiVersion=aquasecurity.github.io/*", "kind"],
            &["[].apiVersion=aquasecurity.github.io/*", "[].kind"],
            &["items[].apiVersion=aquasecurity.github.io/*", "items[].kind"],
        ],
        advice: "run trivy image --format json for each image",
    },
    Other {
        tool: "DefectDojo's generic findings",
        marks: &[&["findings[].title", "findings[].severity"]],
        advice: "write them as CSV (format=csv) or as SARIF",
    },
    Other {
        tool: "Dependency-Track",
        marks: &[
            &["findings[]", "meta.application=Dependency-Track*"],
            &["findings[].component", "findings[].vulnerability"],
        ],
        advice: "export the project as CycloneDX with vulnerabilities (VDR)",
    },
    Other {
        tool: "WPScan",
        marks: &[
            &["banner.description=WordPress*", "target_url"],
            &["target_url", "interesting_findings[]"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Qualys (XML)",
        marks: &[
            &["<ASSET_DATA_REPORT>", "<ASSET_DATA_REPORT/HEADER>"],
            &["<SCAN>", "<SCAN/IP>"],
            &["<WAS_SCAN_REPORT>", "<WAS_SCAN_REPORT/HEADER>"],
        ],
        advice: "export the report as CSV",
    },
    Other {
        tool: "Nmap",
        marks: &[
            &["<nmaprun>", "<nmaprun @scanner>"],
            &["<nmaprun>", "<nmaprun/host>"],
        ],
        advice: "it lists open ports, not findings; run Nuclei, OpenVAS or Nessus on the hosts",
    },
    Other {
        tool: "testssl (JSON)",
        marks: &[
            &["[].id", "[].finding", "[].severity"],
            &["Invocation", "scanResult[]"],
        ],
        advice: "run it with --csvfile",
    },
    Other {
        tool: "Acunetix",
        marks: &[
            &["<ScanGroup>", "<ScanGroup/Scan>"],
            &["export.scans[]", "export"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Invicti",
        marks: &[
            &["Generated", "Target", "Vulnerabilities[]"],
            &["<invicti-enterprise>", "<invicti-enterprise/target>"],
            &["<netsparker>", "<netsparker/target>"],
        ],
        advice: NONE,
    },
    Other {
        tool: "AWS Security Hub",
        marks: &[
            &["Findings[].SchemaVersion", "Findings[].ProductArn"],
            &["Findings[].AwsAccountId", "Findings[].ProductArn"],
        ],
        advice: NONE,
    },
    Other {
        tool: "Dockle",
        marks: &[&["details[].code", "details[].level", "summary"]],
        advice: "run it with -f sarif",
    },
    Other {
        tool: "Syft",
        marks: &[&["artifacts[]", "descriptor.name=syft"]],
        advice: "it lists components, not findings; scan it with grype sbom:FILE -o json",
    },
    Other {
        tool: "an SPDX document",
        marks: &[&["spdxVersion", "SPDXID"]],
        advice: "it lists components, not findings; scan it with grype sbom:FILE -o json",
    },
];
