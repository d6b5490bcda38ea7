//! Queries in SQL.

use contracts::accounting::InvoiceIssued;
use contracts::money::Money;
use jiff::civil::Date;
use kernel::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use store::Balance;
use uuid::Uuid;

use crate::model::{Invoice, InvoiceQuery, ProductSum, Revenue, Sum, number};

const INVOICE: &str = "SELECT number, order_id, customer, product, product_name, quantity, unit_price, total, currency, issued_at,
         user, full_name
     FROM invoice";

pub(super) fn invoice(connection: &Connection, order: Uuid) -> Result<Option<Invoice>> {
    let sql = format!("{INVOICE} WHERE order_id = ?1 ORDER BY number LIMIT 1");
    connection.prepare_cached(&sql)?.query_row([order.as_bytes()], invoice_of).optional()
}

pub(super) fn invoices(connection: &Connection, wanted: &InvoiceQuery) -> Result<Vec<Invoice>> {
    let before = wanted.after.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
    let count = i64::try_from(wanted.count).unwrap_or(i64::MAX);
    let newest = "number < ?1 ORDER BY number DESC LIMIT ?2";
    match &wanted.customer {
        Some(customer) => connection
            .prepare_cached(&format!("{INVOICE} WHERE customer = ?3 AND {newest}"))?
            .query_map(params![before, count, customer.as_bytes()], invoice_of)?
            .collect(),
        None => connection
            .prepare_cached(&format!("{INVOICE} WHERE {newest}"))?
            .query_map(params![before, count], invoice_of)?
            .collect(),
    }
}

pub(super) fn customer(connection: &Connection, user: &str) -> Result<Option<Uuid>> {
    let mut query = connection.prepare_cached("SELECT id FROM customer WHERE user = ?1")?;
    query.query_row([user], |row| uuid(row, 0)).optional()
}

pub(super) fn revenue(connection: &Connection, year: i16) -> Result<Revenue> {
    // One snapshot for both, so that they add up to the same.
    let connection = connection.unchecked_transaction()?;
    let mut revenue = Revenue::default();
    for (day, sum) in
        between(&connection, i64::from(year) * 10_000, i64::from(year) * 10_000 + 9_999)?
    {
        revenue.add(day.month(), sum);
    }
    revenue.products = connection
        .prepare_cached(
            "SELECT id, name, quantity, revenue FROM product WHERE year = ?1 ORDER BY revenue DESC, id",
        )?
        .query_map([year], product_of)?
        .collect::<Result<_>>()?;
    Ok(revenue)
}

pub(super) fn days(connection: &Connection, first: Date, last: Date) -> Result<Vec<(Date, Sum)>> {
    between(connection, number(first), number(last))
}

fn between(connection: &Connection, first: i64, last: i64) -> Result<Vec<(Date, Sum)>> {
    connection
        .prepare_cached(
            "SELECT date, invoices, revenue FROM day WHERE date BETWEEN ?1 AND ?2 ORDER BY date",
        )?
        .query_map([first, last], |row| {
            let sum = Sum { invoices: row.get(1)?, revenue: Money::from_minor(row.get(2)?) };
            Ok((day_of(row, 0)?, sum))
        })?
        .collect()
}

/// What accounting can vouch for: numbers without gaps, and sums that agree.
pub(super) fn balances(connection: &Connection) -> Result<Vec<Balance>> {
    let mut query = connection.prepare_cached(
        "SELECT (SELECT coalesce(sum(invoices), 0) FROM day), (SELECT coalesce(max(number), 0) FROM invoice),
             (SELECT coalesce(sum(revenue), 0) FROM day), (SELECT coalesce(sum(revenue), 0) FROM product)",
    )?;
    query.query_row([], |row| {
        Ok(vec![
            Balance::new("invoices = last invoice number", row.get(0)?, row.get(1)?),
            Balance::of_hundredths("revenue by day = revenue by product", row.get(2)?, row.get(3)?),
        ])
    })
}

fn invoice_of(row: &Row<'_>) -> Result<Invoice> {
    let issued = InvoiceIssued {
        number: row.get(0)?,
        order: uuid(row, 1)?,
        customer: uuid(row, 2)?,
        product: uuid(row, 3)?,
        product_name: row.get(4)?,
        quantity: row.get(5)?,
        unit_price: Money::from_minor(row.get(6)?),
        total: Money::from_minor(row.get(7)?),
        currency: row.get(8)?,
    };
    let at = Timestamp::from_micros(row.get(9)?);
    Ok(Invoice { issued, at, user: row.get(10)?, full_name: row.get(11)? })
}

fn product_of(row: &Row<'_>) -> Result<ProductSum> {
    Ok(ProductSum {
        product: uuid(row, 0)?,
        name: row.get(1)?,
        quantity: row.get(2)?,
        revenue: Money::from_minor(row.get(3)?),
    })
}

/// The day of a number in a row. One that is none is an error, never some other day.
fn day_of(row: &Row<'_>, column: usize) -> Result<Date> {
    let number: i64 = row.get(column)?;
    let [year, month, day] = [number / 10_000, number / 100 % 100, number % 100];
    let date = i16::try_from(year).ok().zip(i8::try_from(month).ok()).zip(i8::try_from(day).ok());
    date.and_then(|((year, month), day)| Date::new(year, month, day).ok())
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}
