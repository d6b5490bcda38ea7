//! Categories and products: missing ones are added, different ones changed, and sales kept.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use hyper::StatusCode;
use kernel::text::caseless;
use serde::Serialize;
use sheets::{BadRow, Numbered, ProductRow};
use uuid::Uuid;

use super::{Catalogue, Done, Options, PRODUCTS_AT_ONCE, Report, Sheet, Tally, each};
use crate::{
    client::{Client, Error, Request},
    shop::{self, Category, Product},
    term::Progress,
};

pub(super) async fn load(
    client: &Client,
    catalogue: &Catalogue,
    run: &str,
    options: &Options,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (rows, file) = (&catalogue.products, &catalogue.products_file);
    if rows.is_empty() {
        return Ok(());
    }
    let categories = load_categories(client, rows, run, &mut report.categories).await?;
    let mut known = Vec::with_capacity(rows.len());
    for row in rows {
        match categories.of(&row.row) {
            Ok(category_id) => {
                known.push(Numbered { line: row.line, row: (&row.row, category_id) });
            }
            Err(problem) => report.bad_rows.push(BadRow {
                file: file.to_owned(),
                line: row.line,
                problem: problem.to_owned(),
            }),
        }
    }
    let existing: Vec<Product> = shop::list(client, "/product/get-all-products").await?;
    let existing: HashMap<String, Product> =
        existing.into_iter().filter_map(|product| Some((product.code.clone()?, product))).collect();
    let (bad_rows, set_stock) = (&mut report.bad_rows, options.set_stock);
    let rows = Sheet { kind: "products", file, rows: &known, at_once: PRODUCTS_AT_ONCE };
    report.products = each(client, rows, bad_rows, |row, client| {
        let request = request_for(row, &existing, run, set_stock);
        async move {
            let Some((request, done)) = request else { return Ok(Done::Unchanged) };
            match client.send(&request).await {
                Ok(_) => Ok(done),
                Err(error) if error.status() == Some(StatusCode::CONFLICT) => {
                    let same = is_there(&client, row, set_stock).await?;
                    if same { Ok(Done::Unchanged) } else { Err(error) }
                }
                Err(error) => Err(error),
            }
        }
    })
    .await?;
    Ok(())
}

/// The categories that rows name, by their names without case: each with its id, or with why the shop refused it.
#[derive(Default)]
struct Categories(HashMap<String, Result<Uuid, String>>);

impl Categories {
    async fn read(client: &Client) -> Result<Self, Error> {
        let listed: Vec<Category> = shop::list(client, "/product/get-categories").await?;
        let known = listed.into_iter().map(|category| (caseless(&category.name), Ok(category.id)));
        Ok(Self(known.collect()))
    }

    fn of(&self, row: &ProductRow) -> Result<Uuid, &str> {
        let known =
            self.0.get(&caseless(&row.category)).expect("all categories were loaded before");
        known.as_ref().copied().map_err(String::as_str)
    }
}

/// All categories that the rows name; the first spelling of a new one is its name.
async fn load_categories(
    client: &Client,
    rows: &[Numbered<ProductRow>],
    run: &str,
    tally: &mut Tally,
) -> anyhow::Result<Categories> {
    let mut wanted = BTreeMap::new();
    for row in rows {
        wanted.entry(caseless(&row.row.category)).or_insert(row.row.category.as_str());
    }
    let mut categories = Categories::read(client).await?;
    let progress = Progress::new("categories", wanted.len());
    // One after another: all of them go to the same stream.
    for (index, (caseless, name)) in wanted.into_iter().enumerate() {
        match categories.0.entry(caseless) {
            Entry::Occupied(_) => tally.count(&Done::Unchanged),
            Entry::Vacant(missing) => {
                let key = format!("{run}-category-{index}");
                let (id, done) = bring_in(client, missing.key(), name, key).await?;
                if id.is_ok() {
                    tally.count(&done);
                }
                missing.insert(id);
            }
        }
        progress.advance();
    }
    Ok(categories)
}

/// Adds a category, or finds the one that another import added since; what the shop refuses is the fault of the rows that name it.
async fn bring_in(
    client: &Client,
    caseless: &str,
    name: &str,
    key: String,
) -> Result<(Result<Uuid, String>, Done), Error> {
    let problem = match add_category(client, name, key).await {
        Ok(category) => return Ok((Ok(category.id), Done::Created)),
        Err(error) if error.is_about_the_request() => error,
        Err(error) => return Err(error),
    };
    if problem.status() == Some(StatusCode::CONFLICT)
        && let Some(Ok(id)) = Categories::read(client).await?.0.remove(caseless)
    {
        return Ok((Ok(id), Done::Unchanged));
    }
    Ok((Err(format!("the shop refuses its category: {problem}")), Done::Unchanged))
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
    Numbered { line, row: (row, category_id) }: &Numbered<(&ProductRow, Uuid)>,
    existing: &HashMap<String, Product>,
    run: &str,
    set_stock: bool,
) -> Option<(Request, Done)> {
    let category_id = *category_id;
    let key = format!("{run}-product-{line}");
    if let Some(product) = existing.get(&row.code) {
        let update = row.changes(product.current(), category_id, set_stock)?;
        return Some((Request::post("/product/update-product", &update).key(key), Done::Changed));
    }
    let add = row.added(category_id);
    Some((Request::post("/product/add-new-product", &add).key(key), Done::Created))
}

/// Whether the shop has a product that equals the row: a concurrent import may have been faster.
async fn is_there(
    client: &Client,
    Numbered { row: (row, category_id), .. }: &Numbered<(&ProductRow, Uuid)>,
    set_stock: bool,
) -> Result<bool, Error> {
    let code = shop::query([("Code", Some(row.code.clone()))]);
    match client.get::<Product>(&format!("/product/get-product-details?{code}")).await {
        Ok(product) => Ok(row.changes(product.current(), *category_id, set_stock).is_none()),
        Err(error) if error.is_about_the_request() => Ok(false),
        Err(error) => Err(error),
    }
}
