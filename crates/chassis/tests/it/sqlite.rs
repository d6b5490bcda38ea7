//! A read model's file: only what carries the model's mark is ever emptied, replaced or set aside.

use std::{fs, path::Path};

use chassis::{
    ModelError,
    sqlite::{Database, Location, Schema, open_disposable},
};
use kernel::Position;

const LAMPS: Schema = Schema {
    model: "lamps",
    unmarked: &["checkpoint", "lamp"],
    number: 2,
    create: "CREATE TABLE lamp (id INTEGER PRIMARY KEY)",
};

fn open(path: &Path, schema: Schema) -> Result<Database, ModelError> {
    Database::open(Location::File(path.to_owned()), schema)
}

/// A model with one lamp, at position 7.
fn lamps(path: &Path) {
    let model = open(path, LAMPS).expect("a new model");
    let insert =
        |tx: &rusqlite::Transaction<'_>| tx.execute("INSERT INTO lamp VALUES (1)", []).map(drop);
    model.apply(Position::START, Position(7), insert).expect("a change");
}

fn refusal(opened: Result<Database, ModelError>) -> String {
    match opened.expect_err("refused") {
        ModelError::Refused(sentence) => sentence,
        other => panic!("not a sentence: {other}"),
    }
}

#[test]
fn what_belongs_to_another_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("precious.db");
    let precious = rusqlite::Connection::open(&database).expect("a database");
    precious
        .execute_batch("CREATE TABLE precious (a); INSERT INTO precious VALUES (1)")
        .expect("a table");
    drop(precious);
    let text = folder.path().join("notes.txt");
    fs::write(&text, "Bread, milk.\n".repeat(100)).expect("a file");
    let marked = folder.path().join("marked.db");
    let other = rusqlite::Connection::open(&marked).expect("a database");
    other.execute_batch("PRAGMA application_id = 77").expect("a mark");
    drop(other);
    for path in [database, text, marked] {
        let before = fs::read(&path).expect("a file");
        let sentence = refusal(open(&path, LAMPS));
        assert!(
            sentence.contains("--lamps-model") && sentence.contains(path.to_str().expect("UTF-8")),
            "{sentence}"
        );
        let sentence =
            open_disposable(&Location::File(path.clone())).expect_err("refused").to_string();
        assert!(
            sentence.contains("left as it is") || sentence.contains("left as it was"),
            "{sentence}"
        );
        assert_eq!(fs::read(&path).expect("still there"), before);
    }
}

#[test]
fn the_model_of_another_service_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    lamps(&path);
    let vases = Schema { model: "vases", ..LAMPS };
    assert!(refusal(open(&path, vases)).contains("--vases-model"));
    assert_eq!(open(&path, LAMPS).expect("ours").checkpoint().expect("a position"), Position(7));
}

#[test]
fn our_own_of_another_schema_is_emptied_and_one_without_a_mark_is_adopted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    lamps(&path);
    let unmark = rusqlite::Connection::open(&path).expect("a database");
    unmark.execute_batch("PRAGMA application_id = 0").expect("no mark");
    drop(unmark);
    assert_eq!(open(&path, LAMPS).expect("adopted").checkpoint().expect("a position"), Position(7));
    let newer = Schema { number: 3, ..LAMPS };
    let emptied = open(&path, newer).expect("ours").checkpoint().expect("a position");
    assert_eq!(emptied, Position::START);
}

#[test]
fn a_damaged_model_is_set_aside_and_begun_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    lamps(&path);
    let mut bytes = fs::read(&path).expect("a file");
    bytes.get_mut(..16).expect("a header").fill(b'x');
    fs::write(&path, &bytes).expect("damage");
    let model = open(&path, LAMPS).expect("set aside and begun again");
    assert_eq!(model.checkpoint().expect("a position"), Position::START);
    assert_eq!(fs::read(folder.path().join("lamps.db.damaged")).expect("set aside"), bytes);
}

#[test]
fn an_error_that_may_pass_deletes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    lamps(&path);
    let before = fs::read(&path).expect("a file");
    // A folder where SQLite's log has to be is one way in which opening fails, also for the superuser.
    fs::create_dir(folder.path().join("lamps.db-wal")).expect("a folder");
    let sentence = refusal(open(&path, LAMPS));
    assert!(
        sentence.contains("cannot be opened") && sentence.contains("nothing was changed"),
        "{sentence}"
    );
    assert_eq!(fs::read(&path).expect("still there"), before);
    fs::remove_dir(folder.path().join("lamps.db-wal")).expect("removed");
    assert_eq!(open(&path, LAMPS).expect("ours").checkpoint().expect("a position"), Position(7));
}
