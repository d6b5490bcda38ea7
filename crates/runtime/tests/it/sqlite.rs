//! A read model's file: only what carries the model's mark is ever emptied, replaced or set aside.

use std::{fs, path::Path};

use kernel::Position;
use runtime::{
    ModelError, snapshots::Snapshots, sqlite::Database, sqlite::Location, sqlite::Schema,
};

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

/// A file of noise in place of some of another's bytes.
fn noise(path: &Path, from: usize, bytes: usize) {
    let mut content = fs::read(path).expect("a file");
    content.iter_mut().skip(from).take(bytes).for_each(|byte| *byte = !*byte);
    fs::write(path, content).expect("damage");
}

/// The file of a model with enough rows for several pages.
fn many_lamps(path: &Path) {
    let model = open(path, LAMPS).expect("a new model");
    let insert = |tx: &rusqlite::Transaction<'_>| {
        (0..3000)
            .try_for_each(|id| tx.execute("INSERT INTO lamp VALUES (?1)", [id + 1000]).map(drop))
    };
    model.apply(Position::START, Position(7), insert).expect("a change");
}

#[test]
fn a_damaged_page_is_found_by_a_look_through_the_file_wherever_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    many_lamps(&path);
    let whole = fs::read(&path).expect("a file");
    let pages = whole.len() / 4096;
    assert!(pages > 4, "{pages} pages");
    for page in 0..pages {
        fs::write(&path, &whole).expect("a whole file");
        noise(&path, page * 4096, 4096);
        let model = open(&path, LAMPS).expect("used as it is, or begun again");
        if model.look_through().is_err() {
            model.recover().expect("set aside and begun again");
        }
        assert_eq!(model.checkpoint().expect("a position"), Position::START, "page {page}");
    }
    // Without a header that is known, each of them keeps a place of its own.
    assert!(folder.path().join("lamps.db.damaged").exists());
}

#[test]
fn a_header_is_ours_by_the_note_beside_it_whichever_of_its_bytes_are_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    many_lamps(&path);
    let whole = fs::read(&path).expect("a file");
    for byte in 0..100 {
        fs::write(&path, &whole).expect("a whole file");
        noise(&path, byte, 1);
        let at = open(&path, LAMPS).expect("used, or begun again").checkpoint().expect("one");
        assert!([Position::START, Position(7)].contains(&at), "byte {byte}: {at}");
        // Whatever was left of it can go on.
        assert!(open(&path, LAMPS).is_ok(), "byte {byte}");
    }
}

#[test]
fn a_database_of_another_program_put_over_a_model_is_refused_and_a_text_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    lamps(&path);
    fs::remove_file(&path).expect("gone");
    let other = rusqlite::Connection::open(&path).expect("a database");
    other.execute_batch("CREATE TABLE precious (a); PRAGMA application_id = 77").expect("a table");
    drop(other);
    let before = fs::read(&path).expect("a file");
    assert!(refusal(open(&path, LAMPS)).contains("left as it is"));
    assert_eq!(fs::read(&path).expect("still there"), before);
    // What nothing tells from a damaged model is set aside whole, and stays whatever is set aside later.
    for text in ["Bread, milk.\n", "Eggs.\n"] {
        fs::write(&path, text.repeat(100)).expect("a file");
        drop(open(&path, LAMPS).expect("begun again"));
    }
    for (name, text) in [("lamps.db.damaged", "Bread, milk.\n"), ("lamps.db.damaged-2", "Eggs.\n")]
    {
        assert_eq!(fs::read_to_string(folder.path().join(name)).expect("kept"), text.repeat(100));
    }
}

#[test]
fn damaged_snapshots_begin_again_wherever_the_damage_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("snapshots.db");
    let location = Location::File(path.clone());
    drop(Snapshots::open(&location).expect("new ones"));
    let whole = fs::read(&path).expect("a file");
    for page in 0..whole.len() / 4096 {
        fs::write(&path, &whole).expect("a whole file");
        noise(&path, page * 4096, 4096);
        Snapshots::open(&location).expect("begun again").clear().expect("they work");
    }
}

#[tokio::test]
async fn a_file_or_its_log_cut_short_beneath_a_running_process_is_damage() {
    for cut in ["lamps.db", "lamps.db-wal"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lamps.db");
        many_lamps(&path);
        let model = open(&path, LAMPS).expect("a model");
        let insert = |tx: &rusqlite::Transaction<'_>| {
            tx.execute("UPDATE lamp SET id = id + 100000", []).map(drop)
        };
        model.apply(Position(7), Position(8), insert).expect("a change");
        let file = fs::OpenOptions::new().write(true).open(folder.path().join(cut)).expect("one");
        file.set_len(0).expect("cut");
        let sum = |model: &Database| {
            model.read(|lamps| lamps.query_row("SELECT sum(id) FROM lamp", [], |_| Ok(())))
        };
        // Pages in memory may answer; a connection of its own has none.
        let mut found = sum(&model);
        for position in 8..40 {
            if found.is_err() {
                break;
            }
            let change = |tx: &rusqlite::Transaction<'_>| {
                tx.execute("UPDATE lamp SET id = id + 1", []).map(drop)
            };
            found = model.apply(Position(position), Position(position + 1), change);
        }
        if found.is_ok() {
            drop(model);
            assert!(open(&path, LAMPS).is_ok(), "{cut}");
            continue;
        }
        assert!(matches!(found, Err(ModelError::Damaged(_))), "{cut}: {found:?}");
        model.damaged().await;
        model.recover().expect("a new one");
        assert_eq!(model.checkpoint().expect("a position"), Position::START, "{cut}");
    }
}

#[test]
fn what_someone_else_changed_about_the_tables_is_told() {
    const INDEXED: Schema = Schema {
        create: "CREATE TABLE lamp (id INTEGER PRIMARY KEY, room TEXT); CREATE INDEX lamp_room ON lamp (room)",
        ..LAMPS
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lamps.db");
    let model = open(&path, INDEXED).expect("a new model");
    let other = rusqlite::Connection::open(&path).expect("the same file");
    let change = |sql: &str| other.execute_batch(sql).expect("a change");
    assert_eq!(model.strange(), [""; 0]);
    change("CREATE INDEX of_someone_else ON lamp (id)");
    assert_eq!(model.strange(), [""; 0], "one index more does no harm");
    change("DROP INDEX lamp_room");
    change("CREATE TRIGGER report AFTER UPDATE ON checkpoint BEGIN SELECT 1; END");
    let told = model.strange();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("lacks the index lamp_room of the table lamp"), "{told:?}");
    assert!(told[1].contains("the trigger report on the table checkpoint"), "{told:?}");
    model.reset().expect("an empty model");
    assert_eq!(model.strange(), [""; 0], "made again");
}
