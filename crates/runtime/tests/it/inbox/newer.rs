//! Decisions of a newer version: an older subscriber does not know what they decide, and stops in front of them.

use std::time::Duration;

use kernel::{Position, StreamId};
use runtime::{Deps, Progress, inbox::stream as decisions};
use serde_json::json;

use super::{
    cents, decide, entries,
    late::{caught_up, in_purse, reacting, recording},
    reads, record_as, retried, skipped,
};
use crate::projecting::{PATIENCE, World};

/// Has something recorded about the inbox of a subscriber that only a newer version reads.
async fn newer(deps: &Deps, subscriber: &str, kind: &str) -> Position {
    let stream: StreamId = decisions(subscriber);
    record_as(deps, &stream, (kind, 2), &json!({ "subscriber": subscriber, "why": "new" })).await
}

async fn stops_before(progress: &Progress, position: Position) {
    let stopped = format!("stopped before the event at position {position}: schema 2");
    let trouble = async {
        while !progress.trouble().is_some_and(|trouble| trouble.contains(&stopped)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trouble).await.expect("it stops");
}

#[tokio::test(start_paused = true)]
async fn a_model_stops_in_front_of_a_decision_of_a_newer_version() {
    let world = World::open().await;
    let deps = &world.deps;
    let one = world.start_with("depot.projector", reads).await;
    let broken = cents(deps, 1, json!("much")).await;
    one.reaches(cents(deps, 2, json!(1)).await, PATIENCE).await;
    let at = newer(deps, "depot.projector", "inbox.skipped").await;
    stops_before(&one.progress, at).await;
    assert_eq!((one.progress.position().next(), entries(&one.progress)), (at, vec![(broken.0, 0)]));
}

#[tokio::test(start_paused = true)]
async fn a_reactor_stops_in_front_of_what_a_newer_version_recorded_about_its_inbox() {
    for kind in ["inbox.parked", "inbox.retried"] {
        let deps = recording().await;
        let (tasks, progress) = reacting(&deps, false);
        let broken = cents(&deps, 1, json!("much")).await;
        cents(&deps, 2, json!(1)).await;
        caught_up(&deps, &progress).await;
        let at = newer(&deps, "puts.reactor", kind).await;
        cents(&deps, 2, json!(2)).await;
        stops_before(&progress, at).await;
        tasks.kill().await;
        // A restarted one comes to the same place.
        let (tasks, progress) = reacting(&deps, false);
        stops_before(&progress, at).await;
        assert_eq!(progress.position().next(), at, "{kind}");
        assert_eq!((in_purse(&deps).await, entries(&progress)), (vec![1], vec![(broken.0, 0)]));
        tasks.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reactor_sets_nothing_aside_that_a_newer_version_may_have_dealt_with() {
    let deps = recording().await;
    let broken = cents(&deps, 1, json!("much")).await;
    newer(&deps, "puts.reactor", "inbox.parked").await;
    let (tasks, progress) = reacting(&deps, false);
    stops_before(&progress, broken).await;
    assert_eq!(
        deps.store().last(&decisions("puts.reactor")).await.map(|last| last.schema),
        Some(2)
    );
    tasks.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_cannot_be_read_decides_nothing_and_another_one_can_follow() {
    let world = World::open().await;
    let deps = &world.deps;
    let one = world.start_with("depot.projector", reads).await;
    let broken = cents(deps, 1, json!("much")).await;
    let stream = decisions("depot.projector");
    let nonsense = json!({ "subscriber": "depot.projector", "position": "there" });
    let at = record_as(deps, &stream, ("inbox.skipped", 1), &nonsense).await;
    one.reaches(at, PATIENCE).await;
    assert_eq!(entries(&one.progress), [(broken.0, 0)]);
    one.reaches(decide(deps, retried("depot.projector", broken)).await, PATIENCE).await;
    one.reaches(decide(deps, skipped("depot.projector", broken)).await, PATIENCE).await;
    assert_eq!(entries(&one.progress), []);
}
