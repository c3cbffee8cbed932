//! Vulnerable components as written by Trivy, and what Nessus finds on hosts.

use super::{
    change::Sources,
    model::Tool,
    problem::{Flavor, Problem},
    rows::{Row, name},
    tool::{Kind, Round, Written, word},
};

/// Trivy's components: one CVE, which may get an additional GHSA, in versions that come and go.
pub(crate) struct Packages;

/// The path of a component; every second one contains the version.
fn path(world: usize, problem: &Problem) -> String {
    match problem.file {
        0 => format!("srv/{}/lib-1.{}.0.jar", name(world), problem.version),
        file => format!("srv/{}/{file}/lib.jar", name(world)),
    }
}

/// One name of a rule; those from 100 on are second names.
fn rule(world: usize, number: u8) -> String {
    match number {
        100.. => format!("GHSA-{world}-{}", number - 100),
        _ => format!("CVE-2020-{world}{number}"),
    }
}

impl Tool for Packages {
    const NAME: &'static str = "Trivy";
    const FLAVORS: &'static [Flavor] = &[Flavor::Component];
    const ON_A_HOST: usize = 0;

    fn write(world: usize, sources: &Sources, problem: &Problem, _: &Round, _: bool) -> String {
        let names: Vec<_> = sources
            .names(problem.rule)
            .iter()
            .map(|one| rule(world, *one))
            .collect();
        let first = names
            .first()
            .cloned()
            .unwrap_or_else(|| rule(world, problem.rule));
        let others: Vec<_> = names.iter().skip(1).map(|one| format!("\"{one}\"")).collect();
        format!(
            r#"{{"VulnerabilityID":"{first}","VendorIDs":[{}],"PkgName":"{}","PkgPath":"{}","InstalledVersion":"1.{}.0","Severity":"HIGH","Title":"problem {}"}}"#,
            others.join(","),
            name(world),
            path(world, problem),
            problem.version,
            problem.rule
        )
    }

    fn report(entries: &[Written], _: usize, round: &Round) -> (String, u64, u64) {
        let broken = r#"{"VulnerabilityID":"CVE-1","PkgName":{},"Severity":"HIGH"}"#;
        let partial = round.kind == Kind::Partial;
        let entries = entries.iter().map(|one| one.text.as_str());
        let entries: Vec<_> = partial.then_some(broken).into_iter().chain(entries).collect();
        let report = format!(
            r#"{{"SchemaVersion":2,"CreatedAt":"2024-01-01T{:02}:00:00Z","ArtifactName":"r.test:5000/shop:{}","ArtifactType":"container_image","Results":[{{"Target":"Java","Class":"lang-pkgs","Type":"jar","Vulnerabilities":[{}]}}]}}"#,
            round.hour(),
            round.build,
            entries.join(",")
        );
        (report, u64::from(partial), u64::from(partial))
    }

    fn shown(world: usize, problem: &Problem) -> String {
        let name = name(world);
        let (rule, version) = (problem.rule, problem.version);
        format!(
            "{name}: problem {rule} in {}: {name} 1.{version}.0",
            path(world, problem)
        )
    }

    fn seen(row: &Row) -> String {
        format!("{} in {}", row.title, row.location)
    }

    fn matches(world: usize, sources: &Sources, problem: &Problem, row: &Row) -> bool {
        let known = sources.names(problem.rule).iter().map(|one| rule(world, *one));
        known
            .chain([rule(world, problem.rule)])
            .any(|one| one == row.rule)
            && row.details.contains(&format!("\"1.{}.0\"", problem.version))
    }
}

/// What Nessus finds on hosts that are shared by several worlds.
pub(crate) struct Hosts;

impl Tool for Hosts {
    const NAME: &'static str = "Nessus";
    const FLAVORS: &'static [Flavor] = &[Flavor::Host];
    const ON_A_HOST: usize = 8;

    fn write(world: usize, _: &Sources, problem: &Problem, _: &Round, _: bool) -> String {
        format!(
            "<ReportItem port=\"{}\" svc_name=\"www\" protocol=\"tcp\" severity=\"2\" pluginID=\"{world}00{}\" \
             pluginName=\"{} finding {}\" pluginFamily=\"General\"><plugin_output>said {} of {} items\
             </plugin_output></ReportItem>",
            8000 + u32::from(problem.file),
            problem.rule,
            name(world),
            problem.rule,
            word(problem.message.into()),
            problem.digits
        )
    }

    /// A host is named if it was scanned, even if nothing was found on it.
    fn report(entries: &[Written], hosts: usize, round: &Round) -> (String, u64, u64) {
        // Nessus gives a time with a zone only as a number; without one a report is from now.
        let end = match round.kind {
            Kind::Partial => "",
            Kind::Older => "<tag name=\"HOST_END_TIMESTAMP\">1704067200</tag>",
            _ => "<tag name=\"HOST_END\">x</tag>",
        };
        let host = |host: usize| {
            let items: String = entries
                .iter()
                .filter(|one| one.host == host)
                .map(|one| one.text.as_str())
                .collect();
            format!(
                "<ReportHost name=\"h{host}.test\"><HostProperties><tag name=\"HOST_START\">x</tag>{end}\
                 </HostProperties>{items}</ReportHost>"
            )
        };
        let hosts: String = (0..hosts).filter(|host| round.names(*host)).map(host).collect();
        let report = format!(
            "<NessusClientData_v2><Policy/><Report name=\"r\">{hosts}</Report></NessusClientData_v2>"
        );
        (report, 0, 0)
    }

    fn shown(world: usize, problem: &Problem) -> String {
        let host = world / Self::ON_A_HOST;
        let (rule, port) = (problem.rule, 8000 + u32::from(problem.file));
        format!(
            "{} finding {rule} h{host}.test:{port}/tcp {}",
            name(world),
            word(problem.message.into())
        )
    }

    fn seen(row: &Row) -> String {
        let output = row
            .description
            .split("said ")
            .nth(1)
            .and_then(|output| output.split(' ').next());
        format!("{} {} {}", row.title, row.location, output.unwrap_or_default())
    }

    fn matches(_: usize, _: &Sources, problem: &Problem, row: &Row) -> bool {
        row.description.contains(&format!(
            "said {} of {} items",
            word(problem.message.into()),
            problem.digits
        ))
    }
}
