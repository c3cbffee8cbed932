//! Points where a test can crash the process, to see what survives, and a wall clock that it can set. Does nothing unless the
//! feature is enabled.

/// Ends the process at once, as `kill -9` would, if the environment says
/// `CAMPANILE_FAILPOINT=name=N` and this is the Nth time that `name` is passed.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };
    static WANTED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let setting = std::env::var("CAMPANILE_FAILPOINT").ok()?;
        let (name, count) = setting.split_once('=')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);
    if let Some((wanted, count)) = &*WANTED
        && wanted == name
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *count
    {
        std::process::abort();
    }
}

/// Does nothing: the feature `failpoints` is off.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn hit(_: &str) {}

/// How many seconds the wall clock is ahead of the machine's, or behind it if negative: read from the file that
/// `CAMPANILE_TEST_CLOCK` names.
#[cfg(feature = "failpoints")]
pub fn clock_is_ahead() -> i64 {
    use std::{path::PathBuf, sync::LazyLock};
    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("CAMPANILE_TEST_CLOCK").map(PathBuf::from));
    let text = FILE.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// Zero: the feature `failpoints` is off.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn clock_is_ahead() -> i64 {
    0
}
