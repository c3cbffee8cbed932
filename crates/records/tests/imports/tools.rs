//! Small scan reports in the tools' formats.

use serde_json::{Value, json};

/// A result of Semgrep: rule, path, line, code, message.
pub(crate) type Line<'a> = (&'a str, &'a str, u32, &'a str, &'a str);
/// A vulnerable package: vulnerability, name, version, the path it is at.
pub(crate) type Package<'a> = (&'a str, &'a str, &'a str, &'a str);

pub(crate) fn semgrep(lines: &[Line<'_>]) -> String {
    let results: Vec<_> = lines
        .iter()
        .map(|(rule, path, line, code, message)| {
            json!({
                "check_id": rule, "path": path, "start": {"line": line, "col": 1}, "end": {"line": line, "col": 9},
                "extra": {"message": message, "severity": "ERROR", "metadata": {}, "lines": code},
            })
        })
        .collect();
    json!({"version": "1.97.0", "results": results, "errors": [], "paths": {"scanned": ["app"]}}).to_string()
}

/// Results of any tool as SARIF; with a snippet if there is code.
pub(crate) fn sarif(tool: &str, lines: &[Line<'_>]) -> String {
    let results: Vec<_> = lines
        .iter()
        .map(|(rule, path, line, code, message)| {
            let mut region = json!({"startLine": line});
            if !code.is_empty() {
                region["snippet"] = json!({"text": code});
            }
            json!({
                "ruleId": rule, "level": "error", "message": {"text": message},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": path}, "region": region}}],
            })
        })
        .collect();
    json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": results}]})
        .to_string()
}

pub(crate) fn grype(image: &str, packages: &[Package<'_>]) -> String {
    let matches: Vec<_> = packages
        .iter()
        .map(|(id, name, version, path)| {
            json!({
                "vulnerability": {"id": id, "severity": "High", "description": "It is so."},
                "artifact": {"name": name, "version": version, "type": "npm", "locations": [{"path": path}],
                    "purl": format!("pkg:npm/{name}@{version}")},
            })
        })
        .collect();
    json!({"matches": matches, "source": {"type": "image", "target": {"userInput": image}},
        "descriptor": {"name": "grype", "version": "0.74.0"}})
    .to_string()
}

pub(crate) fn cyclonedx(root: &str, packages: &[Package<'_>]) -> String {
    let part = |name: &str, version: &str| {
        json!({"bom-ref": format!("pkg:npm/{name}@{version}"), "type": "library",
        "name": name, "version": version, "purl": format!("pkg:npm/{name}@{version}")})
    };
    let components: Vec<_> = packages
        .iter()
        .map(|(_, name, version, _)| part(name, version))
        .collect();
    let all: Vec<_> = packages
        .iter()
        .map(|(id, name, version, _)| {
            json!({"id": id, "ratings": [{"severity": "high"}], "description": "It is so.",
                "affects": [{"ref": format!("pkg:npm/{name}@{version}")}]})
        })
        .collect();
    json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component": {"type": "application", "name": root}},
        "components": components, "vulnerabilities": all})
    .to_string()
}

pub(crate) fn trivy(artifact: &str, packages: &[Package<'_>]) -> String {
    let all: Vec<_> = packages
        .iter()
        .map(|(id, name, version, path)| {
            json!({"VulnerabilityID": id, "PkgName": name, "PkgPath": path, "InstalledVersion": version,
                "Severity": "HIGH", "Title": "It is so"})
        })
        .collect();
    json!({"SchemaVersion": 2, "ArtifactName": artifact, "ArtifactType": "container_image",
        "Results": [{"Target": "Node.js", "Class": "lang-pkgs", "Type": "node-pkg", "Vulnerabilities": all}]})
    .to_string()
}

/// SARIF of packages as written by Trivy: the version is only in the message.
pub(crate) fn trivy_sarif(packages: &[Package<'_>]) -> String {
    let results: Vec<_> = packages
        .iter()
        .map(|(id, name, version, path)| {
            let text = format!(
                "Package: {name}\nInstalled Version: {version}\nVulnerability {id}\nSeverity: HIGH\nFixed Version: 9.0.0\n\
                 Link: [{id}](https://avd.aquasec.com/nvd/{id})"
            );
            json!({"ruleId": id, "ruleIndex": 0, "level": "error", "message": {"text": text},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": path, "uriBaseId": "ROOTPATH"},
                    "region": {"startLine": 1}}, "message": {"text": format!("{path}: {name}@{version}")}}]})
        })
        .collect();
    json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "fullName": "Trivy Vulnerability Scanner",
        "informationUri": "https://github.com/aquasecurity/trivy", "rules": []}}, "results": results}]})
    .to_string()
}

/// Secrets in a file: line, and what Trivy shows for each.
pub(crate) fn secrets(lines: &[(u32, &str)]) -> String {
    let all: Vec<_> = lines
        .iter()
        .map(|(line, shown)| {
            json!({"RuleID": "aws-access-key-id", "Category": "AWS", "Severity": "CRITICAL", "Title": "AWS Access Key ID",
                "StartLine": line, "EndLine": line, "Code": {"Lines": null}, "Match": shown})
        })
        .collect();
    json!({"SchemaVersion": 2, "ArtifactName": "repo", "ArtifactType": "repository",
        "Results": [{"Target": "conf/app.env", "Class": "secret", "Secrets": all}]})
    .to_string()
}

/// Hosts with their ports; a plugin found something on each of them.
pub(crate) fn nessus(hosts: &[(&str, &[u16])]) -> String {
    let hosts: String = hosts
        .iter()
        .map(|(host, ports)| {
            let items: String = ports
                .iter()
                .map(|port| {
                    format!(
                        "<ReportItem port=\"{port}\" svc_name=\"www\" protocol=\"tcp\" severity=\"2\" pluginID=\"51192\" \
                         pluginName=\"SSL Certificate Cannot Be Trusted\" pluginFamily=\"General\"/>"
                    )
                })
                .collect();
            format!(
                "<ReportHost name=\"{host}\"><HostProperties><tag name=\"HOST_END\">Sun Mar  1 10:00:00 2026</tag>\
                 </HostProperties>{items}</ReportHost>"
            )
        })
        .collect();
    format!("<NessusClientData_v2><Policy/><Report name=\"r\">{hosts}</Report></NessusClientData_v2>")
}

pub(crate) fn openvas(hosts: &[(&str, &[u16])]) -> String {
    let results: String = hosts
        .iter()
        .flat_map(|(host, ports)| ports.iter().map(move |port| (host, port)))
        .map(|(host, port)| {
            format!(
                "<result id=\"{host}-{port}\"><name>Weak cipher</name><host>{host}</host><port>{port}/tcp</port>\
                 <nvt oid=\"1.3.6.1\"/><threat>High</threat><severity>7.5</severity></result>"
            )
        })
        .collect();
    let ends: String = hosts
        .iter()
        .map(|(host, _)| format!("<host><ip>{host}</ip><end>2026-02-01T10:00:00Z</end></host>"))
        .collect();
    format!(
        "<report id=\"1\"><report id=\"1\"><scan_run_status>Done</scan_run_status><results>{results}</results>{ends}\
         </report></report>"
    )
}

/// Results of one template: host, and the path it matched at.
pub(crate) fn nuclei(results: &[(&str, &str)]) -> String {
    let line = |(host, path): &(&str, &str)| {
        json!({"template-id": "sqli", "info": {"name": "SQL injection", "severity": "high"}, "type": "http",
            "host": format!("https://{host}"), "matched-at": format!("https://{host}{path}")})
        .to_string()
    };
    results.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Sites, each with one alert at these paths.
pub(crate) fn zap(sites: &[(&str, &[&str])]) -> Value {
    let sites: Vec<_> = sites
        .iter()
        .map(|(site, paths)| {
            let places: Vec<_> = paths
                .iter()
                .map(|path| json!({"uri": format!("{site}{path}"), "method": "GET", "param": "q", "evidence": ""}))
                .collect();
            let alerts = if paths.is_empty() {
                json!([])
            } else {
                json!([{"pluginid": "40018", "alert": "SQL Injection", "name": "SQL Injection", "riskcode": "3",
                    "confidence": "2", "desc": "<p>d</p>", "instances": places, "cweid": "89"}])
            };
            json!({"@name": site, "alerts": alerts})
        })
        .collect();
    json!({"@version": "2.15", "@programName": "ZAP", "site": sites})
}

/// The same as XML.
pub(crate) fn zap_xml(site: &str, paths: &[&str]) -> String {
    let places: String = paths
        .iter()
        .map(|path| {
            format!("<instance><uri>{site}{path}</uri><method>GET</method><param>q</param></instance>")
        })
        .collect();
    format!(
        "<OWASPZAPReport version=\"2.15.0\" generated=\"x\"><site name=\"{site}\"><alerts><alertitem>\
         <pluginid>40018</pluginid><alert>SQL Injection</alert><name>SQL Injection</name><riskcode>3</riskcode>\
         <confidence>2</confidence><desc>d</desc><instances>{places}</instances></alertitem></alerts></site>\
         </OWASPZAPReport>"
    )
}

/// Compressed with gzip.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, text).unwrap();
    packer.finish().unwrap()
}
