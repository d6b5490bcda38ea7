//! The read model in SQLite.

use async_trait::async_trait;
use contracts::customer::Role;
use contracts::money::Money;
use kernel::Position;
use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use store::Balance;
use uuid::Uuid;

use super::{Change, Credentials, Customer, List, Model, Moved, Registered, Sort, What};

const SCHEMA: Schema = Schema {
    model: "customer",
    unmarked: &["checkpoint", "customer"],
    number: 1,
    variant: 0,
    create: "CREATE TABLE customer (
                 id BLOB PRIMARY KEY,
                 user TEXT NOT NULL UNIQUE,
                 full_name TEXT NOT NULL,
                 email TEXT NOT NULL,
                 manager INTEGER NOT NULL,
                 password TEXT NOT NULL,
                 revision INTEGER NOT NULL,
                 granted INTEGER NOT NULL,
                 credit INTEGER NOT NULL,
                 reserved INTEGER NOT NULL,
                 available INTEGER NOT NULL,
                 spent INTEGER NOT NULL,
                 registered INTEGER NOT NULL,
                 search TEXT NOT NULL
             ) WITHOUT ROWID;",
};

const COLUMNS: &str =
    "user, full_name, email, manager, revision, credit, reserved, available, registered";

/// The embedded read model.
pub type SqliteModel = Embedded<Accounts>;

/// The table of customers.
#[derive(Clone, Copy, Debug)]
pub struct Accounts;

impl Tables for Accounts {
    type Change = Change;

    fn schema(&self) -> Schema {
        SCHEMA
    }

    fn another(&self) -> Self {
        *self
    }

    fn write(&self, tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
        changes.iter().try_for_each(|change| make(tx, change))
    }

    fn balances(connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
        let sql =
            "SELECT ifnull(sum(granted), 0), ifnull(sum(credit + spent), 0), ifnull(sum(credit), 0),
                    ifnull(sum(available + reserved), 0),
                    count(*) FILTER (WHERE credit < 0 OR reserved < 0 OR available < 0)
             FROM customer";
        connection.prepare_cached(sql)?.query_row([], |row| {
            Ok(vec![
                Balance::of_hundredths("granted = credit + spent", row.get(0)?, row.get(1)?),
                Balance::of_hundredths("credit = available + reserved", row.get(2)?, row.get(3)?),
                Balance::new("customers below zero = 0", row.get(4)?, 0),
            ])
        })
    }
}

#[async_trait]
impl Model for SqliteModel {
    async fn customer(&self, id: Uuid) -> Result<Option<Customer>, ModelError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM customer WHERE id = ?1");
            connection.prepare_cached(&sql)?.query_row([id.as_bytes()], customer).optional()
        })
    }

    async fn credentials(&self, id: Uuid) -> Result<Option<Credentials>, ModelError> {
        self.read(|connection| {
            let mut query = connection
                .prepare_cached("SELECT manager, password FROM customer WHERE id = ?1")?;
            let credentials =
                |row: &Row<'_>| Ok(Credentials { role: role(row.get(0)?), password: row.get(1)? });
            query.query_row([id.as_bytes()], credentials).optional()
        })
    }

    async fn list(&self, query: List) -> Result<Vec<Customer>, ModelError> {
        self.scan(move |connection| list(connection, &query)).await
    }

    async fn count(&self, query: List) -> Result<u64, ModelError> {
        self.scan(move |connection| count(connection, &query)).await
    }
}

fn make(tx: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    let id = change.customer.as_bytes();
    match &change.what {
        What::Moved(Moved { credit, reserved, available, spent }) => tx
            .prepare_cached(
                "UPDATE customer SET credit = credit + ?2, reserved = reserved + ?3, available = available + ?4,
                                     spent = spent + ?5 WHERE id = ?1",
            )?
            .execute(params![id, credit.minor(), reserved.minor(), available.minor(), spent.minor()]),
        What::Granted(change) => tx
            .prepare_cached(
                "UPDATE customer SET granted = granted + ?2, credit = credit + ?2, available = available + ?2,
                                     revision = revision + 1 WHERE id = ?1",
            )?
            .execute(params![id, change.minor()]),
        What::Password(password) => tx
            .prepare_cached("UPDATE customer SET password = ?2, revision = revision + 1 WHERE id = ?1")?
            .execute(params![id, password]),
        What::Profile { full_name, email } => {
            change_profile(tx, change.customer, full_name.as_deref(), email.as_deref())
        }
        What::Registered(registered) => register(tx, change, registered),
    }
    .map(drop)
}

fn register(
    tx: &Transaction<'_>,
    change: &Change,
    registered: &Registered,
) -> rusqlite::Result<usize> {
    let Registered { user, full_name, email, role, password, credit } = registered;
    // Names are unique through the secret that ids derive from. A log written under two secrets may repeat one: the first keeps it, and
    // the second one does not fit.
    let mut insert = tx.prepare_cached(
        "INSERT INTO customer VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7, 0, ?7, 0, ?8, ?9)",
    )?;
    insert.execute(params![
        change.customer.as_bytes(),
        user,
        full_name,
        email,
        *role == Role::Manager,
        password,
        credit.minor(),
        change.position.0,
        searchable(user, full_name, email),
    ])
}

fn change_profile(
    tx: &Transaction<'_>,
    id: Uuid,
    full_name: Option<&str>,
    email: Option<&str>,
) -> rusqlite::Result<usize> {
    let mut before =
        tx.prepare_cached("SELECT user, full_name, email FROM customer WHERE id = ?1")?;
    let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let before: Option<(String, String, String)> =
        before.query_row([id.as_bytes()], columns).optional()?;
    let Some((user, old_name, old_email)) = before else { return Ok(0) };
    let (full_name, email) = (full_name.unwrap_or(&old_name), email.unwrap_or(&old_email));
    let mut update = tx.prepare_cached(
        "UPDATE customer SET full_name = ?2, email = ?3, search = ?4, revision = revision + 1 WHERE id = ?1",
    )?;
    update.execute(params![id.as_bytes(), full_name, email, searchable(&user, full_name, email)])
}

/// Lower case of all searched fields, separated by a character that cannot be typed.
fn searchable(user: &str, full_name: &str, email: &str) -> String {
    format!("{user}\n{full_name}\n{email}").to_lowercase()
}

fn list(connection: &Connection, query: &List) -> rusqlite::Result<Vec<Customer>> {
    // Each order with its own condition of being behind the cursor (?2, ?3).
    let (behind, order) = match query.sort {
        Sort::UserName => ("user > ?3", "user"),
        Sort::Credit => ("(credit, user) > (?2, ?3)", "credit, user"),
        Sort::CreditDown => ("(credit < ?2 OR (credit = ?2 AND user > ?3))", "credit DESC, user"),
        Sort::Newest => ("registered < ?2", "registered DESC"),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM customer
         WHERE (?1 = '' OR instr(search, ?1) > 0) AND (?2 IS NULL OR {behind}) ORDER BY {order} LIMIT ?4"
    );
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let (by, user) = query.after.as_ref().map(|cursor| (cursor.by, &*cursor.user)).unzip();
    let mut query_rows = connection.prepare_cached(&sql)?;
    query_rows.query_map(params![search, by, user, query.count], customer)?.collect()
}

fn count(connection: &Connection, query: &List) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM customer WHERE ?1 = '' OR instr(search, ?1) > 0 LIMIT ?2)";
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    connection.prepare_cached(sql)?.query_row(params![search, query.count], |row| row.get(0))
}

fn customer(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer {
        user: row.get(0)?,
        full_name: row.get(1)?,
        email: row.get(2)?,
        role: role(row.get(3)?),
        revision: row.get(4)?,
        credit: Money::from_minor(row.get(5)?),
        reserved: Money::from_minor(row.get(6)?),
        available: Money::from_minor(row.get(7)?),
        registered: Position(row.get(8)?),
    })
}

fn role(manager: bool) -> Role {
    if manager { Role::Manager } else { Role::Customer }
}
