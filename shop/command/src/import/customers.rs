//! Customers: missing ones are registered with the credit in the file, existing ones are left alone.

use std::collections::HashMap;

use contracts::money::{Decimal, Money};
use hyper::StatusCode;
use serde::Serialize;
use sheets::Numbered;

use super::{CUSTOMERS_AT_ONCE, Catalogue, CustomerRow, Done, Options, Report, Sheet, each};
use crate::{
    client::{Client, Error, Request},
    random,
    shop::{self, Customer},
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddUser<'a> {
    user_name: &'a str,
    password: &'a str,
    full_name: &'a str,
    email: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SetCredit<'a> {
    user_name: &'a str,
    credit: Decimal,
}

/// What bringing in one customer needs.
struct Import<'a> {
    existing: HashMap<String, Money>,
    passwords: Passwords<'a>,
    run: &'a str,
    set_credit: bool,
}

enum Passwords<'a> {
    Same(&'a str),
    Random,
}

pub(super) async fn load(
    client: &Client,
    catalogue: &Catalogue,
    run: &str,
    options: &Options,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (rows, file) = (&catalogue.customers, &catalogue.customers_file);
    if rows.is_empty() {
        return Ok(());
    }
    let existing: Vec<Customer> = shop::list(client, "/customer/get-all-users").await?;
    let existing =
        existing.into_iter().map(|customer| (customer.user_name, customer.credit.0)).collect();
    let passwords = match &options.password {
        Some(password) => Passwords::Same(password),
        None => Passwords::Random,
    };
    let import = &Import { existing, passwords, run, set_credit: options.set_credit };
    let rows = Sheet { kind: "customers", file, rows, at_once: CUSTOMERS_AT_ONCE };
    let bring_in = |row, client| async move { import.bring_in(&client, row).await };
    report.customers = each(client, rows, &mut report.bad_rows, bring_in).await?;
    Ok(())
}

impl Import<'_> {
    async fn bring_in(
        &self,
        client: &Client,
        Numbered { line, row }: &Numbered<CustomerRow>,
    ) -> Result<Done, Error> {
        if let Some(credit) = self.existing.get(&row.user_name) {
            if !self.set_credit || *credit == row.credit {
                return Ok(Done::Unchanged);
            }
            self.set_credit(client, row, *line).await?;
            return Ok(Done::Changed);
        }
        if !self.register(client, row).await? {
            return Ok(Done::Unchanged);
        }
        self.set_credit(client, row, *line).await?;
        Ok(Done::Created)
    }

    /// Registers a customer; false if the user name was registered meanwhile.
    async fn register(&self, client: &Client, row: &CustomerRow) -> Result<bool, Error> {
        let add = AddUser {
            user_name: &row.user_name,
            password: &self.passwords.next(),
            full_name: &row.full_name,
            email: &row.email,
        };
        match client.send(&Request::post("/customer/add-user", &add)).await {
            Ok(_) => Ok(true),
            // This call has no idempotency key: a name taken at the second attempt was taken by the first.
            Err(Error::Refused(problem)) if problem.status == StatusCode::CONFLICT => {
                Ok(problem.attempts > 1)
            }
            Err(error) => Err(error),
        }
    }

    async fn set_credit(&self, client: &Client, row: &CustomerRow, line: u64) -> Result<(), Error> {
        // As an amount, not as a change: so it does not matter what the shop welcomes customers with.
        let set = SetCredit { user_name: &row.user_name, credit: Decimal(row.credit) };
        let request =
            Request::post("/customer/set-credit", &set).key(format!("{}-credit-{line}", self.run));
        client.send(&request).await.map(|_| ())
    }
}

impl Passwords<'_> {
    fn next(&self) -> String {
        match self {
            Self::Same(password) => (*password).to_owned(),
            Self::Random => random::password(),
        }
    }
}
