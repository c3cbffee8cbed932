//! Tags of findings, projects and assets.
//!
//! Owns: the rules for a tag, the form they are stored in, and the tables for looking up a tag. Must not: know what a
//! tag means.

use std::collections::BTreeSet;

use access::{schema::Tag, validate::Check};
use base::{Id, SubjectType};
use store::{Error, Tx, Value, params, rows};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, Ref, RefOr, Schema},
};

/// Maximum number of tags of one record.
const MAX: usize = 20;
/// Maximum length of a tag in characters.
const LENGTH: usize = 50;

/// The schema of a list of tags.
pub(crate) struct Tags;

impl utoipa::ToSchema for Tags {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Tag::<LENGTH>::name().into_owned(), Tag::<LENGTH>::schema()));
    }
}

impl utoipa::PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name(Tag::<LENGTH>::name()))
            .max_items(Some(MAX))
            .into()
    }
}

/// The tags in their stored form: lines of lower-case letters without commas, each once, in order. Faults are noted as
/// `tags[i]`.
pub(crate) fn checked(check: &mut Check, tags: &[String]) -> Vec<String> {
    check.that(tags.len() <= MAX, "tags", "must list at most 20");
    let mut once = BTreeSet::new();
    for (index, tag) in tags.iter().enumerate().take(MAX) {
        let field = format!("tags[{index}]");
        let line = check.line(&field, tag, LENGTH);
        if line.is_empty() {
            continue;
        }
        let tag = key(&line);
        check.that(!tag.is_empty(), &field, "must not be empty");
        check.that(!tag.contains(','), &field, "must not contain a comma");
        once.insert(tag);
    }
    once.into_iter().collect()
}

/// The form in which a tag is stored and looked up.
pub(crate) fn key(tag: &str) -> String {
    base::text::line(tag, LENGTH).to_lowercase()
}

/// The tags as stored in their column.
pub(crate) fn stored(tags: &[String]) -> String {
    if tags.is_empty() {
        return String::new();
    }
    serde_json::to_string(tags).unwrap_or_default()
}

/// The tags from the column.
///
/// # Errors
/// [`Error::Decode`] if it is not a list of texts.
pub(crate) fn read(column: &str) -> Result<Vec<String>, Error> {
    if column.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(column).map_err(|error| Error::Decode(format!("tags: {error}")))
}

/// A record with tags.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tagged {
    Finding,
    Project,
    Asset,
}

impl Tagged {
    /// The records of this type, if they have tags.
    pub(crate) fn of(kind: SubjectType) -> Option<Self> {
        match kind {
            SubjectType::Finding => Some(Self::Finding),
            SubjectType::Project => Some(Self::Project),
            SubjectType::Asset => Some(Self::Asset),
            _ => None,
        }
    }

    /// The statements that clear and write the tags of one record.
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Finding => (
                "delete from finding_tags where finding_id = $1",
                "insert into finding_tags (finding_id, tag, company_id)",
            ),
            Self::Project => (
                "delete from project_tags where project_id = $1",
                "insert into project_tags (project_id, tag, company_id)",
            ),
            Self::Asset => (
                "delete from asset_tags where asset_id = $1",
                "insert into asset_tags (asset_id, tag, company_id)",
            ),
        }
    }
}

/// Writes the tags of a record for lookup, if they changed.
///
/// # Errors
/// The store's.
pub(crate) fn write(
    tx: &mut Tx<'_>,
    (what, id): (Tagged, Id),
    company: Id,
    (before, after): (&[String], &[String]),
) -> Result<(), Error> {
    if before == after {
        return Ok(());
    }
    let (clear, insert) = what.sql();
    if !before.is_empty() {
        tx.execute(clear, params![id])?;
    }
    let row = |tag: &String| -> Vec<Value> { vec![id.into(), tag.into(), company.into()] };
    rows::insert(tx, (insert, ""), after.iter().map(row).collect()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_short_lower_case_and_unique() {
        let read = |tags: &[&str]| {
            let mut check = Check::new();
            let tags: Vec<_> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let kept = checked(&mut check, &tags);
            check
                .done()
                .map(|()| kept)
                .map_err(|problem| problem.errors()[0].field.clone())
        };
        assert_eq!(
            read(&[" PCI ", "web", "pci", "Web\u{200b}"]),
            Ok(vec!["pci".to_owned(), "web".to_owned()])
        );
        assert_eq!(read(&[]), Ok(vec![]));
        let long = "ä".repeat(51);
        for bad in ["", " ", "a,b", "a\nb", "\u{200b}", &long] {
            assert_eq!(read(&["x", bad]), Err("tags[1]".to_owned()), "{bad:?}");
        }
        assert_eq!(read(&["x"; 21]), Err("tags".to_owned()));
        assert_eq!(
            super::read(&stored(&["a\"b".to_owned()])),
            Ok(vec!["a\"b".to_owned()])
        );
        assert_eq!(super::read(""), Ok(vec![]));
    }
}
