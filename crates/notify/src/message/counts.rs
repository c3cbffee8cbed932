//! What a scan read and changed, as one line.

use base::Event;

/// "12 read, 3 new, 1 closed".
pub(super) fn of_scan(event: &Event) -> Option<String> {
    let counts = event.data.get("counts")?.as_object()?;
    let names = [
        ("read", "read"),
        ("created", "new"),
        ("updated", "changed"),
        ("reopened", "reopened"),
        ("closed", "closed"),
        ("skipped", "skipped"),
    ];
    let parts: Vec<_> = names
        .iter()
        .filter_map(|(key, name)| Some((counts.get(*key)?.as_u64()?, *key, name)))
        .filter(|(count, key, _)| *count > 0 || *key == "read")
        .map(|(count, _, name)| format!("{count} {name}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
