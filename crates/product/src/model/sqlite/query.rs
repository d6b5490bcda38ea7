//! Questions as SQL.

use bus::Balance;
use kernel::{Money, Position};
use rusqlite::{Connection, OptionalExtension, Result, Row, ToSql, types::FromSql};
use uuid::Uuid;

use crate::model::{
    Categories, Category, Created, Cursor, NameCursor, Product, Products, Sort, folded,
};

const PRODUCT: &str = "SELECT p.id, p.code, p.name, p.description, p.supplier, p.category, c.name, p.price, p.currency,
         p.revision, s.on_hand, s.available, p.added, s.changed
     FROM product p JOIN stock s ON s.product = p.id LEFT JOIN category c ON c.id = p.category
     WHERE p.listed = 1";

const CATEGORY: &str =
    "SELECT c.id, c.name, (SELECT count(*) FROM product p WHERE p.category = c.id AND p.listed = 1)
     FROM category c WHERE true";

/// A query under construction: conditions, and the values they name.
struct Select<'a> {
    sql: String,
    values: Vec<(&'static str, &'a dyn ToSql)>,
}

impl<'a> Select<'a> {
    fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    fn and(&mut self, condition: &str, values: &[(&'static str, &'a dyn ToSql)]) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.extend_from_slice(values);
    }

    fn page(&mut self, order: &str, count: &'a i64) {
        self.sql.push_str(" ORDER BY ");
        self.sql.push_str(order);
        self.sql.push_str(" LIMIT :count");
        self.values.push((":count", count));
    }

    fn all<T>(
        &self,
        connection: &Connection,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        connection.prepare_cached(&self.sql)?.query_map(&*self.values, read)?.collect()
    }
}

pub(super) fn product(connection: &Connection, id: Uuid) -> Result<Option<Product>> {
    let mut select = Select::new(PRODUCT);
    select.and("p.id = :id", &[(":id", id.as_bytes())]);
    Ok(select.all(connection, product_of)?.pop())
}

pub(super) fn products(connection: &Connection, wanted: &Products) -> Result<Vec<Product>> {
    let (after, order) = order(wanted.sort);
    let search = wanted.search.as_deref().map(folded);
    let count = count(wanted.count);
    let after_key;
    let mut select = Select::new(PRODUCT);
    if let Some(category) = &wanted.category {
        select.and("p.category = :category", &[(":category", category.as_bytes())]);
    }
    if let Some(search) = &search {
        select.and("instr(p.search, :search) > 0", &[(":search", search)]);
    }
    if let Some(cursor) = &wanted.after {
        after_key = key(cursor);
        let (value, id) = (&*after_key.0, after_key.1.as_bytes());
        select.and(after, &[(":key", value), (":id", id)]);
    }
    select.page(order, &count);
    select.all(connection, product_of)
}

/// The condition to come after a cursor, and the order.
fn order(sort: Sort) -> (&'static str, &'static str) {
    match sort {
        Sort::Name => ("(p.name_key, p.id) > (:key, :id)", "p.name_key, p.id"),
        Sort::Price => ("(p.price, p.id) > (:key, :id)", "p.price, p.id"),
        Sort::PriceDown => ("(p.price, p.id) < (:key, :id)", "p.price DESC, p.id DESC"),
        Sort::Newest => ("(p.added, p.id) < (:key, :id)", "p.added DESC, p.id DESC"),
        Sort::Available => ("(s.available, p.id) < (:key, :id)", "s.available DESC, p.id DESC"),
        Sort::Scarce => ("(s.available, p.id) > (:key, :id)", "s.available, p.id"),
    }
}

fn key(cursor: &Cursor) -> (Box<dyn ToSql + '_>, Uuid) {
    match cursor {
        Cursor::Name(name, id) => (Box::new(name), *id),
        Cursor::Price(value, id)
        | Cursor::PriceDown(value, id)
        | Cursor::Available(value, id)
        | Cursor::Scarce(value, id) => (Box::new(*value), *id),
        Cursor::Newest(value, id) => (Box::new(*value), *id),
    }
}

pub(super) fn category(connection: &Connection, id: Uuid) -> Result<Option<Category>> {
    let mut select = Select::new(CATEGORY);
    select.and("c.id = :id", &[(":id", id.as_bytes())]);
    Ok(select.all(connection, category_of)?.pop())
}

pub(super) fn categories(connection: &Connection, wanted: &Categories) -> Result<Vec<Category>> {
    let search = wanted.search.as_deref().map(folded);
    let count = count(wanted.count);
    let mut select = Select::new(CATEGORY);
    if let Some(search) = &search {
        select.and("instr(c.search, :search) > 0", &[(":search", search)]);
    }
    if let Some(NameCursor(name, id)) = &wanted.after {
        select.and("(c.name_key, c.id) > (:key, :id)", &[(":key", name), (":id", id.as_bytes())]);
    }
    select.page("c.name_key, c.id", &count);
    select.all(connection, category_of)
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
    let balance = |name: &str, left, right| Balance { name: name.to_owned(), left, right };
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
            balance("received = on hand + sold", received, on_hand + sold),
            balance("on hand = available + reserved", on_hand, available + reserved),
            balance("products out of balance = 0", unbalanced, 0),
            balance("products below zero = 0", negative, 0),
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
        added: Position(row.get(12)?),
        changed: Position(row.get(13)?),
    })
}

fn category_of(row: &Row<'_>) -> Result<Category> {
    Ok(Category { id: uuid(row, 0)?, name: row.get(1)?, products: row.get(2)? })
}

fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
