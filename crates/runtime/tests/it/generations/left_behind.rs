//! What a crash between two steps leaves in the folder is finished at the next start.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use runtime::{
    Tasks,
    rebuild::Wish,
    sqlite::{Embedded, Location, checkpoint_in},
};

use super::{FIRST, MOMENT, Program, databases, generation, place, record};
use crate::projecting::World;

#[tokio::test(start_paused = true)]
async fn what_a_step_left_behind_is_finished_at_the_next_start() {
    let (world, (folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    let head = record(&world, 20).await;
    program.reach(head).await;
    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    program.until_kept().await;
    program.tasks.kill().await;
    drop(program);
    let record_of = |text: &str| fs::write(path.with_file_name("model.db.generations"), text);
    let serving = |number: u32| {
        let program = Program::start(&world, &path, FIRST);
        assert_eq!(program.serves(), number);
        program
    };

    // Dropped in the record, and the file is still there.
    record_of(r#"{"Current":2,"Other":null,"Last":2}"#).expect("written");
    serving(2).tasks.kill().await;
    assert_eq!(databases(&path), BTreeSet::from([generation(&path, 2)]));
    // Begun in the record, and the file is not there yet.
    record_of(r#"{"Current":2,"Other":{"Number":3,"Purpose":"building"},"Last":3}"#)
        .expect("written");
    let program = serving(2);
    program.until_kept().await;
    assert_eq!(program.serves(), 3);
    program.assert_each_once().await;
    program.tasks.kill().await;
    drop(program);
    // Half a record next to the whole one, and a record that nobody can read.
    fs::write(path.with_file_name("model.db.generations-new"), "{").expect("written");
    serving(3).tasks.kill().await;
    record_of("{").expect("written");
    let program = serving(3);
    program.reach(head).await;
    program.assert_each_once().await;
    program.tasks.kill().await;
    drop(program);
    assert!(generation(&path, 2).exists(), "nothing says that it may go");
    // What is not ours is left alone, whatever its name; and so is a copy that no rebuild has made.
    record_of(r#"{"Current":3,"Other":null,"Last":3}"#).expect("written");
    let (foreign, copy) = (generation(&path, 1), generation(&path, 9));
    fs::write(&foreign, "a letter").expect("written");
    fs::copy(generation(&path, 3), &copy).expect("copied");
    let dated = path.with_file_name("model.db.20261130");
    fs::copy(generation(&path, 3), &dated).expect("copied");
    serving(3).tasks.kill().await;
    assert!(foreign.exists() && copy.exists() && dated.exists());
    assert!(!generation(&path, 2).exists(), "left behind");
    // A record that is there and cannot be read is no reason to choose another model.
    fs::remove_file(path.with_file_name("model.db.generations")).expect("removed");
    fs::create_dir(path.with_file_name("model.db.generations")).expect("made");
    let refused = Embedded::open(FIRST, Location::File(path.clone()), Tasks::new());
    let said = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains("model.db.generations") && said.contains("cannot be read"), "{said}");
    drop(folder);
}

#[tokio::test(start_paused = true)]
async fn both_generations_are_left_alone_where_the_log_is_not_theirs() {
    let (world, (_folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    program.reach(record(&world, 20).await).await;
    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    program.until_kept().await;
    program.tasks.kill().await;
    drop(program);
    let reached = || [1, 2].map(|number| checkpoint_in(&file(&path, number)));
    let before = reached();

    let other = World::open().await;
    record(&other, 5).await;
    let program = Program::start(&other, &path, FIRST);
    while !program.tasks.failed() {
        tokio::time::sleep(MOMENT).await;
    }
    program.tasks.kill().await;
    assert_eq!(reached(), before);
}

fn file(path: &Path, number: u32) -> PathBuf {
    if number == 1 { path.to_owned() } else { generation(path, number) }
}
