//! Answers queries from documents, each as of one checkpoint. The checkpoint is read first; of documents that are beyond it the
//! state before is used. Where one has changed twice since, the query is retried.

use contracts::money::Money;
use jiff::civil::Date;
use kernel::Position;
use runtime::{ModelError, SetAside, sqlite::aside_line, sqlite::line};
use rusqlite::types::ValueRef;
use serde::{Serialize, de::DeserializeOwned};
use store::Balance;
use uuid::Uuid;

use super::{
    documents::{
        Aside, Checkpoint, InvoiceDocument, Names, Pointer, Stored, SumOf, SumState, Versioned,
        aside_id, customer_id, day_id, invoice_id, name_id, order_id, owned_id, year_id,
    },
    server::{Range, Server, read},
};
use crate::model::{Invoice, InvoiceQuery, ProductSum, Revenue, Sum, number};

/// How often a query is retried because the model moved.
const RETRIES_MAX: u32 = 8;

/// Why there is no answer.
pub(super) enum Failure {
    /// The model has moved on: ask again.
    Moved,
    Model(ModelError),
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

/// Asks until an answer is of one checkpoint.
pub(super) async fn ask<T, A: Future<Output = Result<T, Failure>>>(
    server: &Server,
    question: impl Fn(Checkpoint) -> A,
) -> Result<T, ModelError> {
    for _ in 0..RETRIES_MAX {
        let (checkpoint, _) = server.checkpoint().await?;
        match question(checkpoint).await {
            Ok(answer) => return Ok(answer),
            Err(Failure::Moved) => {}
            Err(Failure::Model(error)) => return Err(error),
        }
    }
    Err(server.silent("too many concurrent changes; retry"))
}

pub(super) async fn invoice(
    server: &Server,
    at: Checkpoint,
    order: Uuid,
) -> Result<Option<Invoice>, Failure> {
    let pointer = server.get_all(&[order_id(order)]).await?;
    let Some(Pointer::Invoice(number)) = pointer.first().map(read).transpose()? else {
        return Ok(None);
    };
    if number > at.last {
        return Ok(None);
    }
    let found = invoices_of(&server.get_all(&[invoice_id(number)]).await?)?;
    Ok(found.into_iter().next())
}

pub(super) async fn invoices(
    server: &Server,
    at: Checkpoint,
    wanted: &InvoiceQuery,
) -> Result<Vec<Invoice>, Failure> {
    let behind = wanted.after.map_or(u64::MAX, |after| after.saturating_sub(1));
    let newest = behind.min(at.last);
    let found = match wanted.customer {
        None => {
            let range = Range::Down(&invoice_id(newest), &invoice_id(1));
            server.range(range, wanted.count).await?
        }
        Some(customer) => {
            let range = Range::Down(&owned_id(customer, newest), &owned_id(customer, 1));
            let owned = server.ids(range, wanted.count).await?;
            let numbers = owned.iter().filter_map(|id| id.rsplit(':').next()?.parse::<u64>().ok());
            let ids: Vec<String> = numbers.map(invoice_id).collect();
            server.get_all(&ids).await?
        }
    };
    invoices_of(&found)
}

fn invoices_of(found: &[Stored]) -> Result<Vec<Invoice>, Failure> {
    let invoice = |stored: &Stored| {
        let document: InvoiceDocument = read(stored)?;
        let (at, Names { user, full_name }) = (document.at(), document.names);
        Ok(Invoice { at, issued: document.invoice, user, full_name })
    };
    found.iter().map(invoice).collect()
}

/// The events that are set aside at the checkpoint.
pub(super) async fn aside(server: &Server, at: Checkpoint) -> Result<Vec<SetAside>, Failure> {
    let (first, last) = (aside_id(Position::START), aside_id(at.position));
    let found = server.whole_range(&first, &last).await?;
    let mut entries = Vec::new();
    for stored in &found {
        let entry = read::<Aside>(stored)?.at(at.position);
        entries.extend(entry.map_err(|error| ModelError::Other(error.to_string()))?);
    }
    Ok(entries)
}

pub(super) async fn customer(
    server: &Server,
    at: Checkpoint,
    user: &str,
) -> Result<Option<Uuid>, Failure> {
    let pointer = server.get_all(&[name_id(user)]).await?;
    let Some(Pointer::Customer(customer)) = pointer.first().map(read).transpose()? else {
        return Ok(None);
    };
    let known = server.get_all(&[customer_id(customer)]).await?;
    let Some(stored) = known.first() else { return Ok(None) };
    let known: Option<Names> = in_force(stored, at.position)?;
    Ok(known.filter(|names| names.user.as_deref() == Some(user)).map(|_| customer))
}

pub(super) async fn revenue(
    server: &Server,
    at: Checkpoint,
    year: i16,
) -> Result<Revenue, Failure> {
    let mut revenue = Revenue::default();
    for (of, state) in sums(server, at, &year_id(year), &after(&year_id(year))).await? {
        match of {
            SumOf::Day(day) => revenue.add(day.month(), sum_of(&state)),
            SumOf::Product(_, product) => revenue.products.push(ProductSum {
                product,
                name: state.name,
                quantity: state.quantity,
                revenue: state.revenue,
            }),
        }
    }
    revenue.products.sort_by_key(|sum| (std::cmp::Reverse(sum.revenue), sum.product));
    Ok(revenue)
}

pub(super) async fn days(
    server: &Server,
    at: Checkpoint,
    first: Date,
    last: Date,
) -> Result<Vec<(Date, Sum)>, Failure> {
    let mut days = Vec::new();
    // The ids of two years have those of products between them.
    for year in first.year()..=last.year() {
        let begin = Date::new(year, 1, 1).map_or(first, |begin| begin.max(first));
        let end = Date::new(year, 12, 31).map_or(last, |end| end.min(last));
        for (of, state) in sums(server, at, &day_id(begin), &day_id(end)).await? {
            if let SumOf::Day(day) = of {
                days.push((day, sum_of(&state)));
            }
        }
    }
    Ok(days)
}

fn sum_of(state: &SumState) -> Sum {
    Sum { invoices: state.invoices, revenue: state.revenue }
}

/// What accounting can vouch for: numbers without gaps, and sums that agree.
pub(super) async fn balances(server: &Server, at: Checkpoint) -> Result<Vec<Balance>, Failure> {
    let (mut invoices, mut by_day, mut by_product) = (0, Money::ZERO, Money::ZERO);
    for (of, state) in sums(server, at, "sum:", &after("sum:")).await? {
        match of {
            SumOf::Day(_) => {
                invoices += state.invoices;
                by_day += state.revenue;
            }
            SumOf::Product(..) => by_product += state.revenue,
        }
    }
    Ok(vec![
        Balance::new("invoices = last invoice number", signed(invoices), signed(at.last)),
        Balance::of_hundredths(
            "revenue by day = revenue by product",
            by_day.minor(),
            by_product.minor(),
        ),
    ])
}

/// What is behind all ids that begin so.
fn after(prefix: &str) -> String {
    format!("{prefix}\u{fff0}")
}

/// All sums between two ids, both included.
async fn sums(
    server: &Server,
    at: Checkpoint,
    first: &str,
    last: &str,
) -> Result<Vec<(SumOf, SumState)>, Failure> {
    let mut sums = Vec::new();
    for stored in server.whole_range(first, last).await? {
        if let Some((of, state)) = SumOf::parse(&stored.id).zip(in_force(&stored, at.position)?) {
            sums.push((of, state));
        }
    }
    Ok(sums)
}

/// All that is in force, as SQLite would dump its rows.
pub(super) async fn dump(server: &Server, at: Checkpoint) -> Result<Vec<String>, Failure> {
    let mut lines = vec![line("checkpoint", &[integer(at.position.0)])];
    for stored in server.whole_range(&invoice_id(1), &invoice_id(at.last)).await? {
        lines.push(invoice_line(&read(&stored)?));
    }
    for stored in server.whole_range("customer:", &after("customer:")).await? {
        let id = stored.id.strip_prefix("customer:").and_then(|id| Uuid::parse_str(id).ok());
        let names: Option<Names> = in_force(&stored, at.position)?;
        if let Some((id, Names { user, full_name })) = id.zip(names) {
            let values = [blob(&id), text(user.as_deref()), text(full_name.as_deref())];
            lines.push(line("customer", &values));
        }
    }
    lines.extend(aside(server, at).await?.iter().map(aside_line));
    for (of, sum) in sums(server, at, "sum:", &after("sum:")).await? {
        let revenue = ValueRef::Integer(sum.revenue.minor());
        lines.push(match of {
            SumOf::Day(day) => {
                let date = ValueRef::Integer(number(day));
                line("day", &[date, integer(sum.invoices), revenue])
            }
            SumOf::Product(year, id) => {
                let (year, name) = (ValueRef::Integer(year.into()), text(Some(&sum.name)));
                line("product", &[year, blob(&id), name, integer(sum.quantity), revenue])
            }
        });
    }
    lines.sort();
    Ok(lines)
}

fn invoice_line(document: &InvoiceDocument) -> String {
    let invoice = &document.invoice;
    line(
        "invoice",
        &[
            integer(invoice.number),
            blob(&invoice.order),
            blob(&invoice.customer),
            blob(&invoice.product),
            text(Some(&invoice.product_name)),
            integer(invoice.quantity.into()),
            ValueRef::Integer(invoice.unit_price.minor()),
            ValueRef::Integer(invoice.total.minor()),
            text(Some(&invoice.currency)),
            ValueRef::Integer(document.issued_at),
            text(document.names.user.as_deref()),
            text(document.names.full_name.as_deref()),
        ],
    )
}

/// The state of a document that was in force at a position.
fn in_force<S: Clone + Serialize + DeserializeOwned>(
    stored: &Stored,
    position: Position,
) -> Result<Option<S>, Failure> {
    let found = read::<Versioned<S>>(stored)?.at(position).map_err(|_too_new| Failure::Moved)?;
    Ok(found.map(|earlier| earlier.state))
}

fn integer(number: u64) -> ValueRef<'static> {
    ValueRef::Integer(signed(number))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn blob(id: &Uuid) -> ValueRef<'_> {
    ValueRef::Blob(id.as_bytes())
}

fn text(text: Option<&str>) -> ValueRef<'_> {
    text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
}
