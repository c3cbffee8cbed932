//! What a scan report that is older than the latest one of its target may do (promise P4): create findings that do not
//! exist yet, and change nothing else.

use super::{
    change::UNHEARD,
    known::Known,
    model::{Problems, Tool},
    problem::Problem,
    rows::Row,
    tool::{Seen, Tally, ensure},
};

/// Checks that all previous findings are unchanged; new ones only if `may` allows them.
pub(crate) fn unchanged(before: &[Row], rows: &[Row], may: impl Fn(&Row) -> bool) -> Result<(), String> {
    for row in rows {
        match before.iter().find(|one| one.id == row.id) {
            Some(before) => ensure(row == before, || format!("{before:?} became {row:?}"))?,
            None => ensure(may(row), || format!("{row:?} is new"))?,
        }
    }
    ensure(rows.len() >= before.len(), || "a finding is lost".to_owned())
}

impl<T: Tool> Problems<T> {
    pub(crate) fn after_older(&mut self, seen: &Seen<'_>) -> Result<Tally, String> {
        unchanged(seen.before, seen.rows, |row| row.first == seen.scan)?;
        let new: Vec<&Row> = seen.rows.iter().filter(|row| row.first == seen.scan).collect();
        let mut left: Vec<Problem> = self.entries.clone();
        left.extend(self.entries.iter().filter(|one| one.twin).cloned());
        let mut created = Vec::new();
        for row in &new {
            let at = left
                .iter()
                .position(|one| T::shown(self.number, one) == T::seen(row));
            let Some(at) = at else {
                return Err(format!("the older report does not contain {row:?}"));
            };
            let problem = left.swap_remove(at);
            let matches = T::matches(self.number, &self.sources, &problem, row);
            ensure(matches, || format!("{problem:?} is shown as {row:?}"))?;
            created.push((problem, *row));
        }
        for problem in self.entries.iter().filter(|one| !one.twin) {
            let is_new = created.iter().any(|(new, _)| new == problem);
            self.is_on_the_list(problem, is_new)?;
        }
        let tally = Tally {
            created: created.len() as u64,
            ..Tally::default()
        };
        for (problem, row) in created {
            self.keep(&problem, row);
        }
        Ok(tally)
    }

    /// New problems are created, and so are those that differ from everything with a verdict; those that are in the
    /// list unchanged are not.
    fn is_on_the_list(&self, problem: &Problem, is_new: bool) -> Result<(), String> {
        let flavor = self.sources.flavor;
        let of = |one: &&Known| one.last.truth == problem.truth;
        let own: Vec<&Known> = self.known.iter().filter(of).collect();
        let same =
            |one: &&Known| one.has_same_place_and_content(problem, flavor) && one.covers(problem, flavor);
        let neighbours = || self.known.iter().filter(|one| one.last.has_same_place(problem));
        if !neighbours().any(|one| one.covers(problem, flavor)) {
            return ensure(is_new, || {
                format!("{problem:?} differs from everything with a verdict and is not listed")
            });
        }
        let alike = |one: &Known| one.has_same_place_and_content(problem, flavor);
        if own.is_empty() && problem.message == UNHEARD && !neighbours().any(alike) {
            return ensure(is_new, || format!("{problem:?} is not in the list"));
        }
        let alike = self.entries.iter().chain(self.known.iter().map(|one| &one.last));
        let alone = alike
            .filter(|one| one.has_same_place(problem) && one.content(flavor) == problem.content(flavor))
            .all(|one| one.truth == problem.truth);
        let listed = own.len() == 1 && own.iter().any(same);
        ensure(!listed || !alone || !is_new, || {
            format!("{problem:?} is twice in the list, as {own:?}")
        })
    }
}
