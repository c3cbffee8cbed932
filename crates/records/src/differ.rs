//! The effect of a change on a record: setting fields, and naming those that differ afterwards.

/// Sets a field, if there is a value.
pub(crate) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// The names of the fields that differ.
pub(crate) fn names<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
}
