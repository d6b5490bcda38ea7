//! A row of products: the product that it describes, and what it changes of one that is there.

use std::io;

use contracts::{
    money::{Decimal, Money},
    rest::product::{NO_CATEGORY, Product},
};
use serde::Serialize;
use uuid::Uuid;

use crate::rows::{Fields, Row};

/// A product as a file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductRow {
    pub code: String,
    pub name: String,
    pub description: String,
    pub supplier: String,
    pub category: String,
    pub price: Money,
    pub units_in_stock: i64,
}

/// A product to be added, as the REST API takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewProduct<'a> {
    code: &'a str,
    name: &'a str,
    description: &'a str,
    supplier: &'a str,
    category_id: Uuid,
    price: Decimal,
    units_in_stock: i64,
}

/// A product as it is in the shop.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    pub product_id: Uuid,
    pub version: u64,
    pub name: &'a str,
    pub description: &'a str,
    pub supplier: &'a str,
    pub category_id: Option<Uuid>,
    pub price: Money,
    pub units_in_stock: i64,
}

/// What is to be changed of a product, as the REST API takes it: only what differs; what is not given stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Changes<'a> {
    pub product_id: Uuid,
    /// What the shop had when it was compared: a manager's change since then is not written over.
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units_in_stock: Option<i64>,
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
            price: fields.money("PriceMinor")?,
            units_in_stock: fields.number("UnitsInStock", 0..=i64::from(u32::MAX))?,
        })
    }
}

impl ProductRow {
    /// The first line of a file of such rows.
    ///
    /// # Errors
    /// None that a writer to memory has.
    pub fn header() -> io::Result<String> {
        line(Self::COLUMNS.iter().copied())
    }

    /// The row as a line of a file.
    ///
    /// # Errors
    /// None that a writer to memory has.
    pub fn line(&self) -> io::Result<String> {
        let (price, units) = (self.price.minor().to_string(), self.units_in_stock.to_string());
        let Self { code, name, description, supplier, category, .. } = self;
        line([code, name, description, supplier, category, &price, &units].map(String::as_str))
    }

    /// The product that the row describes, in a category of the shop.
    #[must_use]
    pub fn added(&self, category_id: Uuid) -> NewProduct<'_> {
        NewProduct {
            code: &self.code,
            name: &self.name,
            description: &self.description,
            supplier: &self.supplier,
            category_id,
            price: Decimal(self.price),
            units_in_stock: self.units_in_stock,
        }
    }

    /// The changes that make the product equal the row, if it differs. Its stock is what was sold since, unless `set_stock` says
    /// that the row's is meant.
    #[must_use]
    pub fn changes(
        &self,
        current: Current<'_>,
        category_id: Uuid,
        set_stock: bool,
    ) -> Option<Changes<'_>> {
        fn text<'a>(wanted: &'a str, is: &str) -> Option<&'a str> {
            (wanted != is).then_some(wanted)
        }
        let Current { product_id, version, .. } = current;
        let same = Changes {
            product_id,
            version,
            name: None,
            description: None,
            supplier: None,
            category_id: None,
            price: None,
            units_in_stock: None,
        };
        let set_stock = set_stock && self.units_in_stock != current.units_in_stock;
        let changes = Changes {
            name: text(&self.name, current.name),
            description: text(&self.description, current.description),
            supplier: text(&self.supplier, current.supplier),
            category_id: (current.category_id != Some(category_id)).then_some(category_id),
            price: (self.price != current.price).then_some(Decimal(self.price)),
            units_in_stock: set_stock.then_some(self.units_in_stock),
            ..same.clone()
        };
        (changes != same).then_some(changes)
    }
}

impl<'a> From<&'a Product> for Current<'a> {
    fn from(product: &'a Product) -> Self {
        Self {
            product_id: product.product_id,
            version: product.version,
            name: &product.name,
            description: &product.description,
            supplier: &product.supplier,
            category_id: Some(product.category_id),
            price: product.price.0,
            units_in_stock: product.units_in_stock,
        }
    }
}

impl From<Product> for ProductRow {
    fn from(product: Product) -> Self {
        Self {
            code: product.code.unwrap_or_default(),
            name: product.name,
            description: product.description,
            supplier: product.supplier,
            // An import would make a category of the word for none.
            category: if product.category_name == NO_CATEGORY {
                String::new()
            } else {
                product.category_name
            },
            price: product.price.0,
            units_in_stock: product.units_in_stock,
        }
    }
}

fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> io::Result<String> {
    let mut line =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    line.write_record(fields)?;
    let line = line.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(line).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_row_is_quoted_and_read_again() {
        let row = ProductRow {
            code: "DRI-01".to_owned(),
            name: "Milk, 1 l; \"fresh\"".to_owned(),
            description: "The\nbest".to_owned(),
            supplier: "Dairy".to_owned(),
            category: "Drinks".to_owned(),
            price: Money::from_minor(119),
            units_in_stock: 10,
        };
        let expected = "DRI-01,\"Milk, 1 l; \"\"fresh\"\"\",\"The\nbest\",Dairy,Drinks,119,10\r\n";
        assert_eq!(row.line().expect("text"), expected);
        let file = format!("{}{expected}", ProductRow::header().expect("text"));
        let read = crate::Rows::<ProductRow>::of("products.csv".to_owned(), file.into_bytes());
        let read = read.expect("readable").good;
        assert_eq!(read.into_iter().map(|read| read.row).collect::<Vec<_>>(), [row]);
    }
}
