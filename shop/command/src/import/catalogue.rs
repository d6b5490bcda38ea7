//! The files of an import, read and checked before the first request.

use std::path::Path;

use anyhow::bail;
use contracts::money::Money;
use sheets::{BadRow, Fields, Numbered, ProductRow, Row};

use crate::{
    rows::{self, find},
    term,
};

/// What is to be brought into a shop.
#[derive(Default)]
pub(crate) struct Catalogue {
    pub(crate) products: Vec<Numbered<ProductRow>>,
    pub(crate) customers: Vec<Numbered<CustomerRow>>,
    /// The names of the files, for messages.
    pub(crate) products_file: String,
    pub(crate) customers_file: String,
    pub(crate) bad: Vec<BadRow>,
}

#[derive(Clone, Debug)]
pub(crate) struct CustomerRow {
    pub(crate) user_name: String,
    pub(crate) full_name: String,
    pub(crate) email: String,
    pub(crate) credit: Money,
}

impl Catalogue {
    /// Reads `products.csv` and `customers.csv`, or what is packed of them (`.gz`), of which one may be missing.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Self> {
        let mut catalogue = Self::default();
        let (products, customers) = (find(dir, "products.csv")?, find(dir, "customers.csv")?);
        if products.is_none() && customers.is_none() {
            bail!(
                "{} holds neither products.csv nor customers.csv, nor either as .gz",
                dir.display()
            );
        }
        for (name, file) in [("products.csv", &products), ("customers.csv", &customers)] {
            if file.is_none() {
                term::note(format_args!("{} has no {name}: none are imported", dir.display()));
            }
        }
        if let Some(products) = products {
            let rows = rows::read::<ProductRow>(&products)?.once(|row| &row.code);
            catalogue.products_file = rows.file;
            catalogue.products = rows.good;
            catalogue.bad.extend(rows.bad);
        }
        if let Some(customers) = customers {
            let rows = rows::read::<CustomerRow>(&customers)?.once(|row| &row.user_name);
            catalogue.customers_file = rows.file;
            catalogue.customers = rows.good;
            catalogue.bad.extend(rows.bad);
        }
        Ok(catalogue)
    }
}

impl Row for CustomerRow {
    const COLUMNS: &'static [&'static str] = &["UserName", "CreditMinor"];
    const OPTIONAL: &'static [&'static str] = &["FullName", "Email"];

    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        let user_name = fields.required("UserName")?;
        let or_else = |column: &str, other: String| match fields.text(column) {
            "" => other,
            text => text.to_owned(),
        };
        Ok(Self {
            user_name: user_name.to_owned(),
            full_name: or_else("FullName", user_name.to_owned()),
            email: or_else("Email", format!("{user_name}@example.invalid")),
            credit: fields.money("CreditMinor")?,
        })
    }
}
