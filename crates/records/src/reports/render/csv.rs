//! A report as a table: RFC 4180, with a byte order mark, without which Excel misreads UTF-8.
//!
//! Titles come from scanners. A cell that a spreadsheet would take for a formula gets a leading apostrophe, as
//! recommended by OWASP's page on CSV injection: `=`, `+`, `-`, `@`, tab, carriage return, and the full-width forms of
//! the signs.

use base::Time;
use formats::Details;

use super::unwritten::unwritten;
use crate::{Named, Refused, findings::Finding};

const COLUMNS: [&str; 31] = [
    "id",
    "severity",
    "status",
    "title",
    "location",
    "rule_id",
    "cwe",
    "tool",
    "asset",
    "project",
    "company",
    "assignees",
    "teams",
    "sla_due_at",
    "retest_due_at",
    "created_at",
    "updated_at",
    "description",
    "identifiers",
    "cwes",
    "cvss_version",
    "cvss_score",
    "cvss_vector",
    "component",
    "component_version",
    "purl",
    "fixed_versions",
    "locations",
    "references",
    "target",
    "snippet",
];

pub(super) fn head() -> Result<String, Refused> {
    let row = write(|table| table.write_record(COLUMNS))?;
    Ok(format!("\u{feff}{row}"))
}

pub(super) fn findings(findings: &[Finding]) -> Result<String, Refused> {
    write(|table| {
        findings
            .iter()
            .try_for_each(|finding| table.write_record(row(finding)))
    })
}

fn row(finding: &Finding) -> [String; 31] {
    let time = |time: Option<Time>| time.map_or_else(String::new, |time| time.to_string());
    let name = |named: Option<&Named>| named.map_or_else(String::new, |named| named.name.clone());
    let names = |named: &[Named]| {
        named
            .iter()
            .map(|one| one.name.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let details = &finding.details;
    let cvss = details.cvss.clone().unwrap_or_default();
    let component = details.component.clone().unwrap_or_default();
    [
        finding.id.to_string(),
        finding.severity.to_string(),
        finding.status.to_string(),
        finding.title.clone(),
        finding.location.clone(),
        finding.rule_id.clone(),
        finding.cwe.clone(),
        finding.tool.clone(),
        name(finding.asset.as_ref()),
        name(finding.place.project.as_ref()),
        finding.place.company.name.clone(),
        names(&finding.users),
        names(&finding.teams),
        time(finding.sla_due_at),
        time(finding.retest_due_at),
        finding.created_at.to_string(),
        finding.updated_at.to_string(),
        finding.description.clone(),
        details.identifiers.join("; "),
        details.cwes.join("; "),
        cvss.version,
        cvss.score.map_or_else(String::new, |score| score.to_string()),
        cvss.vector,
        component.name,
        component.version,
        component.purl,
        component.fixed_versions.join("; "),
        locations(details),
        details.references.join("; "),
        name(finding.target.as_ref()),
        details.snippet.clone(),
    ]
    .map(|cell| harmless(&cell))
}

/// All locations, with the number of those not listed.
fn locations(details: &Details) -> String {
    let more = usize::try_from(details.locations_count).unwrap_or(usize::MAX);
    let more = more.saturating_sub(details.locations.len());
    let listed = details.locations.join("; ");
    if more > 0 {
        format!("{listed}; and {more} more")
    } else {
        listed
    }
}

/// The cell as text that no spreadsheet evaluates.
fn harmless(cell: &str) -> String {
    let formula = |char| {
        matches!(
            char,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
        )
    };
    // Some programs skip leading spaces.
    if cell
        .trim_start_matches([' ', '\u{a0}', '\0'])
        .starts_with(formula)
    {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn write(
    rows: impl FnOnce(&mut ::csv::Writer<Vec<u8>>) -> Result<(), ::csv::Error>,
) -> Result<String, Refused> {
    let mut table = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    rows(&mut table).map_err(unwritten)?;
    let bytes = table.into_inner().map_err(unwritten)?;
    String::from_utf8(bytes).map_err(unwritten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", " =1", "\u{a0}=1", "＝1",
        ] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["", "a=1", "1-1", "SQL injection", "'=1", "<b>"] {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn a_cell_keeps_its_commas_quotes_and_lines() {
        let cells = ["a,b", "say \"x\"", "one\ntwo", "plain"];
        let text = write(|table| table.write_record(cells)).unwrap();
        assert_eq!(text, "\"a,b\",\"say \"\"x\"\"\",\"one\ntwo\",plain\r\n");
        assert!(head().unwrap().starts_with("\u{feff}id,severity,status,title,"));
    }
}
