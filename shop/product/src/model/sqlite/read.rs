//! Queries in SQL.

use contracts::{money::Money, picture::Picture};
use kernel::{Position, text::searchable};
use rusqlite::{
    Connection, Error, OptionalExtension, Result, Row,
    types::{FromSql, Type},
};
use store::Balance;
use uuid::Uuid;

use super::{
    indexed::Indexed,
    select::{Select, count, key, uuid},
};
use crate::model::{
    Category, CategoryQuery, Created, Found, NameCursor, Product, ProductQuery, Sort, search::Hits,
};

// No joins: with the values of a cached statement SQLite forgets its plan of a join, and planning takes ten times as long as
// reading a row.
const PRODUCT: &str = "SELECT p.id, p.code, p.name, p.description, p.supplier, p.category,
         (SELECT name FROM category WHERE id = p.category), p.price, p.currency, p.revision,
         (SELECT on_hand FROM stock WHERE product = p.id), (SELECT available FROM stock WHERE product = p.id),
         p.added, (SELECT changed FROM stock WHERE product = p.id), p.picture,
         (SELECT sold FROM stock WHERE product = p.id)
     FROM product p WHERE p.id = ?1 AND p.listed = 1";

const CATEGORY: &str =
    "SELECT c.id, c.name, (SELECT count(*) FROM product p WHERE p.category = c.id AND p.listed = 1)
     FROM category c WHERE true";

pub(super) fn product(connection: &Connection, id: Uuid) -> Result<Option<Product>> {
    let mut query = connection.prepare_cached(PRODUCT)?;
    query.query_row([id.as_bytes()], product_of).optional()
}

/// A list along an order that an index leads, or few products of a category.
pub(super) fn listed(connection: &Connection, wanted: &ProductQuery) -> Result<Found> {
    // One snapshot, so that what was found is still there.
    let connection = connection.unchecked_transaction()?;
    let (count, key) = (count(wanted.count + 1), wanted.after.as_ref().map(key));
    let mut select =
        Select::new(&format!("SELECT p.id FROM {} WHERE p.listed = 1", source(wanted)));
    select.narrow(wanted, key.as_ref());
    select.limit(&count);
    let mut ids = select.all(&connection, |row| uuid(row, 0))?;
    let more = ids.len() > wanted.count;
    ids.truncate(wanted.count);
    let products = read(&connection, ids)?;
    let next = products.last().filter(|_| more).map(|last| wanted.sort.cursor(last));
    Ok(Found { products, next, ..Found::default() })
}

/// What the index finds, as the products are now.
pub(super) fn found(
    connection: &Connection,
    index: &Indexed,
    wanted: &ProductQuery,
) -> Result<Found> {
    let Hits { ids, next, total, corrected, some_words, facets } =
        index.find(connection, wanted)?;
    let connection = connection.unchecked_transaction()?;
    let products = read(&connection, ids)?;
    Ok(Found { products, next, total: Some(total), corrected, some_words, facets })
}

fn read(connection: &Connection, ids: Vec<Uuid>) -> Result<Vec<Product>> {
    let mut query = connection.prepare_cached(PRODUCT)?;
    let mut read = |id: Uuid| query.query_row([id.as_bytes()], product_of).optional();
    ids.into_iter().filter_map(|id| read(id).transpose()).collect()
}

/// The products along the order wanted: an index leads where there is one. Join orders are given, since nothing here tells the
/// planner how much there is of what.
fn source(wanted: &ProductQuery) -> &'static str {
    match (wanted.sort, wanted.category) {
        (Sort::Available | Sort::Scarce | Sort::Sold, None) => {
            "stock s CROSS JOIN product p ON p.id = s.product"
        }
        (Sort::Available | Sort::Scarce | Sort::Sold, Some(_)) => {
            "product p CROSS JOIN stock s ON s.product = p.id"
        }
        (Sort::Relevance | Sort::Name | Sort::Price | Sort::PriceDown | Sort::Newest, _) => {
            "product p"
        }
    }
}

pub(super) fn has_category(connection: &Connection, id: Uuid) -> Result<bool> {
    connection.prepare_cached("SELECT 1 FROM category WHERE id = ?1")?.exists([id.as_bytes()])
}

pub(super) fn category(connection: &Connection, id: Uuid) -> Result<Option<Category>> {
    let mut select = Select::new(CATEGORY);
    select.and("c.id = :id", &[(":id", id.as_bytes())]);
    Ok(select.all(connection, category_of)?.pop())
}

pub(super) fn categories(connection: &Connection, wanted: &CategoryQuery) -> Result<Vec<Category>> {
    let search = wanted.search.as_deref().map(searchable);
    let count = count(wanted.count);
    let mut select = Select::new(CATEGORY);
    if let Some(search) = &search {
        select.and("instr(c.search, :search) > 0", &[(":search", search)]);
    }
    if let Some(NameCursor(name, id)) = &wanted.after {
        select.and("(c.name_key, c.id) > (:key, :id)", &[(":key", name), (":id", id.as_bytes())]);
    }
    select.order("c.name_key, c.id");
    select.limit(&count);
    select.all(connection, category_of)
}

pub(super) fn count_categories(connection: &Connection, wanted: &CategoryQuery) -> Result<u64> {
    let search = wanted.search.as_deref().map(searchable).unwrap_or_default();
    let sql = "SELECT count(*) FROM (SELECT 1 FROM category WHERE ?1 = '' OR instr(search, ?1) > 0 LIMIT ?2)";
    let mut query = connection.prepare_cached(sql)?;
    query.query_row((search, count(wanted.count)), |row| row.get(0))
}

pub(super) fn low_stock(connection: &Connection) -> Result<Option<i64>> {
    let mut query = connection.prepare_cached("SELECT units FROM low_stock")?;
    query.query_row([], |row| row.get(0)).optional()
}

pub(super) fn created(connection: &Connection, key: Uuid) -> Result<Option<(Created, Position)>> {
    let mut query = connection
        .prepare_cached("SELECT request, subject, position FROM creation WHERE key = ?1")?;
    query
        .query_row([key.as_bytes()], |row| {
            let created = Created { key, request: uuid(row, 0)?, subject: uuid(row, 1)? };
            Ok((created, Position(row.get(2)?)))
        })
        .optional()
}

/// Promise 6, summed over the shop, and every product by itself.
pub(super) fn balances(connection: &Connection) -> Result<Vec<Balance>> {
    let mut query = connection.prepare_cached(
        "SELECT coalesce(sum(received), 0), coalesce(sum(on_hand), 0), coalesce(sum(sold), 0),
             coalesce(sum(available), 0), coalesce(sum(reserved), 0),
             count(*) FILTER (WHERE received <> on_hand + sold OR on_hand <> available + reserved),
             count(*) FILTER (WHERE on_hand < 0 OR available < 0 OR reserved < 0)
         FROM stock",
    )?;
    query.query_row([], |row| {
        let sums: [i64; 7] = read_all(row)?;
        let [received, on_hand, sold, available, reserved, unbalanced, negative] = sums;
        Ok(vec![
            Balance::new("received = on hand + sold", received, on_hand + sold),
            Balance::new("on hand = available + reserved", on_hand, available + reserved),
            Balance::new("products out of balance = 0", unbalanced, 0),
            Balance::new("products below zero = 0", negative, 0),
        ])
    })
}

fn read_all<T: FromSql + Copy + Default, const N: usize>(row: &Row<'_>) -> Result<[T; N]> {
    let mut values = [T::default(); N];
    for (index, value) in values.iter_mut().enumerate() {
        *value = row.get(index)?;
    }
    Ok(values)
}

fn product_of(row: &Row<'_>) -> Result<Product> {
    Ok(Product {
        id: uuid(row, 0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        supplier: row.get(4)?,
        category: uuid(row, 5)?,
        category_name: row.get(6)?,
        price: Money::from_minor(row.get(7)?),
        currency: row.get(8)?,
        revision: row.get(9)?,
        on_hand: row.get(10)?,
        available: row.get(11)?,
        sold: row.get(15)?,
        added: Position(row.get(12)?),
        changed: Position(row.get(13)?),
        picture: row.get::<_, Option<String>>(14)?.map(|text| picture_of(&text)).transpose()?,
    })
}

fn picture_of(text: &str) -> Result<Picture> {
    let read = serde_json::from_str(text);
    read.map_err(|error| Error::FromSqlConversionFailure(14, Type::Text, error.into()))
}

fn category_of(row: &Row<'_>) -> Result<Category> {
    Ok(Category { id: uuid(row, 0)?, name: row.get(1)?, products: row.get(2)? })
}
