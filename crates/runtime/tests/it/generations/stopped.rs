//! A rebuild in front of an event that only a newer version of the program reads.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use kernel::{Position, Recorded};
use runtime::Unfit;

use super::*;

/// The last event that this version reads.
const READ_TO: Position = Position(3);
const MINUTES: usize = 10;

/// How often an event was read that a newer version recorded.
static NEWER_READ: AtomicUsize = AtomicUsize::new(0);

fn project(event: &Recorded) -> Result<Option<Position>, Unfit> {
    if event.position <= READ_TO {
        return Ok(Some(event.position));
    }
    NEWER_READ.fetch_add(1, Ordering::Relaxed);
    Err(Unfit::Newer("schema 2".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_in_front_of_an_event_of_a_newer_version_says_so_and_rests() {
    let (world, folder) = (World::open().await, tempfile::tempdir().expect("a folder"));
    record(&world, 5).await;
    let path = folder.path().join("model.db");
    let program = Program::start_with(&world, Location::File(path), FIRST, project);
    program.reach(READ_TO).await;
    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    let is_stopped = |stage: Option<&Stage>| matches!(stage, Some(Stage::Failing(why)) if why.contains("Start the newer version"));
    program.until(is_stopped).await;
    let before = NEWER_READ.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_mins(MINUTES as u64)).await;
    program.until(is_stopped).await;
    let read = NEWER_READ.load(Ordering::Relaxed) - before;
    assert!(read <= 2 * MINUTES, "read {read} times in {MINUTES} minutes");
    program.tasks.kill().await;
}
