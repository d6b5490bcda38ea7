//! Events of all services → changes of the read model. Pure.

use std::sync::Arc;

use contracts::money::{Decimal, Money};
use contracts::{
    accounting::AccountingEvent,
    customer::{CustomerEvent, Registered},
    order::{Denied, OrderEvent, Placed, Reason, Terms},
    product::ProductEvent,
};
use kernel::{Recorded, Timestamp};
use runtime::{Unfit, model::subject};
use serde::Serialize;
use uuid::Uuid;

use crate::model::{Change, Effect, Happened, Product, What};

/// What an event changes, if anything.
pub fn project(event: &Recorded) -> Result<Option<Change>, Unfit> {
    let what = match event.stream.category() {
        contracts::order::CATEGORY => of_order(event, OrderEvent::read(event)?),
        contracts::product::CATEGORY => of_product(event, ProductEvent::read(event)?)?,
        contracts::customer::CATEGORY => of_customer(event, CustomerEvent::read(event)?),
        contracts::accounting::CATEGORY => of_accounting(event, AccountingEvent::read(event)?)?,
        _ => None,
    };
    if what.as_ref().is_some_and(has_nul) {
        // PostgreSQL cannot keep it, and all engines are to hold the same.
        return Err(Unfit("a text holds the character U+0000".to_owned()));
    }
    Ok(what.map(|what| Change { position: event.position, at: event.time, what }))
}

fn has_nul(what: &What) -> bool {
    let texts = match what {
        What::Listed(_, product) => [Some(&product.name), Some(&product.currency)],
        What::Changed { name, .. } => [name.as_ref(), None],
        What::Customer { user, .. } => [Some(user), None],
        What::Happened(Happened { placed: Some(terms), .. }) => {
            [Some(&terms.product_name), Some(&terms.currency)]
        }
        What::Unlisted(_) | What::Happened(_) => [None, None],
    };
    texts.into_iter().flatten().any(|text| text.contains('\0'))
}

/// What matters of an event, as the history shows it.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Decimal<true>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Decimal<true>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Decimal<true>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<Decimal<true>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_left: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_in_stock: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_left: Option<Decimal<true>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_number: Option<u64>,
}

fn of_order(event: &Recorded, what: OrderEvent) -> Option<What> {
    let (terms, effect, details) = match what {
        OrderEvent::Placed(Placed { terms, deadline }) => {
            let details = Details {
                quantity: Some(terms.quantity),
                price: amount(terms.price),
                deadline: Some(deadline),
                ..Details::default()
            };
            return happened(event, terms.order, Effect::Placed, &details)
                .map(|happened| Happened { placed: Some(Arc::new(terms)), ..happened })
                .map(What::Happened);
        }
        OrderEvent::Approved(terms) => (terms, Effect::Approved, Details::default()),
        OrderEvent::Finalized(finalized) => {
            let details = Details { total: amount(finalized.terms.total()), ..Details::default() };
            (finalized.terms, Effect::Finalized, details)
        }
        OrderEvent::Denied(Denied { terms, reasons }) => {
            let details = Details { reasons: reasons.clone(), ..Details::default() };
            (terms, Effect::Denied(reasons), details)
        }
    };
    let Terms { order, .. } = terms;
    happened(event, order, effect, &details).map(What::Happened)
}

fn of_product(event: &Recorded, what: ProductEvent) -> Result<Option<What>, Unfit> {
    let (order, details) = match what {
        ProductEvent::Added(added) => {
            let product =
                Product { name: added.name, price: added.price, currency: added.currency };
            return Ok(Some(What::Listed(added.product, product)));
        }
        ProductEvent::Changed(changed) => {
            let product = subject(event)?;
            let contracts::product::Changed { name, price, .. } = changed;
            let matters = name.is_some() || price.is_some();
            return Ok(matters.then_some(What::Changed { product, name, price }));
        }
        ProductEvent::Deleted(_) => {
            return Ok(Some(What::Unlisted(subject(event)?)));
        }
        ProductEvent::StockReserved(reserved) => (
            reserved.order,
            Details {
                price: amount(reserved.price),
                units_left: Some(reserved.available),
                ..Details::default()
            },
        ),
        ProductEvent::StockDenied(denied) => (
            denied.order,
            Details {
                reason: Some(denied.reason),
                units_left: Some(denied.available),
                ..Details::default()
            },
        ),
        ProductEvent::StockReleased(released) => {
            (released.order, Details { units_left: Some(released.available), ..Details::default() })
        }
        ProductEvent::StockCommitted(committed) => (
            committed.order,
            Details { units_in_stock: Some(committed.on_hand), ..Details::default() },
        ),
    };
    Ok(step(event, order, &details))
}

fn of_customer(event: &Recorded, what: CustomerEvent) -> Option<What> {
    let (order, details) = match what {
        CustomerEvent::Registered(Registered { customer, personal, .. }) => {
            return personal.user.map(|user| What::Customer { id: customer, user });
        }
        CustomerEvent::CreditReserved(reserved) => (
            reserved.order,
            Details {
                amount: amount(reserved.amount),
                credit_left: amount(reserved.available),
                ..Details::default()
            },
        ),
        CustomerEvent::CreditDenied(denied) => (
            denied.order,
            Details {
                reason: Some(denied.reason),
                credit_left: amount(denied.available),
                ..Details::default()
            },
        ),
        CustomerEvent::CreditReleased(released) => (
            released.order,
            Details {
                amount: amount(released.amount),
                credit_left: amount(released.available),
                ..Details::default()
            },
        ),
        CustomerEvent::CreditDebited(debited) => (
            debited.order,
            Details {
                amount: amount(debited.amount),
                credit: amount(debited.credit),
                ..Details::default()
            },
        ),
        CustomerEvent::ProfileChanged(_)
        | CustomerEvent::PasswordChanged(_)
        | CustomerEvent::LoggedOut(_)
        | CustomerEvent::CreditChanged(_) => return None,
    };
    step(event, order, &details)
}

fn of_accounting(event: &Recorded, what: AccountingEvent) -> Result<Option<What>, Unfit> {
    let AccountingEvent::InvoiceIssued(invoice) = what;
    if i64::try_from(invoice.number).is_err() {
        return Err(Unfit("its number exceeds the largest invoice number".to_owned()));
    }
    let details = Details {
        invoice_number: Some(invoice.number),
        total: amount(invoice.total),
        ..Details::default()
    };
    Ok(step(event, invoice.order, &details))
}

/// A step whose effect follows from its type and details.
fn step(event: &Recorded, order: Uuid, details: &Details) -> Option<What> {
    let mut happened = happened(event, order, Effect::Placed, details)?;
    happened.effect = Effect::of(event.kind.as_str(), &happened.details)?;
    Some(What::Happened(happened))
}

fn happened(event: &Recorded, order: Uuid, effect: Effect, details: &Details) -> Option<Happened> {
    Some(Happened {
        order,
        kind: event.kind.clone(),
        actor: event.metadata.actor.clone(),
        details: serde_json::to_string(details).ok()?,
        effect,
        placed: None,
    })
}

#[expect(clippy::unnecessary_wraps, reason = "it fills an optional field")]
fn amount(money: Money) -> Option<Decimal<true>> {
    Some(Decimal(money))
}
