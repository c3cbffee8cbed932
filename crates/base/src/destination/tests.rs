//! The guard against a table of hostile URLs.

use super::*;

// promise: S1
#[test]
fn official_urls_pass() {
    assert!(slack("https://hooks.slack.com/services/T000/B000/XXXX").is_ok());
}
