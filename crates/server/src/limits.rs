//! How many files and connections the process may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is needed in addition to open tabs: the database, outgoing requests, pending requests.
const RESERVED: u64 = 1_000;

/// Raises the limit of descriptors to what this number of tabs needs, as far as the system allows, and logs if that is not
/// enough.
pub fn raise_descriptors(tabs: usize) {
    let needed = u64::try_from(tabs).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let limit = getrlimit(Resource::Nofile);
    let wanted = raised(&limit, needed);
    let allowed =
        if wanted == limit.current || setrlimit(Resource::Nofile, wanted_limit(&limit, wanted)).is_ok() {
            wanted
        } else {
            limit.current
        };
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            "this process may have {allowed} descriptors open, and stream.connections = {tabs} needs {needed}: raise the \
             limit (LimitNOFILE of systemd, ulimit -n), or lower the setting"
        );
    }
}

/// The limit to set: what is needed, if the system allows it; `None` means unlimited.
fn raised(limit: &Rlimit, needed: u64) -> Option<u64> {
    let current = limit.current?;
    let most = limit.maximum.unwrap_or(u64::MAX);
    Some(current.max(needed.min(most)))
}

const fn wanted_limit(limit: &Rlimit, current: Option<u64>) -> Rlimit {
    Rlimit {
        current,
        maximum: limit.maximum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raises_as_far_as_allowed() {
        let limit = |current, maximum| Rlimit { current, maximum };
        assert_eq!(raised(&limit(Some(1_024), Some(524_288)), 21_000), Some(21_000));
        assert_eq!(raised(&limit(Some(256), Some(4_096)), 21_000), Some(4_096));
        assert_eq!(raised(&limit(Some(65_536), Some(65_536)), 21_000), Some(65_536));
        assert_eq!(raised(&limit(Some(1_024), None), 21_000), Some(21_000));
        assert_eq!(raised(&limit(None, None), 21_000), None);
    }
}
