//! Events of all services → changes of the read model. Pure.

mod following;

use std::sync::Arc;

use contracts::money::{Decimal, Money};
use contracts::{
    accounting::AccountingEvent,
    catalogue::CatalogueEvent,
    customer::{CustomerEvent, Registered},
    order::{Channel, Denied, OrderEvent, Placed, Reason, lifecycle::Effect},
    product::ProductEvent,
};
use kernel::{Recorded, Timestamp};
use runtime::{Unfit, model::subject};
use serde::Serialize;
use uuid::Uuid;

use crate::model::{Change, Happened, Placing, Product, What, Whose};

/// What an event changes, if anything. What other services and later versions record may follow from an order as well.
pub fn project(event: &Recorded) -> Result<Option<Change>, Unfit> {
    let kind = event.kind.as_str();
    let what = match event.stream.category() {
        contracts::order::CATEGORY if OrderEvent::has(kind) => {
            Some(of_order(event, OrderEvent::read(event)?))
        }
        contracts::product::CATEGORY if ProductEvent::has(kind) => {
            of_product(event, ProductEvent::read(event)?)?
        }
        contracts::customer::CATEGORY if CustomerEvent::has(kind) => {
            of_customer(event, CustomerEvent::read(event)?)
        }
        contracts::accounting::CATEGORY if AccountingEvent::has(kind) => {
            Some(of_accounting(event, AccountingEvent::read(event)?)?)
        }
        contracts::catalogue::CATEGORY if CatalogueEvent::has(kind) => None,
        _ => Some(What::Happened(following::happened(event))),
    };
    if what.as_ref().is_some_and(has_nul) {
        // PostgreSQL cannot keep it, and all engines are to hold the same.
        return Err(Unfit::broken("a text holds the character U+0000"));
    }
    Ok(what.map(|what| Change { position: event.position, at: event.time, what }))
}

fn has_nul(what: &What) -> bool {
    let texts = match what {
        What::Listed(_, product) => [Some(&product.name), Some(&product.currency)],
        What::Changed { name, .. } => [name.as_ref(), None],
        What::Customer { user, .. } => [Some(user), None],
        What::Happened(Happened { placed: Some(placing), .. }) => {
            [Some(&placing.terms.product_name), Some(&placing.terms.currency)]
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
    channel: Option<Channel>,
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

fn of_order(event: &Recorded, what: &OrderEvent) -> What {
    let (order, effect) = Effect::of_order(what);
    let details = match what {
        OrderEvent::Placed(Placed { terms, deadline, channel }) => Details {
            channel: Some(*channel),
            quantity: Some(terms.quantity),
            price: amount(terms.price),
            deadline: Some(*deadline),
            ..Details::default()
        },
        OrderEvent::Approved(_) => Details::default(),
        OrderEvent::Finalized(finalized) => {
            Details { total: amount(finalized.terms.total()), ..Details::default() }
        }
        OrderEvent::Denied(Denied { reasons, .. }) => {
            Details { reasons: reasons.clone(), ..Details::default() }
        }
    };
    let happened = happened(event, order, effect, &details);
    let placed = match what {
        OrderEvent::Placed(Placed { terms, channel, .. }) => {
            let (terms, correlation) = (terms.clone(), event.metadata.correlation);
            Some(Arc::new(Placing { terms, channel: *channel, correlation }))
        }
        OrderEvent::Approved(_) | OrderEvent::Finalized(_) | OrderEvent::Denied(_) => None,
    };
    What::Happened(Happened { placed, ..happened })
}

fn of_product(event: &Recorded, what: &ProductEvent) -> Result<Option<What>, Unfit> {
    let about = Effect::of_product(what);
    let details = match what {
        ProductEvent::Added(added) => {
            let contracts::product::Added { name, price, currency, .. } = added.clone();
            let product = Product { name, price, currency };
            return Ok(Some(What::Listed(added.product, product)));
        }
        ProductEvent::Changed(changed) => {
            let product = subject(event)?;
            let (name, price) = (changed.name.clone(), changed.price);
            let matters = name.is_some() || price.is_some();
            return Ok(matters.then_some(What::Changed { product, name, price }));
        }
        ProductEvent::Deleted(_) => return Ok(Some(What::Unlisted(subject(event)?))),
        ProductEvent::StockReserved(reserved) => Details {
            price: amount(reserved.price),
            units_left: Some(reserved.available),
            ..Details::default()
        },
        ProductEvent::StockDenied(denied) => Details {
            reason: Some(denied.reason),
            units_left: Some(denied.available),
            ..Details::default()
        },
        ProductEvent::StockReleased(released) => {
            Details { units_left: Some(released.available), ..Details::default() }
        }
        ProductEvent::StockCommitted(committed) => {
            Details { units_in_stock: Some(committed.on_hand), ..Details::default() }
        }
    };
    Ok(about.map(|(order, effect)| What::Happened(happened(event, order, effect, &details))))
}

fn of_customer(event: &Recorded, what: &CustomerEvent) -> Option<What> {
    let about = Effect::of_customer(what);
    let details = match what {
        CustomerEvent::Registered(Registered { customer, personal, .. }) => {
            let user = personal.user.clone()?;
            return Some(What::Customer { id: *customer, user });
        }
        CustomerEvent::CreditReserved(reserved) => Details {
            amount: amount(reserved.amount),
            credit_left: amount(reserved.available),
            ..Details::default()
        },
        CustomerEvent::CreditDenied(denied) => Details {
            reason: Some(denied.reason),
            credit_left: amount(denied.available),
            ..Details::default()
        },
        CustomerEvent::CreditReleased(released) => Details {
            amount: amount(released.amount),
            credit_left: amount(released.available),
            ..Details::default()
        },
        CustomerEvent::CreditDebited(debited) => Details {
            amount: amount(debited.amount),
            credit: amount(debited.credit),
            ..Details::default()
        },
        CustomerEvent::ProfileChanged(_)
        | CustomerEvent::PasswordChanged(_)
        | CustomerEvent::LoggedOut(_)
        | CustomerEvent::CreditChanged(_) => return None,
    };
    about.map(|(order, effect)| What::Happened(happened(event, order, effect, &details)))
}

fn of_accounting(event: &Recorded, what: &AccountingEvent) -> Result<What, Unfit> {
    let AccountingEvent::InvoiceIssued(invoice) = what;
    if i64::try_from(invoice.number).is_err() {
        return Err(Unfit::broken("its number exceeds the largest invoice number"));
    }
    let details = Details {
        invoice_number: Some(invoice.number),
        total: amount(invoice.total),
        ..Details::default()
    };
    let (order, effect) = Effect::of_accounting(what);
    Ok(What::Happened(happened(event, order, effect, &details)))
}

fn happened(event: &Recorded, order: Uuid, effect: Effect, details: &Details) -> Happened {
    Happened {
        whose: Whose::Order(order),
        effect,
        ..step(event, serde_json::to_string(details).expect("details are plain data"))
    }
}

/// An event as a step of whichever order it belongs to.
fn step(event: &Recorded, details: String) -> Happened {
    let metadata = &event.metadata;
    Happened {
        whose: Whose::Following { named: None, correlation: metadata.correlation },
        service: event.stream.category().to_owned(),
        kind: event.kind.clone(),
        actor: metadata.actor.clone(),
        cause: metadata.cause.as_ref().map(|cause| cause.position),
        details,
        effect: Effect::Nothing,
        placed: None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it fills an optional field")]
fn amount(money: Money) -> Option<Decimal<true>> {
    Some(Decimal(money))
}
