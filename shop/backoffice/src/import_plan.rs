//! What a row of an import would do to the shop. Pure, but for reading the categories.

use std::collections::{BTreeMap, HashMap};

use contracts::rest::product::{Category, Product};
use kernel::text::caseless;
use sheets::{Current, ProductRow};
use site::{Amount, Count, Failure};
use uuid::Uuid;

use crate::{bulk::Outcome, categories, manager::ManagerVisit};

/// A row with what it would do.
pub(crate) struct Planned {
    pub(crate) row: ProductRow,
    pub(crate) what: What,
    /// The price and the stock of the row, as people read them.
    pub(crate) price: String,
    pub(crate) units: Count<i64>,
}

pub(crate) enum What {
    Added,
    Changed(Vec<Difference>),
    Nothing,
}

/// A field that would change.
pub(crate) struct Difference {
    pub(crate) field: &'static str,
    pub(crate) was: String,
    pub(crate) then: String,
}

/// The categories of the shop, by their names without case: each with its id, or with why it cannot be added.
pub(crate) struct Categories(HashMap<String, Result<Uuid, Outcome>>);

impl Categories {
    pub(crate) async fn read(manager: &ManagerVisit) -> Result<Self, Failure> {
        let all = categories::all(manager).await?;
        let known = all
            .into_iter()
            .filter_map(|(id, name)| Some((caseless(&name), Ok(Uuid::parse_str(&id).ok()?))));
        Ok(Self(known.collect()))
    }

    /// Reads them once more; those that cannot be added stay so.
    pub(crate) async fn read_again(&mut self, manager: &ManagerVisit) -> Result<(), Failure> {
        let now = Self::read(manager).await?;
        self.0.extend(now.0);
        Ok(())
    }

    /// Those that rows name and the shop does not have, each with its number among all that the same rows name: it stays the same
    /// when some have been added. The first spelling of each is its name.
    pub(crate) fn missing<'a>(
        &self,
        rows: impl Iterator<Item = &'a ProductRow>,
    ) -> Vec<(usize, String)> {
        let mut named = BTreeMap::new();
        for row in rows {
            named.entry(caseless(&row.category)).or_insert_with(|| row.category.clone());
        }
        let missing =
            named.into_iter().enumerate().filter(|(_, (key, _))| !self.0.contains_key(key));
        missing.map(|(number, (_, name))| (number, name)).collect()
    }

    pub(crate) fn add(&mut self, category: &Category) {
        self.0.insert(caseless(&category.name), Ok(category.category_id));
    }

    /// From now on this is the outcome of the rows of a category that was not added.
    pub(crate) fn refuse(&mut self, name: &str, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Refused(why) => {
                Outcome::Refused(format!("The shop refuses its category: {why}"))
            }
            other => other,
        };
        self.0.insert(caseless(name), Err(outcome));
    }

    pub(crate) fn of(&self, name: &str) -> Result<Uuid, Outcome> {
        // It was deleted a moment ago: trying again adds it.
        self.0.get(&caseless(name)).cloned().unwrap_or(Err(Outcome::Unreached))
    }
}

impl Planned {
    pub(crate) fn new(
        row: ProductRow,
        product: Option<&Product>,
        categories: &Categories,
        set_stock: bool,
        currency: &str,
    ) -> Self {
        let what = match product {
            None => What::Added,
            // A category that is missing has no id yet, and so is another one.
            Some(product) => {
                let category_id = categories.of(&row.category).unwrap_or_default();
                differences(&row, product, category_id, set_stock)
            }
        };
        let price = Amount(row.price, currency).to_string();
        let units = Count(row.units_in_stock);
        Self { row, what, price, units }
    }
}

fn differences(row: &ProductRow, product: &Product, category_id: Uuid, set_stock: bool) -> What {
    let Some(changes) = row.changes(Current::from(product), category_id, set_stock) else {
        return What::Nothing;
    };
    let amount = |money| Amount(money, &product.currency).to_string();
    let text = |field, wanted: Option<&str>, was: &str| {
        wanted.map(|then| Difference { field, was: was.to_owned(), then: then.to_owned() })
    };
    let category = changes.category_id.map(|_| row.category.as_str());
    let differences = [
        text("Name", changes.name, &product.name),
        text("Description", changes.description, &product.description),
        text("Supplier", changes.supplier, &product.supplier),
        text("Category", category, &product.category_name),
        changes.price.map(|then| Difference {
            field: "Price",
            was: amount(product.price.0),
            then: amount(then.0),
        }),
        changes.units_in_stock.map(|then| Difference {
            field: "Stock",
            was: Count(product.units_in_stock).to_string(),
            then: Count(then).to_string(),
        }),
    ];
    What::Changed(differences.into_iter().flatten().collect())
}
