//! Queries in SQL.

use contracts::customer::Role;
use contracts::money::Money;
use kernel::Position;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use store::Balance;
use uuid::Uuid;

use crate::model::{Credentials, Customer, CustomerQuery, Sort};

const COLUMNS: &str =
    "user, full_name, email, manager, revision, credit, reserved, available, registered";

pub(super) fn customer(connection: &Connection, id: Uuid) -> Result<Option<Customer>> {
    let sql = format!("SELECT {COLUMNS} FROM customer WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id.as_bytes()], customer_of).optional()
}

pub(super) fn credentials(connection: &Connection, id: Uuid) -> Result<Option<Credentials>> {
    let sql = "SELECT manager, password FROM customer WHERE id = ?1";
    let credentials =
        |row: &Row<'_>| Ok(Credentials { role: role(row.get(0)?), password: row.get(1)? });
    connection.prepare_cached(sql)?.query_row([id.as_bytes()], credentials).optional()
}

pub(super) fn balances(connection: &Connection) -> Result<Vec<Balance>> {
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

pub(super) fn customers(connection: &Connection, query: &CustomerQuery) -> Result<Vec<Customer>> {
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
    query_rows.query_map(params![search, by, user, query.count], customer_of)?.collect()
}

pub(super) fn count_customers(connection: &Connection, query: &CustomerQuery) -> Result<u64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM customer WHERE ?1 = '' OR instr(search, ?1) > 0 LIMIT ?2)";
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    connection.prepare_cached(sql)?.query_row(params![search, query.count], |row| row.get(0))
}

fn customer_of(row: &Row<'_>) -> Result<Customer> {
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
