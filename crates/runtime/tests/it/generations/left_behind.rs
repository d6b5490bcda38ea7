//! What a crash between two steps leaves in the folder is finished at the next start.

use std::{collections::BTreeSet, fs};

use runtime::rebuild::Wish;

use super::{FIRST, Program, databases, generation, place, record};
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
    let program = serving(2);
    program.reach(head).await;
    program.assert_each_once().await;
    program.tasks.kill().await;
    // A file that is not ours is left alone, whatever its name.
    let foreign = generation(&path, 9);
    fs::write(&foreign, "a letter").expect("written");
    serving(2).tasks.kill().await;
    assert!(foreign.exists());
    drop(folder);
}
