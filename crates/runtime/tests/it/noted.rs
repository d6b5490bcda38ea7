//! What a database notes of the rows that change.

use kernel::Position;
use runtime::{
    ModelError,
    sqlite::{Database, Location, RowChange, Schema},
};

const LAMPS: Schema = Schema {
    model: "noted-lamps",
    unmarked: &[],
    number: 1,
    variant: 0,
    create:
        "CREATE TABLE lamp (id BLOB PRIMARY KEY, name TEXT NOT NULL, price INTEGER) WITHOUT ROWID;
             CREATE TABLE tally (lamps INTEGER NOT NULL);
             INSERT INTO tally VALUES (0);",
};
const ID: &str = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";

fn database(name: &str) -> Database {
    let database = Database::open(Location::Memory(format!("noted-{name}")), LAMPS);
    let database = database.expect("it is in memory");
    database.note_changes().expect("it takes triggers");
    database
}

/// Runs statements as the change to the next position.
fn change(database: &Database, sql: &str) -> Result<(), ModelError> {
    let from = database.checkpoint()?;
    let sql = sql.replace("ID", "X'0190c7f28b1e7c3a9f001234567890ab'");
    database.apply(from, Position(from.0 + 1), |transaction| transaction.execute_batch(&sql))
}

/// Each noted change as `table key: before → after`.
fn noted(database: &Database) -> Vec<String> {
    let values = |values: Option<Vec<Option<String>>>| {
        let values = values.unwrap_or_default();
        let values: Vec<_> =
            values.into_iter().map(|value| value.unwrap_or("NULL".to_owned())).collect();
        values.join(",")
    };
    let line = |change: RowChange| {
        let RowChange { table, key, before, after, .. } = change;
        format!("{table} {}: {} → {}", key.join(","), values(before), values(after))
    };
    database.noted().expect("notes").into_iter().map(line).collect()
}

#[test]
fn rows_are_noted_once_with_what_was_before() {
    let lamps = database("once");
    change(&lamps, "INSERT INTO lamp VALUES (ID, 'Desk', NULL); UPDATE tally SET lamps = 1")
        .expect("a change");
    let (added, counted) = (format!("lamp {ID}:  → {ID},Desk,NULL"), "tally : 0 → 1".to_owned());
    assert_eq!(noted(&lamps), [added, counted]);
    assert!(noted(&lamps).is_empty(), "what was noted is reported once");
    change(&lamps, "UPDATE lamp SET price = 5; UPDATE lamp SET price = 7, name = 'It''s'")
        .expect("a change");
    assert_eq!(noted(&lamps), [format!("lamp {ID}: {ID},Desk,NULL → {ID},It's,7")]);
    change(&lamps, "INSERT OR REPLACE INTO lamp VALUES (ID, 'Wall', 7)").expect("a change");
    assert_eq!(noted(&lamps), [format!("lamp {ID}: {ID},It's,7 → {ID},Wall,7")]);
    change(&lamps, "DELETE FROM lamp").expect("a change");
    assert_eq!(noted(&lamps), [format!("lamp {ID}: {ID},Wall,7 → ")]);
}

#[test]
fn what_changes_nothing_in_the_end_is_not_noted() {
    let lamps = database("nothing");
    change(&lamps, "UPDATE tally SET lamps = 5; UPDATE tally SET lamps = 0").expect("a change");
    change(&lamps, "INSERT INTO lamp VALUES (ID, 'Desk', 1); DELETE FROM lamp").expect("a change");
    let unfit = change(&lamps, "UPDATE tally SET lamps = 9; INSERT INTO lamp VALUES (ID, NULL, 1)");
    assert!(matches!(unfit, Err(ModelError::Unfit(_))), "{unfit:?}");
    assert!(noted(&lamps).is_empty());
}
