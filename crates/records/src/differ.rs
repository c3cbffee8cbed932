//! What a change does to a record: fields that are set, and the names of those that differ afterwards.

/// Sets a field, if there is something to set.
pub(crate) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// The names of those that differ.
pub(crate) fn names<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
}
