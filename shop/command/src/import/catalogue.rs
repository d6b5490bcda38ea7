//! The files of an import, read and checked before the first request.

use std::{collections::HashMap, path::Path};

use anyhow::bail;
use contracts::money::Money;

use crate::{
    rows::{BadRow, Fields, Numbered, Row, Rows, find},
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
pub(crate) struct ProductRow {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) supplier: String,
    pub(crate) category: String,
    pub(crate) price: Money,
    pub(crate) units_in_stock: i64,
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
            let rows = once(Rows::<ProductRow>::of_file(&products)?, |row| &row.code);
            catalogue.products_file = rows.file;
            catalogue.products = rows.good;
            catalogue.bad.extend(rows.bad);
        }
        if let Some(customers) = customers {
            let rows = once(Rows::<CustomerRow>::of_file(&customers)?, |row| &row.user_name);
            catalogue.customers_file = rows.file;
            catalogue.customers = rows.good;
            catalogue.bad.extend(rows.bad);
        }
        Ok(catalogue)
    }
}

impl Row for ProductRow {
    const COLUMNS: &'static [&'static str] = &[
        "ProductCode",
        "Name",
        "Description",
        "Supplier",
        "Category",
        "PriceMinor",
        "UnitsInStock",
    ];

    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            code: fields.required("ProductCode")?.to_owned(),
            name: fields.required("Name")?.to_owned(),
            description: fields.text("Description").replace("\r\n", "\n").replace('\r', "\n"),
            supplier: fields.text("Supplier").to_owned(),
            category: fields.required("Category")?.to_owned(),
            price: money(fields, "PriceMinor")?,
            units_in_stock: fields.number("UnitsInStock", 0..=i64::from(u32::MAX))?,
        })
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
            credit: money(fields, "CreditMinor")?,
        })
    }
}

fn money(fields: &Fields<'_>, column: &str) -> Result<Money, String> {
    fields.number(column, 0..=Money::LIMIT.minor()).map(Money::from_minor)
}

/// Keeps the first row of each name: of two that contradict each other neither is better, but the outcome must not hang on
/// which one arrives first.
fn once<T>(mut rows: Rows<T>, name: impl Fn(&T) -> &String) -> Rows<T>
where
    T: Row,
{
    let mut lines = HashMap::new();
    let (mut kept, mut repeated) = (Vec::new(), Vec::new());
    for row in std::mem::take(&mut rows.good) {
        let name = name(&row.row).clone();
        if let Some(first) = lines.get(&name) {
            repeated.push((row.line, name, *first));
        } else {
            lines.insert(name, row.line);
            kept.push(row);
        }
    }
    rows.good = kept;
    for (line, name, first) in repeated {
        rows.reject(line, format!("{name:?} is in line {first} already"));
    }
    rows.bad.sort_by_key(|row| row.line);
    rows
}
