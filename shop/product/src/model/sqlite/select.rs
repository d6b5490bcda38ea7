//! Statements that list products: built up condition by condition, in the order that is wanted, from a cursor on.

use rusqlite::{Connection, Result, Row, ToSql};
use uuid::Uuid;

use crate::model::{Cursor, ProductQuery, Sort};

/// A query under construction: conditions, and the values they name.
pub(super) struct Select<'a> {
    pub(super) sql: String,
    pub(super) values: Vec<(&'static str, &'a dyn ToSql)>,
}

impl<'a> Select<'a> {
    pub(super) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    pub(super) fn and(&mut self, condition: &str, values: &[(&'static str, &'a dyn ToSql)]) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.extend_from_slice(values);
    }

    pub(super) fn order(&mut self, order: &str) {
        self.sql.push_str(" ORDER BY ");
        self.sql.push_str(order);
    }

    pub(super) fn limit(&mut self, count: &'a i64) {
        self.sql.push_str(" LIMIT :count");
        self.values.push((":count", count));
    }

    pub(super) fn all<T>(
        &self,
        connection: &Connection,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        connection.prepare_cached(&self.sql)?.query_map(&*self.values, read)?.collect()
    }

    /// Only products of the category wanted, in the order wanted, after the cursor.
    pub(super) fn narrow(
        &mut self,
        wanted: &'a ProductQuery,
        after: Option<&'a (Box<dyn ToSql + '_>, Uuid)>,
    ) {
        if let Some(category) = &wanted.category {
            self.and("p.category = :category", &[(":category", category.as_bytes())]);
        }
        let (beyond, order) = order(wanted.sort);
        if let Some((key, id)) = after {
            self.and(beyond, &[(":key", key), (":id", id.as_bytes())]);
        }
        self.order(order);
    }
}

/// The condition to come after a cursor, and the order.
fn order(sort: Sort) -> (&'static str, &'static str) {
    match sort {
        Sort::Relevance | Sort::Name => ("(p.name_key, p.id) > (:key, :id)", "p.name_key, p.id"),
        Sort::Price => ("(p.price, p.id) > (:key, :id)", "p.price, p.id"),
        Sort::PriceDown => ("(p.price, p.id) < (:key, :id)", "p.price DESC, p.id DESC"),
        Sort::Newest => ("(p.added, p.id) < (:key, :id)", "p.added DESC, p.id DESC"),
        Sort::Available => {
            ("(s.available, s.product) < (:key, :id)", "s.available DESC, s.product DESC")
        }
        Sort::Scarce => ("(s.available, s.product) > (:key, :id)", "s.available, s.product"),
        Sort::Sold => ("(s.sold, s.product) < (:key, :id)", "s.sold DESC, s.product DESC"),
    }
}

pub(super) fn key(cursor: &Cursor) -> (Box<dyn ToSql + '_>, Uuid) {
    match cursor {
        Cursor::Relevance(_, name, id) | Cursor::Name(name, id) => (Box::new(name), *id),
        Cursor::Price(value, id)
        | Cursor::PriceDown(value, id)
        | Cursor::Available(value, id)
        | Cursor::Scarce(value, id)
        | Cursor::Sold(value, id) => (Box::new(*value), *id),
        // No number is beyond what SQLite can count; such a cursor was made up.
        Cursor::Newest(value, id) => (Box::new(i64::try_from(*value).unwrap_or(i64::MAX)), *id),
    }
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

pub(super) fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
