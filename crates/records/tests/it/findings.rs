//! Findings.

use crate::support::World;

#[tokio::test]
async fn begins() {
    for mut world in World::all().await {
        assert!(world.events().is_empty(), "{}", world.database);
    }
}
