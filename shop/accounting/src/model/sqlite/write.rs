//! Changes as SQL: one statement for an invoice, and one for each day and product that a batch adds to.

use std::collections::BTreeMap;

use contracts::accounting::InvoiceIssued;
use jiff::civil::Date;
use kernel::Timestamp;
use rusqlite::{Result, Transaction, params};
use uuid::Uuid;

use crate::{
    calendar::Calendar,
    model::{Change, ProductSum, Sum, What, number},
};

/// What a batch adds to the revenue.
#[derive(Default)]
struct Sums {
    days: BTreeMap<Date, Sum>,
    products: BTreeMap<(i16, Uuid), ProductSum>,
}

pub(super) fn all(tx: &Transaction<'_>, calendar: &Calendar, changes: &[Change]) -> Result<()> {
    let mut sums = Sums::default();
    for change in changes {
        match &change.what {
            What::Issued { invoice, at } => {
                insert(tx, invoice, *at)?;
                sums.add(calendar.day_of(*at), invoice);
            }
            What::Named { customer, user, full_name } => {
                tx
                    .prepare_cached(
                        "INSERT INTO customer VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET
                             user = coalesce(excluded.user, user), full_name = coalesce(excluded.full_name, full_name)",
                    )?
                    .execute(params![customer.as_bytes(), user, full_name])?;
            }
        }
    }
    sums.write(tx)
}

fn insert(tx: &Transaction<'_>, invoice: &InvoiceIssued, at: Timestamp) -> Result<()> {
    let InvoiceIssued {
        number,
        order,
        customer,
        product,
        product_name,
        quantity,
        unit_price,
        total,
        currency,
    } = invoice;
    // The numbers go up, and the names are those of now: an invoice stays as it was issued.
    let inserted = tx
        .prepare_cached(
            "INSERT OR FAIL INTO invoice SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                 (SELECT user FROM customer WHERE id = ?3), (SELECT full_name FROM customer WHERE id = ?3)
             WHERE ?1 > (SELECT coalesce(max(number), 0) FROM invoice)",
        )?
        .execute(params![
            number,
            order.as_bytes(),
            customer.as_bytes(),
            product.as_bytes(),
            product_name,
            quantity,
            unit_price.minor(),
            total.minor(),
            currency,
            at.micros(),
        ])?;
    if inserted == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(inserted)) }
}

impl Sums {
    fn add(&mut self, day: Date, invoice: &InvoiceIssued) {
        let sum = self.days.entry(day).or_default();
        sum.invoices += 1;
        sum.revenue += invoice.total;
        let product = invoice.product;
        let sum = self.products.entry((day.year(), product)).or_insert_with(|| ProductSum {
            product,
            name: String::new(),
            quantity: 0,
            revenue: contracts::money::Money::ZERO,
        });
        sum.name.clone_from(&invoice.product_name);
        sum.quantity += u64::from(invoice.quantity);
        sum.revenue += invoice.total;
    }

    fn write(&self, tx: &Transaction<'_>) -> Result<()> {
        let mut day = tx.prepare_cached(
            "INSERT INTO day VALUES (?1, ?2, ?3) ON CONFLICT (date) DO UPDATE SET
                 invoices = invoices + excluded.invoices, revenue = revenue + excluded.revenue",
        )?;
        for (at, sum) in &self.days {
            day.execute(params![number(*at), sum.invoices, sum.revenue.minor()])?;
        }
        let mut product = tx.prepare_cached(
            "INSERT INTO product VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (year, id) DO UPDATE SET
                 name = excluded.name, quantity = quantity + excluded.quantity, revenue = revenue + excluded.revenue",
        )?;
        for ((year, id), sum) in &self.products {
            let ProductSum { name, quantity, revenue, .. } = sum;
            product.execute(params![year, id.as_bytes(), name, quantity, revenue.minor()])?;
        }
        Ok(())
    }
}
