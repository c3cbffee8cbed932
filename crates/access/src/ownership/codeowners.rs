//! A CODEOWNERS file as ownership rules.
//!
//! In such a file the last matching pattern applies, in our list the first: the rules are in reverse order.
//! What cannot be mapped is reported with its line; nothing is guessed.

use std::collections::BTreeSet;

use base::Id;
use serde::Serialize;

use super::{Match, Written, pattern::Pattern};
use crate::validate;

/// The most rules of a company.
pub(crate) const MAX_RULES: usize = 1_000;
/// The most lines that are reported as not mapped.
const MAX_UNMAPPED: usize = 500;
/// The most characters quoted of a text.
const QUOTE: usize = 200;

/// A part of the file that could not be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = UnmappedOwner)]
pub(crate) struct Unmapped {
    /// The line number in the file, from 1.
    pub(crate) line: usize,
    /// The text: an owner, or a whole line.
    pub(crate) text: String,
    /// Why it could not be mapped.
    pub(crate) reason: String,
}

/// A member of the company, for looking up owners.
pub(crate) struct Person {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// Who can be an owner: the members and the teams of a company.
pub(crate) struct People {
    pub(crate) members: Vec<Person>,
    pub(crate) teams: Vec<(Id, String)>,
}

/// The rules of a file, and what could not be mapped.
pub(crate) fn read(text: &str, people: &People) -> (Vec<Written>, Vec<Unmapped>) {
    let mut reading = Reading {
        people,
        rules: Vec::new(),
        unmapped: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        reading.line(index + 1, line);
        if reading.rules.len() > MAX_RULES || reading.unmapped.len() >= MAX_UNMAPPED {
            reading.rules.truncate(MAX_RULES);
            let rest = "the rest of the file was not read: too many lines";
            reading.note(index + 1, line, rest);
            break;
        }
    }
    reading.rules.reverse();
    (reading.rules, reading.unmapped)
}

struct Reading<'a> {
    people: &'a People,
    rules: Vec<Written>,
    unmapped: Vec<Unmapped>,
}

/// The user or team that an owner of the file refers to.
enum Owner {
    User(Id),
    Team(Id),
}

impl Reading<'_> {
    fn line(&mut self, number: usize, line: &str) {
        let words = words(line);
        let Some((pattern, owners)) = words.split_first() else {
            return;
        };
        if pattern.starts_with('[') || pattern.starts_with("^[") {
            return self.note(
                number,
                line,
                "sections are not supported; the lines were read without the section",
            );
        }
        if pattern.starts_with('!') {
            return self.note(number, line, "patterns that exclude files are not supported");
        }
        // Braces are literal in such a file, but special in our patterns.
        let path = pattern.replace('{', "[{]").replace('}', "[}]");
        if let Err(error) = Pattern::new(&path) {
            return self.note(number, pattern, &error.to_string());
        }
        if owners.is_empty() {
            return self.note(number, line, "the line has no owner");
        }
        let (mut users, mut teams) = (BTreeSet::new(), BTreeSet::new());
        for owner in owners {
            match self.owner(owner) {
                Ok(Owner::User(id)) => drop(users.insert(id)),
                Ok(Owner::Team(id)) => drop(teams.insert(id)),
                Err(reason) => self.note(number, owner, reason),
            }
        }
        if !users.is_empty() || !teams.is_empty() {
            self.rules.push(Written {
                of: Match {
                    path: Some(path),
                    ..Match::default()
                },
                user_ids: users.into_iter().collect(),
                team_ids: teams.into_iter().collect(),
            });
        }
    }

    fn note(&mut self, line: usize, text: &str, reason: &str) {
        self.unmapped.push(Unmapped {
            line,
            text: base::text::line(text, QUOTE),
            reason: reason.to_owned(),
        });
    }

    /// `ana@example.org` is the member with that address, `@org/team` the team with that name; `@ana` the member whose
    /// address begins with it or whose name it is, else the team with that name.
    fn owner(&self, owner: &str) -> Result<Owner, &'static str> {
        let members = &self.people.members;
        let Some(name) = owner.strip_prefix('@') else {
            let key = validate::email_key(owner);
            let member = members.iter().find(|one| validate::email_key(&one.email) == key);
            let member = member.ok_or("no company member has this email address");
            return member.map(|member| Owner::User(member.id));
        };
        let team = name.rsplit_once('/').map_or(name, |(_, team)| team);
        let teams = self
            .people
            .teams
            .iter()
            .filter(|(_, known)| slug(known) == slug(team));
        let teams: Vec<Owner> = teams.map(|(id, _)| Owner::Team(*id)).collect();
        if name.contains('/') {
            return one(
                teams,
                "the company has no team with this name",
                "several teams have this name",
            );
        }
        let local = |email: &str| email.split('@').next().unwrap_or_default().to_lowercase();
        let by = |is: &dyn Fn(&Person) -> bool| -> Vec<Owner> {
            let found = members.iter().filter(|one| is(one));
            found.map(|one| Owner::User(one.id)).collect()
        };
        let by_address = by(&|one| local(&one.email) == name.to_lowercase());
        let users = if by_address.is_empty() {
            by(&|one| slug(&one.name) == slug(name))
        } else {
            by_address
        };
        let several = "several users have this name";
        if users.is_empty() {
            return one(teams, "no member or team of the company has this name", several);
        }
        one(users, "", several)
    }
}

fn one(mut found: Vec<Owner>, none: &'static str, several: &'static str) -> Result<Owner, &'static str> {
    let first = found.pop().ok_or(none)?;
    if found.is_empty() { Ok(first) } else { Err(several) }
}

/// A name as a handle: `Web Shop` is `web-shop`.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for char in name.trim().chars().flat_map(char::to_lowercase) {
        if char.is_alphanumeric() {
            slug.push(char);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug
}

/// The words of a line up to its comment; a space after a backslash belongs to its word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = line.trim_start_matches('\u{feff}').chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some(next @ (' ' | '#')) => word.push(next),
                next => {
                    word.push('\\');
                    word.extend(next);
                }
            },
            '#' if word.is_empty() => break,
            char if char.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            char => word.push(char),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    fn people() -> (People, [Id; 3], [Id; 2]) {
        let clock = Clock::system();
        let [ana, ben, bob] = [(); 3].map(|()| clock.id());
        let [web, pay] = [(); 2].map(|()| clock.id());
        let person = |id, name: &str, email: &str| Person {
            id,
            name: name.to_owned(),
            email: email.to_owned(),
        };
        let people = People {
            members: vec![
                person(ana, "Ana Silva", "ana@example.org"),
                person(ben, "Ben Ito", "b.ito@example.org"),
                person(bob, "Ben Ito", "bob@example.org"),
            ],
            teams: vec![(web, "Web Shop".to_owned()), (pay, "payments".to_owned())],
        };
        (people, [ana, ben, bob], [web, pay])
    }

    // promise: O1
    #[test]
    fn the_last_line_of_the_file_is_the_first_rule() {
        let (people, [ana, ben, _], [web, pay]) = people();
        let file = "# owners\n* @ana\n\n/docs/ b.ito@EXAMPLE.org # the docs\nsrc/my\\ file.rs @acme/web-shop @payments\n";
        let (rules, unmapped) = read(file, &people);
        assert_eq!(unmapped, []);
        let rules: Vec<_> = rules
            .into_iter()
            .map(|rule| (rule.of.path.unwrap(), rule.user_ids, rule.team_ids))
            .collect();
        let mut teams = vec![web, pay];
        teams.sort_unstable();
        assert_eq!(
            rules,
            [
                ("src/my file.rs".to_owned(), vec![], teams),
                ("/docs/".to_owned(), vec![ben], vec![]),
                ("*".to_owned(), vec![ana], vec![]),
            ]
        );
    }

    #[test]
    fn unmapped_parts_are_reported_with_their_line() {
        let (people, [ana, ..], _) = people();
        let file = "[Section] @ana\n!src/x @ana\n/none\na @nobody @ana\nb @ben-ito\nc x@y.org\nd @acme/blue\n/[e @ana\n{f} @ana-silva\n";
        let (rules, unmapped) = read(file, &people);
        let paths: Vec<_> = rules
            .iter()
            .map(|rule| rule.of.path.as_deref().unwrap())
            .collect();
        assert_eq!(paths, ["[{]f[}]", "a"]);
        assert!(rules.iter().all(|rule| rule.user_ids == [ana]));
        let named: Vec<_> = unmapped.iter().map(|one| (one.line, one.text.as_str())).collect();
        assert_eq!(
            named,
            [
                (1, "[Section] @ana"),
                (2, "!src/x @ana"),
                (3, "/none"),
                (4, "@nobody"),
                (5, "@ben-ito"),
                (6, "x@y.org"),
                (7, "@acme/blue"),
                (8, "/[e"),
            ]
        );
        assert!(unmapped.iter().all(|one| !one.reason.is_empty()));
        let (rules, unmapped) = read(&"x @ana\n".repeat(5_000), &people);
        assert_eq!((rules.len(), unmapped.len()), (MAX_RULES, 1));
    }
}
