//! Compares the rows of two databases of a model, a few at a time, each as it was when the comparison began.

use std::collections::VecDeque;

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter, types::Value, types::ValueRef};
use store::Balance;

use super::{Database, Tables, content::compared, content::names};
use crate::{
    ModelError,
    model::{Compared, Comparison},
};

/// Rows of each database read in a step: some milliseconds' worth.
const ROWS: usize = 5000;

/// A comparison. Dropping it lets the databases forget how they were.
pub(super) struct Rows {
    sides: [Side; 2],
    /// The tables that are still to be compared.
    tables: VecDeque<Table>,
    is_same_schema: bool,
    /// That are known to be alike.
    alike: u64,
    balances: fn(&Connection) -> rusqlite::Result<Vec<Balance>>,
    done: Option<Compared>,
}

/// One of the databases: a connection within a transaction, which sees what was there when it began.
struct Side {
    database: Database,
    connection: Connection,
    /// How far it is in the table.
    after: Option<Vec<Value>>,
    is_through: bool,
    sum: Sum,
    row: Vec<u8>,
}

/// What is known of a table's rows: how many there are, and the sum of their hashes, whatever their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    hashes: [u64; 4],
}

/// A table, and the columns that its rows are sorted by.
struct Table {
    name: String,
    key: Vec<String>,
}

impl Rows {
    /// Begins to compare: the rows of all tables, or, of different schemas, how many there are in the tables that both have.
    pub(super) fn of<T: Tables>(
        serving: &Database,
        other: &Database,
        is_same_schema: bool,
    ) -> Result<Self, ModelError> {
        let sides = [Side::of(serving)?, Side::of(other)?];
        let [mine, others] = &sides;
        let (mine, others) = (compared(&mine.connection)?, compared(&others.connection)?);
        let mut done = None;
        if is_same_schema && mine != others {
            done = Some(Compared::Differ(format!(
                "the serving model has the tables {}, the new one {}",
                mine.join(", "),
                others.join(", ")
            )));
        }
        let mut tables = VecDeque::new();
        for name in mine.into_iter().filter(|name| others.contains(name)) {
            if name != "checkpoint" {
                let [Side { connection, .. }, _] = &sides;
                tables.push_back(Table { key: key(connection, &name)?, name });
            }
        }
        Ok(Self { sides, tables, is_same_schema, alike: 0, balances: T::balances, done })
    }

    /// Compares to the end.
    pub(super) fn finish(&mut self) -> Result<(), ModelError> {
        while self.done.is_none() {
            self.one_step()?;
        }
        Ok(())
    }

    fn one_step(&mut self) -> Result<(), ModelError> {
        let Some(table) = self.tables.front() else {
            self.done = Some(self.conclude()?);
            return Ok(());
        };
        for side in self.sides.iter_mut().filter(|side| !side.is_through) {
            let read = if self.is_same_schema { side.read(table) } else { side.count(table) };
            // Damage that shows here is dealt with as if a reader had met it.
            side.database.noticed(read.map_err(ModelError::from))?;
        }
        let [mine, other] = &mut self.sides;
        if mine.is_through && other.is_through {
            let (mine, other) = (mine.take(), other.take());
            if mine == other {
                self.alike += mine.rows;
                self.tables.pop_front();
            } else {
                let how = difference(&table.name, mine, other);
                let is_same = self.is_same_schema;
                self.done =
                    Some(if is_same { Compared::Differ(how) } else { Compared::Disagree(how) });
            }
        }
        Ok(())
    }

    /// All rows agree; so must the sums.
    fn conclude(&self) -> Result<Compared, ModelError> {
        let rows = self.alike;
        let [mine, other] = &self.sides;
        if self.is_same_schema {
            return Ok(Compared::Equal { rows });
        }
        let (mine, other) = (
            (self.balances)(&mine.connection).unwrap_or_default(),
            (self.balances)(&other.connection)?,
        );
        let broken = other.iter().find(|balance| balance.left != balance.right);
        if let Some(broken) = broken {
            return Ok(Compared::Disagree(format!(
                "in the new model, {} does not hold",
                broken.name
            )));
        }
        let moved = mine.iter().find(|balance| {
            other.iter().any(|other| other.name == balance.name && other.left != balance.left)
        });
        Ok(match moved {
            Some(moved) => Compared::Disagree(format!("the sums of {} differ", moved.name)),
            None => Compared::Agree { rows },
        })
    }
}

fn difference(table: &str, mine: Sum, other: Sum) -> String {
    if mine.rows == other.rows {
        return format!(
            "of the {} rows of {table}, some have other values in the new model",
            mine.rows
        );
    }
    format!("{table} has {} rows, in the new model {}", mine.rows, other.rows)
}

#[async_trait]
impl Comparison for Rows {
    async fn step(&mut self) -> Result<Option<Compared>, ModelError> {
        if self.done.is_none() {
            self.one_step()?;
        }
        Ok(self.done.clone())
    }
}

impl Side {
    fn of(database: &Database) -> Result<Self, ModelError> {
        let connection = database.connect()?;
        connection.execute_batch("BEGIN")?;
        // A transaction begins with its first read.
        connection.query_row("SELECT position FROM checkpoint", [], |_| Ok(()))?;
        let database = database.clone();
        Ok(Self {
            database,
            connection,
            after: None,
            is_through: false,
            sum: Sum::default(),
            row: Vec::new(),
        })
    }

    /// Reads some more rows of a table.
    fn read(&mut self, table: &Table) -> rusqlite::Result<()> {
        let mut query = self.connection.prepare_cached(&table.page(self.after.is_some()))?;
        let after = self.after.take().unwrap_or_default();
        let (key, columns) = (table.key.len(), query.column_count());
        let mut rows = query.query(params_from_iter(after))?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            self.row.clear();
            for column in key..columns {
                write(&mut self.row, row.get_ref(column)?);
            }
            self.sum.add(&self.row);
            read += 1;
            if read == ROWS {
                let last = (0..key).map(|column| row.get(column));
                self.after = Some(last.collect::<rusqlite::Result<_>>()?);
            }
        }
        self.is_through = read < ROWS;
        Ok(())
    }

    fn count(&mut self, table: &Table) -> rusqlite::Result<()> {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.name);
        self.sum.rows = self.connection.query_row(&sql, [], |row| row.get(0))?;
        self.is_through = true;
        Ok(())
    }

    /// What was read of a table; the next one begins.
    fn take(&mut self) -> Sum {
        (self.after, self.is_through) = (None, false);
        std::mem::take(&mut self.sum)
    }
}

impl Sum {
    fn add(&mut self, row: &[u8]) {
        self.rows += 1;
        let hash = blake3::hash(row);
        for (sum, part) in self.hashes.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
            let part = part.try_into().map_or(0, u64::from_le_bytes);
            *sum = sum.wrapping_add(part);
        }
    }
}

/// Appends a value in such a way that two rows have the same bytes only if they have the same values.
fn write(row: &mut Vec<u8>, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match &value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => (1, &number.to_le_bytes()),
        ValueRef::Real(number) => (2, &number.to_bits().to_le_bytes()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    row.push(kind);
    row.extend(bytes.len().to_le_bytes());
    row.extend(bytes);
}

impl Table {
    /// SQL for the next rows: first what they are sorted by, then all that is in them.
    fn page(&self, continued: bool) -> String {
        let key = self.key.join(", ");
        let asked: Vec<String> = (1..=self.key.len()).map(|at| format!("?{at}")).collect();
        let behind = if continued {
            format!("WHERE ({key}) > ({})", asked.join(", "))
        } else {
            String::new()
        };
        format!("SELECT {key}, * FROM \"{}\" {behind} ORDER BY {key} LIMIT {ROWS}", self.name)
    }
}

/// The columns that tell the rows of a table apart.
fn key(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1";
    let is_without_rowid: bool = connection.query_row(sql, [table], |row| row.get(0))?;
    if !is_without_rowid {
        return Ok(vec!["rowid".to_owned()]);
    }
    let name = table.replace('\'', "''");
    let sql =
        format!("SELECT name FROM pragma_table_info('{name}', 'main') WHERE pk > 0 ORDER BY pk");
    let columns = names(connection, &sql)?;
    Ok(columns.into_iter().map(|column| format!("\"{column}\"")).collect())
}
