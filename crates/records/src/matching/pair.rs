//! Two identities side by side.

use formats::Identity;

/// Whether they have the name of a rule in common.
pub(super) fn share_key(one: &Identity, other: &Identity) -> bool {
    one.keys.iter().any(|key| *key != 0 && other.keys.contains(key))
}

/// Whether both have it and it is the same.
pub(super) const fn agrees(one: u64, other: u64) -> bool {
    one != 0 && one == other
}

/// Whether both have it and it is not the same.
pub(super) const fn differs(one: u64, other: u64) -> bool {
    one != 0 && other != 0 && one != other
}

/// Whether nothing but their position tells them apart.
pub(super) fn is_alike(one: &Identity, other: &Identity) -> bool {
    let content = |id: &Identity| (id.tool, id.code, id.version, id.message, id.detail);
    content(one) == content(other)
}

/// Whether a verdict on one of them covers the other (promise M4): nothing that was judged differs, and the strongest
/// that both have agrees. `steady` says whether the line is the same, or has moved as its neighbors have; `even` whether
/// there were as many entries as findings to choose from.
pub(super) fn covers(one: &Identity, other: &Identity, (steady, even): (bool, bool)) -> bool {
    if differs(one.code, other.code) || differs(one.version, other.version) {
        return false;
    }
    if agrees(one.tool, other.tool) || agrees(one.code, other.code) {
        return steady || even;
    }
    if differs(one.tool, other.tool) || differs(one.message, other.message) {
        return false;
    }
    if one.line > 0 && differs(one.exact, other.exact) {
        return false;
    }
    if agrees(one.message, other.message) {
        return agrees(one.version, other.version) || one.line == 0 || steady;
    }
    steady
}

/// Whether the two can be the same finding where there is nobody else in the group.
pub(super) fn is_plausible(one: &Identity, other: &Identity) -> bool {
    let code = agrees(one.tool, other.tool) || agrees(one.code, other.code);
    let version = agrees(one.version, other.version);
    if code || version {
        return true;
    }
    if differs(one.tool, other.tool) || differs(one.code, other.code) {
        // Changed code, where it was.
        return one.line == other.line && !differs(one.message, other.message);
    }
    !differs(one.message, other.message) || differs(one.version, other.version) || one.line == other.line
}
