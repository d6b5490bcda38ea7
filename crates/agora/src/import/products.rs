//! Categories and products: what is missing is added, what differs is changed, what was sold stays sold.

use std::collections::HashMap;

use kernel::Decimal;
use serde::Serialize;
use uuid::Uuid;

use super::{Done, Options, ProductRow, Report, Tally, each};
use crate::{
    client::{Client, Error, Request},
    rows::Numbered,
    shop::{self, Category, Product},
    term::Progress,
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddNewProduct<'a> {
    code: &'a str,
    name: &'a str,
    description: &'a str,
    supplier: &'a str,
    category_id: Uuid,
    price: Decimal,
    units_in_stock: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateProduct<'a> {
    product_id: Uuid,
    /// What the shop had when it was compared: a manager's change since then is not written over.
    version: u64,
    #[serde(flatten)]
    changes: Changes<'a>,
}

/// Only what differs; what is not given stays.
#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_in_stock: Option<i64>,
}

pub(super) async fn load(
    client: &Client,
    rows: &[Numbered<ProductRow>],
    run: &str,
    options: &Options,
    report: &mut Report,
) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let categories = load_categories(client, rows, run, &mut report.categories).await?;
    let existing: Vec<Product> = shop::list(client, "/product/get-all-products").await?;
    let existing: HashMap<String, Product> =
        existing.into_iter().filter_map(|product| Some((product.code.clone()?, product))).collect();
    let bring_in = |row: &Numbered<ProductRow>| {
        let request = request_for(row, &existing, &categories, run, options.set_stock);
        async move {
            let Some((request, done)) = request else { return Ok(Done::Unchanged) };
            client.send(&request).await.map(|_| done)
        }
    };
    let bad_rows = &mut report.bad_rows;
    report.products = each(("products", "products.csv"), rows, bad_rows, bring_in).await?;
    Ok(())
}

/// The ids of all categories that the rows name, by name.
async fn load_categories(
    client: &Client,
    rows: &[Numbered<ProductRow>],
    run: &str,
    tally: &mut Tally,
) -> anyhow::Result<HashMap<String, Uuid>> {
    let mut wanted: Vec<&str> = rows.iter().map(|row| row.row.category.as_str()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let existing: Vec<Category> = shop::list(client, "/product/get-categories").await?;
    let mut ids: HashMap<_, _> =
        existing.into_iter().map(|category| (category.name, category.id)).collect();
    let progress = Progress::new("categories", wanted.len());
    // One after another: all of them go to the same stream.
    for (index, name) in wanted.into_iter().enumerate() {
        if ids.contains_key(name) {
            tally.count(&Done::Unchanged);
        } else {
            let category = add_category(client, name, format!("{run}-category-{index}")).await?;
            ids.insert(name.to_owned(), category.id);
            tally.count(&Done::Created);
        }
        progress.advance();
    }
    progress.finish();
    Ok(ids)
}

async fn add_category(client: &Client, name: &str, key: String) -> Result<Category, Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct AddNewCategory<'a> {
        name: &'a str,
    }
    let request = Request::post("/product/add-new-category", &AddNewCategory { name }).key(key);
    client.send(&request).await?.parse()
}

fn request_for(
    Numbered { line, row }: &Numbered<ProductRow>,
    existing: &HashMap<String, Product>,
    categories: &HashMap<String, Uuid>,
    run: &str,
    set_stock: bool,
) -> Option<(Request, Done)> {
    let category_id = *categories.get(&row.category).expect("all categories were loaded before");
    let key = format!("{run}-product-{line}");
    if let Some(product) = existing.get(&row.code) {
        let update = difference(row, product, category_id, set_stock)?;
        return Some((Request::post("/product/update-product", &update).key(key), Done::Changed));
    }
    let add = AddNewProduct {
        code: &row.code,
        name: &row.name,
        description: &row.description,
        supplier: &row.supplier,
        category_id,
        price: Decimal(row.price),
        units_in_stock: row.units_in_stock,
    };
    Some((Request::post("/product/add-new-product", &add).key(key), Done::Created))
}

/// What has to change for the product to be as the row says.
fn difference<'a>(
    row: &'a ProductRow,
    product: &Product,
    category_id: Uuid,
    set_stock: bool,
) -> Option<UpdateProduct<'a>> {
    let text = |wanted: &'a str, is: &str| (wanted != is).then_some(wanted);
    let set_stock = set_stock && row.units_in_stock != product.units_in_stock;
    let changes = Changes {
        name: text(&row.name, &product.name),
        description: text(&row.description, &product.description),
        supplier: text(&row.supplier, &product.supplier),
        category_id: (product.category_id != Some(category_id)).then_some(category_id),
        price: (row.price != product.price.0).then_some(Decimal(row.price)),
        units_in_stock: set_stock.then_some(row.units_in_stock),
    };
    let (product_id, version) = (product.id, product.version);
    (changes != Changes::default()).then_some(UpdateProduct { product_id, version, changes })
}
