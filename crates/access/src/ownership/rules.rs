//! The ownership rules of companies: the database rows.

use std::collections::{BTreeMap, HashMap};

use base::Id;
use serde::Serialize;
use store::{Error, Select, Tx, Value, params, rows};

use super::{Match, Rule};

/// The currently effective rules.
#[derive(Debug, Clone, Copy)]
pub struct Rules;

/// A stored rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Written {
    /// Which findings it matches; all if empty.
    #[serde(rename = "match")]
    pub(crate) of: Match,
    /// The responsible users: members of the company.
    pub(crate) user_ids: Vec<Id>,
    /// The responsible teams of the company.
    pub(crate) team_ids: Vec<Id>,
}

impl Rules {
    /// The rules of these companies in order, without disabled accounts.
    ///
    /// # Errors
    /// The store's.
    pub fn current(tx: &mut Tx<'_>, companies: &[Id]) -> Result<HashMap<Id, Vec<Rule>>, Error> {
        let mut current: HashMap<Id, Vec<Rule>> = HashMap::new();
        for ((company, position), rule) in read(tx, companies, " and u.disabled = 0")? {
            match Rule::new(position, rule.of, rule.user_ids, rule.team_ids) {
                Ok(rule) => current.entry(company).or_default().push(rule),
                // It was checked when it was saved.
                Err(error) => tracing::error!(%company, position, %error, "an ownership rule cannot be read"),
            }
        }
        Ok(current)
    }
}

/// The rules of a company, in order.
///
/// # Errors
/// The store's.
pub(crate) fn list(tx: &mut Tx<'_>, company: Id) -> Result<Vec<Written>, Error> {
    Ok(read(tx, &[company], "")?.into_values().collect())
}

const RULES: &str = "select company_id, position, matches from ownership_rules where 1 = 1";
const USERS: &str = "select r.company_id, r.position, r.user_id from ownership_rule_users r \
     join users u on u.id = r.user_id where 1 = 1";
const TEAMS: &str = "select r.company_id, r.position, r.team_id from ownership_rule_teams r where 1 = 1";

/// Rules by company and position.
type ByPlace = BTreeMap<(Id, u32), Written>;

fn read(tx: &mut Tx<'_>, companies: &[Id], only: &str) -> Result<ByPlace, Error> {
    let mut found = ByPlace::new();
    for companies in rows::portions(companies) {
        let rules: Vec<(Id, u32, String)> = of(RULES, "company_id", companies).all(tx)?;
        if rules.is_empty() {
            continue;
        }
        for (company, position, matches) in rules {
            let of = serde_json::from_str(&matches)
                .map_err(|error| Error::Decode(format!("conditions of an ownership rule: {error}")))?;
            let rule = Written {
                of,
                ..Written::default()
            };
            found.insert((company, position), rule);
        }
        let users = of(USERS, "r.company_id", companies).push(only, Vec::new());
        let users = users.push(" order by r.user_id", Vec::new());
        for (company, position, user) in users.all::<(Id, u32, Id)>(tx)? {
            if let Some(rule) = found.get_mut(&(company, position)) {
                rule.user_ids.push(user);
            }
        }
        let teams = of(TEAMS, "r.company_id", companies).push(" order by r.team_id", Vec::new());
        for (company, position, team) in teams.all::<(Id, u32, Id)>(tx)? {
            if let Some(rule) = found.get_mut(&(company, position)) {
                rule.team_ids.push(team);
            }
        }
    }
    Ok(found)
}

fn of(sql: &str, column: &str, companies: &[Id]) -> Select {
    Select::new(sql).within(column, companies)
}

const HELD: &str = "select name from companies where id = $1";

/// Locks a company's rules until the end of this transaction; returns the company's name.
///
/// # Errors
/// The store's.
pub(crate) fn held(tx: &mut Tx<'_>, company: Id) -> Result<Option<String>, Error> {
    let sql = format!("{HELD}{}", tx.for_update("companies"));
    Ok(tx.one::<(String,)>(&sql, params![company])?.map(|(name,)| name))
}

const CLEAR: &str = "delete from ownership_rules where company_id = $1";
const INSERT: &str = "insert into ownership_rules (company_id, position, matches)";
const INSERT_USER: &str = "insert into ownership_rule_users (company_id, position, user_id)";
const INSERT_TEAM: &str = "insert into ownership_rule_teams (company_id, position, team_id)";

/// Replaces the rules of a company that is [`held`]. Their users and teams were checked.
///
/// # Errors
/// The store's.
pub(crate) fn replace(tx: &mut Tx<'_>, company: Id, rules: &[Written]) -> Result<(), Error> {
    tx.execute(CLEAR, params![company])?;
    let (mut lines, mut users, mut teams) = (Vec::new(), Vec::new(), Vec::new());
    for (position, rule) in (1_i64..).zip(rules) {
        let matches = serde_json::to_string(&rule.of).map_err(|error| Error::Decode(error.to_string()))?;
        let named = |id: &Id| -> Vec<Value> { vec![company.into(), position.into(), id.into()] };
        lines.push(vec![company.into(), position.into(), matches.into()]);
        users.extend(rule.user_ids.iter().map(named));
        teams.extend(rule.team_ids.iter().map(named));
    }
    rows::insert(tx, (INSERT, ""), lines)?;
    rows::insert(tx, (INSERT_USER, "on conflict do nothing"), users)?;
    rows::insert(tx, (INSERT_TEAM, "on conflict do nothing"), teams).map(drop)
}
