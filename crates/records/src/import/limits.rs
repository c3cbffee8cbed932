//! How large scan reports may be, and how long an upload may take.

use std::time::Duration;

/// When to retry while a share is used up.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Maximum sizes of scan reports in bytes, and how long an upload may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// As sent.
    pub taken: usize,
    /// Uncompressed, for compressed ones.
    pub unpacked: usize,
    /// All that are spooled at once, uncompressed. One company has a quarter of it, but at least one scan report of the
    /// maximum size.
    pub spooled: usize,
    /// Minimum average speed of an upload in bytes per second, except for its first half minute.
    pub pace: u64,
    /// Maximum total time of an upload.
    pub longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            taken: 200_000_000,
            unpacked: 500_000_000,
            spooled: 4_000_000_000,
            pace: 1_000,
            longest: Duration::from_hours(1),
        }
    }
}
