//! Changes as input of the script that applies them: JSON, with amounts as text because Lua's numbers are floating point.

use std::collections::BTreeMap;

use contracts::customer::Role;
use contracts::money::Money;
use serde::Serialize;

use crate::model::{Change, Moved, RegisteredRow, What};

#[derive(Default, Serialize)]
struct Entry<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<NewCustomer<'a>>,
    /// Differences by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    moved: BTreeMap<&'static str, String>,
    /// Values by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    set: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revised: bool,
}

#[derive(Serialize)]
struct NewCustomer<'a> {
    user: &'a str,
    full_name: &'a str,
    email: &'a str,
    user_lower: String,
    full_name_lower: String,
    email_lower: String,
    manager: &'static str,
    password: &'a str,
    credit: String,
    registered: String,
}

/// The changes as one text.
pub(super) fn encode(changes: &[Change]) -> serde_json::Result<Vec<u8>> {
    let entries: Vec<Entry<'_>> = changes.iter().map(entry).collect();
    serde_json::to_vec(&entries)
}

fn entry(change: &Change) -> Entry<'_> {
    let entry = Entry { id: change.customer.simple().to_string(), ..Entry::default() };
    match &change.what {
        What::Registered(registered) => {
            Entry { registered: Some(new_customer(change, registered)), ..entry }
        }
        What::Profile { full_name, email } => {
            let mut set = BTreeMap::new();
            for (name, lower, value) in
                [("full_name", "full_name_lower", full_name), ("email", "email_lower", email)]
            {
                if let Some(value) = value {
                    set.insert(name, value.clone());
                    set.insert(lower, value.to_lowercase());
                }
            }
            Entry { set, revised: true, ..entry }
        }
        What::Password(password) => {
            Entry { set: [("password", password.clone())].into(), revised: true, ..entry }
        }
        What::Granted(by) => {
            let moved = amounts([("granted", *by), ("credit", *by), ("available", *by)]);
            Entry { moved, revised: true, ..entry }
        }
        What::Moved(Moved { credit, reserved, available, spent }) => {
            let moved = amounts([
                ("credit", *credit),
                ("reserved", *reserved),
                ("available", *available),
                ("spent", *spent),
            ]);
            Entry { moved, ..entry }
        }
    }
}

fn new_customer<'a>(change: &Change, registered: &'a RegisteredRow) -> NewCustomer<'a> {
    let RegisteredRow { user, full_name, email, role, password, credit } = registered;
    NewCustomer {
        user,
        full_name,
        email,
        user_lower: user.to_lowercase(),
        full_name_lower: full_name.to_lowercase(),
        email_lower: email.to_lowercase(),
        manager: if *role == Role::Manager { "1" } else { "0" },
        password,
        credit: credit.minor().to_string(),
        registered: change.position.0.to_string(),
    }
}

/// What is not zero, as text.
fn amounts<const N: usize>(all: [(&'static str, Money); N]) -> BTreeMap<&'static str, String> {
    let some = all.into_iter().filter(|(_, amount)| amount.minor() != 0);
    some.map(|(field, amount)| (field, amount.minor().to_string())).collect()
}
