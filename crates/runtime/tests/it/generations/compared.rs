//! What a comparison of two generations found, and by which means.

use runtime::model::Compared;
use rusqlite::Connection;

use super::{FIRST, NEXT, Program, place, record};
use crate::projecting::World;

#[tokio::test(start_paused = true)]
async fn models_of_different_schemas_disagree_by_their_counts() {
    let (world, (_folder, path)) = (World::open().await, place());
    let old = Program::start(&world, &path, FIRST);
    old.reach(record(&world, 20).await).await;
    old.tasks.kill().await;
    drop(old);
    let wrong = Connection::open(&path).expect("the file");
    wrong.execute("DELETE FROM half WHERE half = 3", []).expect("a row that goes missing");
    drop(wrong);
    let new = Program::start(&world, &path, NEXT);
    new.until(|stage| stage.is_some_and(|stage| matches!(stage, super::Stage::Different(_)))).await;
    let compared = new.rebuild.state().compared;
    assert!(matches!(compared, Some(Compared::Disagree(_))), "{compared:?}");
    assert_eq!(new.serves(), 1, "nothing happens by itself");
    new.tasks.kill().await;
}
