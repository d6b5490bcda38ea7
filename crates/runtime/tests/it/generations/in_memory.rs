//! The generations of a model in memory: as on a disk while something holds it, and gone with that.

use runtime::{
    ReadModel as _,
    rebuild::{Stage, Wish},
    sqlite::{Location, hold},
};

use super::{FIRST, Program, record};
use crate::projecting::World;

#[tokio::test(start_paused = true)]
async fn a_model_that_is_held_keeps_its_generations_over_a_restart_and_leaves_nothing() {
    let world = World::open().await;
    let place = Location::Memory("held-happenings".to_owned());
    let held = hold(&place).expect("memory");
    let program = Program::start_at(&world, place.clone(), FIRST);
    program.reach(record(&world, 40).await).await;
    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    program.tasks.kill().await;
    drop(program);
    // It was being built, and goes on.
    let program = Program::start_at(&world, place.clone(), FIRST);
    program.until_kept().await;
    program.reach(record(&world, 5).await).await;
    program.tasks.kill().await;
    drop(program);
    let program = Program::start_at(&world, place.clone(), FIRST);
    assert_eq!(program.serves(), 2);
    assert!(program.model.checkpoint().await.expect("a checkpoint").0 >= 45, "with all its rows");
    program.until(|stage| stage == Some(&Stage::Kept)).await;
    program.assert_each_once().await;
    program.rebuild.ask(Wish::Switch).await.expect("the one before is there too");
    program.until_kept().await;
    program.rebuild.ask(Wish::Drop).await.expect("dropped");
    program.tasks.kill().await;
    drop((program, held));
    let fresh = Program::start_at(&world, place, FIRST);
    assert_eq!((fresh.serves(), fresh.rebuild.state().beside), (1, None), "nothing is left");
    fresh.tasks.kill().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_installed_for_a_model_finds_it_as_its_own_version_would() {
    let world = World::open().await;
    let place = Location::Memory("installed-happenings".to_owned());
    let held = hold(&place).expect("memory");
    let older = Program::start_at(&world, place.clone(), FIRST);
    older.reach(record(&world, 20).await).await;
    older.tasks.kill().await;
    drop(older);
    // The newer version serves what it finds, and replaces it by its own.
    held.install(1);
    let newer = Program::start_at(&world, place.clone(), FIRST);
    assert_eq!(newer.serves(), 1);
    newer.until_kept().await;
    assert_eq!(newer.serves(), 2);
    newer.reach(record(&world, 5).await).await;
    newer.tasks.kill().await;
    drop(newer);
    // The older one goes back to what it can read.
    held.install(0);
    let older = Program::start_at(&world, place.clone(), FIRST);
    assert_eq!(older.serves(), 1);
    older.reach(record(&world, 5).await).await;
    older.assert_each_once().await;
    older.tasks.kill().await;
    drop((older, held));
}
