//! Finds the rule a result belongs to, and the weakness it is an instance of.
//!
//! Owns: the lookup of rules and taxa (SARIF 2.1.0 sections 3.52.3 and 3.54). Must not: build findings.

use super::{
    bag::Bag,
    component::Component,
    rule::{ComponentReference, Reference, Rule},
    survey::Run,
};
use crate::cwe::{self, number, of_tag};

/// The rule that a reference refers to, with its component.
pub(super) fn rule<'r>(run: &'r Run, reference: &Reference) -> Option<(&'r Rule, &'r Component)> {
    let tool = &run.tool;
    let named = component(&tool.extensions, &reference.component).unwrap_or(&tool.driver);
    let by_index = reference.index.and_then(|index| named.rules.get(index));
    match (by_index, reference.id.as_deref()) {
        (Some(rule), None) => Some((rule, named)),
        (Some(rule), Some(id)) if is_part(id, &rule.id) => Some((rule, named)),
        // The index contradicts the id: the id is what people see.
        (_, Some(id)) => std::iter::once(named)
            .chain([&tool.driver])
            .chain(&tool.extensions)
            .find_map(|component| Some((by_id(component, id)?, component))),
        (None, None) => None,
    }
}

/// Whether `id` is `rule` or a part of it: `CA1000/1` is a part of `CA1000`.
fn is_part(id: &str, rule: &str) -> bool {
    id.strip_prefix(rule)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The rule of a component with this id or with its longest leading part.
fn by_id<'r>(component: &'r Component, id: &str) -> Option<&'r Rule> {
    let mut part = id;
    loop {
        if let Some(rule) = component.by_id.get(part).and_then(|&at| component.rules.get(at)) {
            return Some(rule);
        }
        part = part.rsplit_once('/')?.0;
    }
}

/// The component of a list that a reference refers to, if any.
fn component<'r>(list: &'r [Component], reference: &ComponentReference) -> Option<&'r Component> {
    if let Some(index) = reference.index {
        return list.get(index);
    }
    let matches = |component: &&Component| {
        let guid = !reference.guid.is_empty() && component.guid == reference.guid;
        guid || (!reference.name.is_empty() && component.name == reference.name)
    };
    list.iter().find(matches)
}

/// The weaknesses as `CWE-79`: the taxa of the result and of its rule, then their tags and properties.
pub(super) fn cwes(run: &Run, taxa: &[Reference], bag: &Bag, rule: Option<&Rule>) -> Vec<String> {
    let of_rule = rule.map_or(&[][..], |rule| &rule.taxa);
    let bags = || [bag].into_iter().chain(rule.map(|rule| &rule.bag));
    let taxa = taxa
        .iter()
        .chain(of_rule)
        .filter_map(|taxon| of_taxon(run, taxon));
    let tags = bags().flat_map(|bag| &bag.tags).filter_map(|tag| of_tag(tag));
    let named = taxa.chain(tags).map(|number| format!("CWE-{number}"));
    let own = bags().flat_map(|bag| &bag.cwes).filter_map(|text| {
        let page = text.contains("cwe.mitre.org/").then(|| text.rsplit('/').next());
        cwe::of(page.flatten().unwrap_or(text))
    });
    named.chain(own).collect()
}

/// The number of a taxon of the taxonomy named CWE: its id is `CWE-79` or `79`.
fn of_taxon(run: &Run, taxon: &Reference) -> Option<u32> {
    let taxonomy = component(&run.taxonomies, &taxon.component);
    let name = taxonomy.map_or(taxon.component.name.as_str(), |taxonomy| &taxonomy.name);
    if !name.eq_ignore_ascii_case("cwe") {
        return None;
    }
    let by_index = || taxonomy.and_then(|taxonomy| taxonomy.taxa.get(taxon.index?));
    let id = taxon.id.as_ref().or_else(by_index)?;
    of_tag(id).or_else(|| number(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_longer_than_its_rule() {
        assert!(is_part("CA1000", "CA1000"));
        assert!(is_part("CA1000/1", "CA1000"));
        assert!(!is_part("CA10001", "CA1000"));
        let mut component = Component::default();
        component.rules.push(Rule {
            id: "a/b".to_owned(),
            ..Rule::default()
        });
        component.by_id.insert("a/b".to_owned(), 0);
        assert!(by_id(&component, "a/b/c/d").is_some());
        assert!(by_id(&component, "a").is_none());
    }
}
