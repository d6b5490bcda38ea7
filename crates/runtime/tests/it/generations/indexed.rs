//! Indexes that only readers need: whatever serves has them, what is being built does not.

use std::fs;

use runtime::{
    ReadModel as _,
    rebuild::{Stage, Wish},
};
use rusqlite::Connection;

use super::{FIRST, Program, generation, place, record};
use crate::projecting::World;

fn is_indexed(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = 'happened_half'";
    connection.query_row(sql, [], |row| row.get::<_, u32>(0)).map(|count| count == 1)
}

#[tokio::test(start_paused = true)]
async fn a_generation_is_indexed_when_it_is_to_serve() {
    let (world, (_folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    program.reach(record(&world, 20).await).await;
    assert!(program.model.read(is_indexed).expect("an answer"), "from its beginning");
    // Different rows keep the new one from serving.
    let wrong = Connection::open(&path).expect("the file");
    wrong.execute("UPDATE half SET times = 7 WHERE half = 3", []).expect("a row that is wrong");
    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    program.until(|stage| matches!(stage, Some(Stage::Different(_)))).await;
    let built = Connection::open(generation(&path, 2)).expect("the file");
    assert!(!is_indexed(&built).expect("an answer"), "while it is built");
    program.rebuild.ask(Wish::Switch).await.expect("the new one is right");
    program.until_kept().await;
    assert_eq!(program.serves(), 2);
    assert!(program.model.read(is_indexed).expect("an answer"), "when it serves");
    // A model that is emptied is filled again with them.
    program.rebuild.ask(Wish::Drop).await.expect("dropped");
    program.model.reset().await.expect("it is emptied");
    assert!(program.model.read(is_indexed).expect("an answer"), "after it was emptied");
    program.tasks.kill().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_serves_without_them_is_indexed_at_the_start() {
    let (world, (_folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    program.reach(record(&world, 20).await).await;
    program.tasks.kill().await;
    drop(program);
    // As a program of before there were any, or a crash just before they were made, left it.
    let file = Connection::open(&path).expect("the file");
    file.execute("DROP INDEX happened_half", []).expect("there is one");
    drop(file);
    let program = Program::start(&world, &path, FIRST);
    assert!(program.model.read(is_indexed).expect("an answer"));
    program.tasks.kill().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_damaged_is_built_again_with_them() {
    let (world, (_folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    program.reach(record(&world, 200).await).await;
    program.tasks.kill().await;
    let database = program.model.database().expect("a database");
    let file = Connection::open(&path).expect("the file");
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all is in the file");
    drop(file);
    let mut bytes = fs::read(&path).expect("the file");
    bytes[4096..].fill(7);
    fs::write(&path, bytes).expect("it is damaged");
    database.look_through().expect_err("it is damaged");
    database.recover().expect("a new one");
    assert!(program.model.read(is_indexed).expect("an answer"));
}
