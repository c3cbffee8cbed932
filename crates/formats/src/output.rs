//! The output of a check on a host: free text, in which some lines have a label.
//!
//! Owns: separating the version that was found from the rest. Must not: know a tool.

/// Labels of the installed version, as Nessus and `OpenVAS` write them.
const INSTALLED: &[&str] = &[
    "installed version",
    "remote package installed",
    "detected version",
    "reported version",
];
/// Labels of the recommended version: it changes with each release of the vendor.
const FIXED: &[&str] = &["fixed version", "fixed in", "should be", "fixed package"];

/// The output of a check.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// The versions that were found, sorted; empty if it names none.
    pub(crate) version: String,
    /// All other lines.
    pub(crate) message: String,
}

impl Output {
    /// Parses an output. An empty one is replaced by the rule.
    pub(crate) fn of(output: &str, rule: &str) -> Self {
        let (mut versions, mut message) = (Vec::new(), Vec::new());
        for line in output.lines() {
            let (label, value) = line.split_once(':').unwrap_or(("", line));
            let label = label
                .trim_matches(|char: char| !char.is_alphanumeric())
                .to_lowercase();
            if INSTALLED.contains(&label.as_str()) {
                versions.push(value.trim());
            } else if !FIXED.contains(&label.as_str()) && !line.trim().is_empty() {
                message.push(line.trim());
            }
        }
        versions.sort_unstable();
        versions.dedup();
        let message = message.join("\n");
        Self {
            version: versions.join(", "),
            message: if message.is_empty() {
                rule.to_owned()
            } else {
                message
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: M5
    #[test]
    fn the_version_that_was_found_is_separated_from_the_rest() {
        let nessus =
            "\n  Path              : /usr/bin/x\n  Installed version : 8.4p1\n  Fixed version     : 9.8\n";
        let made = |version: &str, message: &str| Output {
            version: version.to_owned(),
            message: message.to_owned(),
        };
        assert_eq!(
            Output::of(nessus, "1"),
            made("8.4p1", "Path              : /usr/bin/x")
        );
        let openvas = "Installed version: 2\nFixed version:     117\nInstalled version: 1";
        assert_eq!(Output::of(openvas, "1.3"), made("1, 2", "1.3"));
        let package = "\n  - Remote package installed : libc6_2.31\n    Should be : libc6_2.36";
        assert_eq!(Output::of(package, "7"), made("libc6_2.31", "7"));
        assert_eq!(Output::of(" \n", "7"), made("", "7"));
    }
}
