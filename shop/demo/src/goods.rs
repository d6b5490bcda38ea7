//! What the sample shop sells and who buys there, from the files in `data/`: `agora import` reads them too.

use contracts::money::Money;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

const PRODUCTS: &str = include_str!("../data/products.csv");
const CUSTOMERS: &str = include_str!("../data/customers.csv");

/// The password of every sample customer, made to be tried out.
pub const PASSWORD: &str = "open-sesame";
/// The customer that visitors are invited to log in as.
pub const CUSTOMER: &str = "nora";

/// Products and customers, in the order of their files.
pub(crate) struct Goods {
    pub(crate) products: Vec<Product>,
    pub(crate) customers: Vec<Customer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Product {
    #[serde(rename = "ProductCode")]
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) supplier: String,
    pub(crate) category: String,
    #[serde(rename = "PriceMinor", deserialize_with = "minor")]
    pub(crate) price: Money,
    #[serde(rename = "UnitsInStock")]
    pub(crate) units: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Customer {
    #[serde(rename = "UserName")]
    pub(crate) user: String,
    pub(crate) full_name: String,
    pub(crate) email: String,
    #[serde(rename = "CreditMinor", deserialize_with = "minor")]
    pub(crate) credit: Money,
}

impl Goods {
    pub(crate) fn read() -> Self {
        Self { products: rows(PRODUCTS), customers: rows(CUSTOMERS) }
    }

    /// The product of that article number.
    pub(crate) fn named(&self, code: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.code == code)
    }

    /// How many categories the products are in.
    pub(crate) fn categories(&self) -> usize {
        let names: std::collections::BTreeSet<&str> =
            self.products.iter().map(|product| &*product.category).collect();
        names.len()
    }
}

fn rows<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    reader.deserialize().map(|row| row.expect("a file of ours can be read")).collect()
}

fn minor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    i64::deserialize(deserializer).map(Money::from_minor)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_hundred_and_twenty_three_products_in_twelve_categories_and_thirty_customers() {
        let goods = Goods::read();
        assert_eq!((goods.products.len(), goods.customers.len()), (123, 30));
        assert_eq!(goods.categories(), 12);
        for distinct in [
            goods.products.iter().map(|product| &product.code).collect::<BTreeSet<_>>(),
            goods.products.iter().map(|product| &product.name).collect(),
        ] {
            assert_eq!(distinct.len(), goods.products.len());
        }
        assert!(goods.customers.iter().any(|customer| customer.user == CUSTOMER));
        for product in &goods.products {
            assert!(product.price > Money::ZERO && product.units > 0, "{}", product.code);
        }
    }

    /// The lines of curl in the README register her, and order the first product by name with the welcome credit.
    #[test]
    fn the_readme_finds_its_name_free_and_a_first_product_that_it_can_pay() {
        let goods = Goods::read();
        assert!(goods.customers.iter().all(|customer| customer.user != "ada"));
        let first = goods.products.iter().min_by_key(|product| product.name.to_lowercase());
        assert!(first.is_some_and(|first| first.price < Money::from_minor(1_000)));
    }
}
