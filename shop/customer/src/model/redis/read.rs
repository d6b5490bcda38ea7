//! Customers as the server answers them: rows of text.

use std::collections::BTreeMap;

use contracts::customer::Role;
use contracts::money::Money;
use kernel::Position;
use runtime::{ModelError, sqlite::line};
use rusqlite::types::ValueRef;
use uuid::Uuid;

use crate::model::Customer;

/// The fields of a [`Customer`], in the order in which they are read.
pub(super) const FIELDS: [&str; 9] = [
    "user",
    "full_name",
    "email",
    "manager",
    "revision",
    "credit",
    "reserved",
    "available",
    "registered",
];
/// What else a dump shows.
pub(super) const DUMPED: [&str; 13] = [
    "id",
    "user",
    "full_name",
    "email",
    "manager",
    "password",
    "revision",
    "granted",
    "credit",
    "reserved",
    "available",
    "spent",
    "registered",
];

pub(super) fn customer(row: &[String]) -> Result<Customer, ModelError> {
    let [user, full_name, email, manager, revision, credit, reserved, available, registered] = row
    else {
        return Err(incomplete());
    };
    Ok(Customer {
        user: user.clone(),
        full_name: full_name.clone(),
        email: email.clone(),
        role: role(manager),
        revision: number(revision)?,
        credit: Money::from_minor(number(credit)?),
        reserved: Money::from_minor(number(reserved)?),
        available: Money::from_minor(number(available)?),
        registered: Position(number(registered)?),
    })
}

/// A customer as SQLite would dump its row.
pub(super) fn dumped(row: &[String]) -> Result<String, ModelError> {
    let by_name: BTreeMap<&str, &String> = DUMPED.iter().copied().zip(row).collect();
    let text = |name: &str| by_name.get(name).map(|text| text.as_str()).ok_or_else(incomplete);
    let id = Uuid::parse_str(text("id")?).map_err(|error| other(&error))?;
    let searched =
        format!("{}\n{}\n{}", text("user")?, text("full_name")?, text("email")?).to_lowercase();
    let mut values = vec![ValueRef::Blob(id.as_bytes())];
    for name in DUMPED.iter().skip(1) {
        values.push(match *name {
            "user" | "full_name" | "email" | "password" => ValueRef::Text(text(name)?.as_bytes()),
            _ => ValueRef::Integer(number(text(name)?)?),
        });
    }
    values.push(ValueRef::Text(searched.as_bytes()));
    Ok(line("customer", &values))
}

pub(super) fn role(manager: &str) -> Role {
    if manager == "1" { Role::Manager } else { Role::Customer }
}

pub(super) fn number<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
) -> Result<T, ModelError> {
    text.parse().map_err(|error: T::Err| other(&error))
}

pub(super) fn other(error: &dyn std::fmt::Display) -> ModelError {
    ModelError::Other(error.to_string())
}

pub(super) fn incomplete() -> ModelError {
    ModelError::Other("a customer in Redis lacks a field".to_owned())
}
