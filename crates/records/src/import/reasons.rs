//! Why a scan report is incomplete, in words for the response.
//!
//! Owns: naming the targets of each reason. Must not: find reasons.

use std::collections::HashMap;

/// Maximum number of reasons in a response.
const MOST: usize = 20;
/// Maximum number of targets per reason.
const NAMED: usize = 3;

/// Reasons, each with its targets.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    /// In the order they were noted.
    all: Vec<(String, Vec<usize>)>,
    /// The position of each.
    index: HashMap<String, usize>,
}

impl Reasons {
    /// Notes a reason for the target with this index.
    pub(super) fn add(&mut self, target: usize, reason: &str) {
        let known = self.index.get(reason).and_then(|at| self.all.get_mut(*at));
        if let Some((_, targets)) = known {
            if targets.last() != Some(&target) {
                targets.push(target);
            }
        } else {
            self.index.insert(reason.to_owned(), self.all.len());
            self.all.push((reason.to_owned(), vec![target]));
        }
    }

    /// Each reason, with its targets by tool and name. A reason that applies to all of them, or that names its target
    /// itself, needs no more.
    pub(super) fn words(&self, targets: &[(&str, &str)]) -> Vec<String> {
        let first = targets.first().map(|(tool, _)| *tool);
        let one_tool = targets.iter().all(|(tool, _)| Some(*tool) == first);
        let label = |index: &usize| match targets.get(*index) {
            None => String::new(),
            Some((tool, "")) => (*tool).to_owned(),
            Some((_, name)) if one_tool => (*name).to_owned(),
            Some((tool, name)) => format!("{tool} {name}"),
        };
        let described = |(reason, of): &(String, Vec<usize>)| {
            let names_itself = |index: &usize| {
                let name = targets.get(*index).map_or("", |(_, name)| *name);
                !name.is_empty() && reason.contains(name)
            };
            if of.len() == targets.len() || of.iter().all(names_itself) {
                return reason.clone();
            }
            let named = of.iter().take(NAMED).map(label).collect::<Vec<_>>().join(", ");
            match of.len().saturating_sub(NAMED) {
                0 => format!("{named}: {reason}"),
                more => format!("{named} and {more} more: {reason}"),
            }
        };
        let mut words: Vec<_> = self.all.iter().take(MOST).map(described).collect();
        let more = self.all.len().saturating_sub(MOST);
        if more > 0 {
            words.push(format!("and {more} more reasons"));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(reasons: &[(usize, &str)], targets: &[(&str, &str)]) -> Vec<String> {
        let mut all = Reasons::default();
        for (target, reason) in reasons {
            all.add(*target, reason);
        }
        all.words(targets)
    }

    // promise: P3
    #[test]
    fn a_reason_names_the_targets_it_is_about() {
        let two = [("T", "a/"), ("T", "b/")];
        assert_eq!(words(&[(1, "it failed")], &two), ["b/: it failed"]);
        assert_eq!(words(&[(0, "it failed"), (1, "it failed")], &two), ["it failed"]);
        assert_eq!(words(&[(0, "it failed")], &two[..1]), ["it failed"]);
        assert_eq!(
            words(&[(1, "the scan of b/ did not finish")], &two),
            ["the scan of b/ did not finish"]
        );
        let tools = [("T", ""), ("S", "b/"), ("S", "")];
        assert_eq!(
            words(&[(0, "x"), (1, "y"), (2, "z"), (2, "z")], &tools),
            ["T: x", "S b/: y", "S: z"]
        );
        let many: Vec<_> = (0..9).map(|_| ("T", "h")).collect();
        let most: Vec<_> = (0..8).map(|target| (target, "x")).collect();
        assert_eq!(words(&most, &many), ["h, h, h and 5 more: x"]);
    }

    // promise: P1
    #[test]
    fn a_truncated_list_of_reasons_states_how_many_there_are() {
        let all: Vec<_> = (0..23).map(|count| count.to_string()).collect();
        let all: Vec<_> = all.iter().map(|reason| (0, reason.as_str())).collect();
        let lines = words(&all, &[("T", "a")]);
        assert_eq!((lines.len(), lines[20].as_str()), (21, "and 3 more reasons"));
    }
}
