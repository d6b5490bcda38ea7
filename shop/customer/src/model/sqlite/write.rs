//! Changes as SQL.

use contracts::customer::Role;
use rusqlite::{OptionalExtension, Result, Row, Transaction, params};
use uuid::Uuid;

use crate::model::{Change, Moved, RegisteredRow, What};

/// Makes all changes, in order.
pub(super) fn all(tx: &Transaction<'_>, changes: &[Change]) -> Result<()> {
    changes.iter().try_for_each(|change| make(tx, change))
}

fn make(tx: &Transaction<'_>, change: &Change) -> Result<()> {
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

fn register(tx: &Transaction<'_>, change: &Change, registered: &RegisteredRow) -> Result<usize> {
    let RegisteredRow { user, full_name, email, role, password, credit } = registered;
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
) -> Result<usize> {
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
