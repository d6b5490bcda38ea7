//! Databases in memory that outlive those who use them, as files do: for a simulated machine, whose programs crash and whose disk stays.

use std::{collections::BTreeMap, fmt, sync::Mutex};

use kernel::sync;
use rusqlite::Connection;

use super::{Location, Schema};

/// Keeps a database in memory alive, with what is noted beside it and the databases that the note names; all of it is gone once the last
/// one for that database is dropped.
pub struct Held {
    location: Location,
    database: Connection,
}

impl Held {
    /// The database itself, as whatever else there is on that machine may use it.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.database
    }

    /// Simulates that another version is installed: from now on, the schema's number is higher by `ahead` for every program that opens the database,
    /// and the number that the tables state still serves. With 0, it is the older version again.
    pub fn install(&self, ahead: u32) {
        if let Some(beside) = sync::lock(&HELD).get_mut(&self.location) {
            beside.ahead = ahead;
        }
    }
}

/// What belongs to a database in memory that is held.
#[derive(Default)]
struct Beside {
    holders: usize,
    note: Option<Vec<u8>>,
    others: BTreeMap<Location, Connection>,
    ahead: u32,
}

/// By database: those in memory are known by their names throughout the process.
static HELD: Mutex<BTreeMap<Location, Beside>> = Mutex::new(BTreeMap::new());

/// Holds a database.
pub fn hold(location: &Location) -> rusqlite::Result<Held> {
    let database = location.connect()?;
    sync::lock(&HELD).entry(location.clone()).or_default().holders += 1;
    Ok(Held { location: location.clone(), database })
}

/// What was noted beside a database that is held.
pub(super) fn noted(location: &Location) -> Option<Vec<u8>> {
    sync::lock(&HELD).get(location)?.note.clone()
}

/// The schema, and the older numbers that serve as well, of the program that is installed for a database.
pub(super) fn as_installed(
    location: &Location,
    schema: Schema,
    mut serves: Vec<u32>,
) -> (Schema, Vec<u32>) {
    let ahead = sync::lock(&HELD).get(location).map_or(0, |beside| beside.ahead);
    if ahead == 0 {
        return (schema, serves);
    }
    serves.push(schema.number);
    (Schema { number: schema.number + ahead, ..schema }, serves)
}

/// Notes something beside a database, and holds exactly the others that are named now; does nothing for one that is not held itself.
pub(super) fn note(
    location: &Location,
    note: Vec<u8>,
    named: impl IntoIterator<Item = Location>,
) -> rusqlite::Result<()> {
    let mut held = sync::lock(&HELD);
    let Some(beside) = held.get_mut(location) else { return Ok(()) };
    let mut others = BTreeMap::new();
    for other in named {
        let database = match beside.others.remove(&other) {
            Some(database) => database,
            None => other.connect()?,
        };
        others.insert(other, database);
    }
    beside.note = Some(note);
    beside.others = others;
    Ok(())
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = sync::lock(&HELD);
        if let Some(beside) = held.get_mut(&self.location) {
            beside.holders -= 1;
            if beside.holders == 0 {
                held.remove(&self.location);
            }
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({})", self.location)
    }
}
