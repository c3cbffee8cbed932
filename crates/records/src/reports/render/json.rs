//! A report as one JSON object: its metadata, and its findings as in the API.

use std::collections::BTreeMap;

use base::{Severity, Time};
use serde_json::json;

use super::unwritten::unwritten;
use crate::{
    Named, Refused,
    findings::{Finding, View},
    reports::report::Report,
};

pub(super) fn frame(
    report: &Report,
    made_at: Time,
    counts: &BTreeMap<Severity, u64>,
) -> Result<(String, String), Refused> {
    let (project_id, project_name) = Named::split(report.place.project.clone());
    let about = json!({
        "id": report.id,
        "name": report.name,
        "company_id": report.place.company.id,
        "company_name": report.place.company.name,
        "project_id": project_id,
        "project_name": project_name,
        "contents": report.contents,
        "made_at": made_at,
        "counts": counts,
    });
    let about = serde_json::to_string(&about).map_err(unwritten)?;
    Ok((
        format!("{{\"report\":{about},\"findings\":["),
        "\n]}\n".to_owned(),
    ))
}

pub(super) fn findings(findings: &[Finding], first: bool) -> Result<String, Refused> {
    let mut text = String::new();
    for (index, finding) in findings.iter().enumerate() {
        text.push_str(if first && index == 0 { "\n" } else { ",\n" });
        let view = View::from(finding.clone());
        text.push_str(&serde_json::to_string(&view).map_err(unwritten)?);
    }
    Ok(text)
}
