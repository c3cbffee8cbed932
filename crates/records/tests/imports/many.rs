use std::time::Instant;

use base::Kind;

use crate::world::{World, made, report, run};

/// Findings of the large scan report.
const MANY: u32 = 10_000;

#[tokio::test]
async fn ten_thousand_findings_are_sent_in_bounded_bundles() {
    for mut world in World::all().await {
        let results: Vec<_> = (0..MANY).map(|n| made(format!("r{n}"))).collect();
        let text = report(&[run("Saw", &results)]);
        let started = Instant::now();
        assert_eq!(
            world.import(text.clone()).await.counts(),
            [10_000, 10_000, 0, 0, 0, 0, 0]
        );
        println!("{}: created in {:?}", world.database, started.elapsed());
        let batches = world.batches();
        assert!(batches.len() <= 42, "{} commits", batches.len());
        let bundled = |batch: &base::bus::Batch| batch.iter().filter(|event| event.bundle.is_some()).count();
        assert_eq!(batches.iter().map(bundled).sum::<usize>(), 10_000);
        assert!(batches.iter().all(|batch| bundled(batch) <= 250));
        let single: Vec<_> = batches
            .iter()
            .flat_map(|batch| batch.iter())
            .filter(|event| event.bundle.is_none())
            .collect();
        assert_eq!(
            single.iter().map(|event| event.kind).collect::<Vec<_>>(),
            [Kind::ScanStarted, Kind::ScanCompleted]
        );

        let started = Instant::now();
        assert_eq!(world.import(text).await.counts(), [10_000, 0, 0, 0, 0, 10_000, 0]);
        println!("{}: unchanged in {:?}", world.database, started.elapsed());
        assert_eq!(world.events().len(), 2);

        let started = Instant::now();
        assert_eq!(
            world.import(report(&[run("Saw", &[])])).await.counts(),
            [0, 0, 0, 0, 10_000, 0, 0]
        );
        println!("{}: closed in {:?}", world.database, started.elapsed());
        let batches = world.batches();
        assert!(
            batches.len() <= 23 && batches.iter().all(|batch| batch.len() <= 500),
            "{}",
            batches.len()
        );
    }
}

#[tokio::test]
async fn a_long_list_of_skipped_results_is_truncated_and_counted() {
    let world = World::all().await.remove(0);
    let results = vec![made("same"); 1_500];
    let answer = world.import(report(&[run("Saw", &results)])).await;
    assert_eq!(answer.counts(), [1_500, 1, 0, 0, 0, 0, 1_499]);
}
