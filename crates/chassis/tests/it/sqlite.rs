//! A read model's file: only what carries the model's mark is ever emptied, replaced or set aside.

use std::{fs, path::Path};

use chassis::{
    ModelError,
    snapshots::Snapshots,
    sqlite::{Database, Location, Schema},
};
use kernel::Position;

const LAMPS: Schema = Schema {
    model: "lamps",
    unmarked: &["checkpoint", "lamp"],
    number: 2,
    variant: 0,
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
            Snapshots::open(&Location::File(path.clone())).expect_err("refused").to_string();
        assert!(
            sentence.contains("left as it is") && !sentence.contains("--snapshots"),
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
fn a_model_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    // Without and with something else that the rows depend on; a change of that alone is no newer version.
    for (name, variant, other) in [("plain.db", 0, 0), ("zoned.db", 5, 9)] {
        let path = folder.path().join(name);
        let schema = Schema { variant, ..LAMPS };
        let model = open(&path, schema).expect("a new model");
        model.apply(Position::START, Position(7), |_| Ok(())).expect("a change");
        drop(model);
        let older = Schema { number: 1, variant: other, ..LAMPS };
        let sentence = refusal(open(&path, older));
        assert!(sentence.contains("newer version") && sentence.contains(name), "{sentence}");
        assert_eq!(open(&path, schema).expect("ours").checkpoint().expect("one"), Position(7));
        if other != variant {
            let moved = open(&path, Schema { variant: other, ..LAMPS }).expect("ours");
            assert_eq!(moved.checkpoint().expect("a position"), Position::START);
        }
    }
}

/// Damages a file in use from `from` on; what a database has read of it, it may remember.
fn damage(path: &Path, from: u64) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::OpenOptions::new().write(true).open(path).expect("a file");
    let bytes = file.metadata().expect("a size").len();
    let noise = vec![0xa5; usize::try_from(bytes - from).expect("small")];
    file.write_all_at(&noise, from).expect("damage");
}

#[tokio::test]
async fn damage_found_while_running_is_set_aside_and_the_model_begins_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    // Wherever it is: in the header, behind it, in the table of the rows; found by a read or by a write.
    for (from, by_write) in [(0, false), (100, true), (4096, false), (8192, true), (12_288, false)]
    {
        let model = open(&path, LAMPS).expect("a model");
        let insert = |tx: &rusqlite::Transaction<'_>| {
            (0..5000).try_for_each(|id| {
                tx.execute("INSERT OR REPLACE INTO lamp VALUES (?1)", [id]).map(drop)
            })
        };
        let at = model.checkpoint().expect("a position");
        model.apply(at, Position(at.0 + 1), insert).expect("a change");
        // What was written stands in the log beside the file until then.
        drop(model);
        let model = open(&path, LAMPS).expect("a model");
        damage(&path, from);
        let found = if by_write {
            let at = Position(at.0 + 1);
            model.apply(at, at.next(), |tx| {
                tx.execute("DELETE FROM lamp", []).map(drop)?;
                insert(tx)
            })
        } else {
            model.read(|lamps| lamps.query_row("SELECT sum(id) FROM lamp", [], |_| Ok(())))
        };
        assert!(matches!(found, Err(ModelError::Damaged(_))), "from {from}: {found:?}");
        model.damaged().await;
        model.recover().expect("a new one");
        assert_eq!(model.checkpoint().expect("a position"), Position::START, "from {from}");
        assert!(folder.path().join("lamps.db.damaged").exists());
        model.apply(Position::START, Position(1), insert).expect("it works again");
        let sum: i64 = model
            .read(|lamps| lamps.query_row("SELECT sum(id) FROM lamp", [], |row| row.get(0)))
            .expect("an answer");
        assert_eq!(sum, 4999 * 2500);
        drop(model);
        assert_eq!(open(&path, LAMPS).expect("whole").checkpoint().expect("one"), Position(1));
    }
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
