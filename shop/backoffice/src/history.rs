//! Moving along the history of a product, a customer or an order: each event, and what it changed.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use contracts::{
    customer::CustomerEvent,
    rest::{
        events::RecordedEvent,
        order::{Order, Step},
    },
};
use serde::Deserialize;
use serde_json::Value;
use site::{Count, Failure, Frame, Listing, Page, Shop, given, no_such_page, see_other};
use uuid::Uuid;

use crate::{
    as_of::{Compared, Lines, Subject, compared},
    log,
    manager::ManagerVisit,
    numbers::Exact,
};

/// Events shown before and after the one that is looked at.
const AROUND: u64 = 8;

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The event's number in the history, from 0; the last unless given.
    at: Option<u64>,
    /// The event by its position in the log, instead.
    position: Option<u64>,
}

#[derive(Template)]
#[template(path = "history.html")]
pub(crate) struct HistoryPage {
    frame: Frame,
    /// Without `at`.
    path: String,
    up: (String, String),
    at: u64,
    last: u64,
    here: Mark,
    marks: Vec<Mark>,
    /// What was there, and before it where that was different.
    lines: Option<Compared>,
}

/// An event in a history.
#[derive(Clone, Debug)]
struct Mark {
    at: u64,
    position: u64,
    kind: String,
    time: kernel::Timestamp,
}

/// The events around the one looked at, and how many there are.
struct Window {
    at: u64,
    last: u64,
    marks: Vec<Mark>,
}

pub(crate) async fn history(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Path((kind, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Page<HistoryPage>, Failure> {
    let id = Uuid::parse_str(&id).map_err(|_| Failure::NotFound)?.to_string();
    let (subject, window) = match kind.as_str() {
        "product" => {
            (Subject::Product(id.clone()), of_stream(&manager, "product", &id, &asked).await?)
        }
        "customer" => {
            let window = of_stream(&manager, "customer", &id, &asked).await?;
            (Subject::Customer(user_name(&manager, &id).await?), window)
        }
        "order" => (Subject::Order(id.clone()), of_order(&manager, &id, &asked).await?),
        _ => return Err(Failure::NotFound),
    };
    let Window { at, last, marks } = window;
    let here = marks.iter().find(|mark| mark.at == at).ok_or(Failure::NotFound)?.clone();
    let currency = shop.currency(&manager).await;
    let now = subject.at(&manager, here.position, &currency).await?;
    let before = match marks.iter().find(|mark| mark.at + 1 == at) {
        Some(mark) => subject.at(&manager, mark.position, &currency).await?,
        None => None,
    };
    let (title, up) = named(&subject, now.as_ref().or(before.as_ref()));
    Ok(Page(HistoryPage {
        frame: manager.frame(format!("{title}, as of any event")),
        path: format!("/history/{kind}/{id}"),
        lines: now.map(|now| compared(now, before.as_ref())),
        up,
        at,
        last,
        here,
        marks,
    }))
}

/// The history of the customer of that name, whose stream is named by an id.
pub(crate) async fn of_customer(
    manager: ManagerVisit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let id = customer_id(&manager, &name).await?.ok_or(Failure::NotFound)?;
    Ok(see_other(&format!("/history/customer/{id}")))
}

async fn of_stream(
    manager: &ManagerVisit,
    category: &str,
    id: &str,
    asked: &Asked,
) -> Result<Window, Failure> {
    let stream = format!("{category}-{id}");
    let last = log::last_version(manager, &stream).await?.ok_or(Failure::NotFound)?;
    let at = asked.at.unwrap_or(last).min(last);
    let found = log::of_stream(manager, &stream, at.saturating_sub(AROUND), 2 * AROUND + 1).await?;
    let mark = |event: RecordedEvent| Mark {
        at: event.version,
        position: event.position,
        kind: event.r#type,
        time: event.time,
    };
    Ok(Window { at, last, marks: found.items.into_iter().map(mark).collect() })
}

/// An order's history runs through the streams of all services.
async fn of_order(manager: &ManagerVisit, id: &str, asked: &Asked) -> Result<Window, Failure> {
    let query = [("OrderId", id), ("Limit", "500")];
    let steps: Listing<Step> =
        manager.get("/order/get-order-history", &query).await.map_err(no_such_page)?;
    let mark = |(at, step): (u64, Step)| Mark {
        at,
        position: step.position.0,
        kind: step.event,
        time: step.at,
    };
    let marks: Vec<Mark> = (0..).zip(steps.items).map(mark).collect();
    let last = marks.last().ok_or(Failure::NotFound)?.at;
    let meant = asked.position.and_then(|position| {
        marks.iter().find(|mark| mark.position == position).map(|mark| mark.at)
    });
    let at = meant.or(asked.at).unwrap_or(last).min(last);
    Ok(Window { at, last, marks })
}

/// What it is called, and where it is as it is now: address and words.
fn named(subject: &Subject, lines: Option<&Lines>) -> (String, (String, String)) {
    let line = |field: &str| {
        let lines = lines.into_iter().flatten();
        let found = lines.clone().find(|(name, _)| *name == field);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    match subject {
        Subject::Product(id) => {
            (line("Name"), (format!("/products/{id}"), "The product now".to_owned()))
        }
        Subject::Customer(name) => {
            let path = format!("/customers/{}", site::segment(name));
            (name.clone(), (path, "The customer now".to_owned()))
        }
        Subject::Order(id) => {
            let title = format!("Order of {}", line("Customer"));
            (title, (format!("/orders/{id}"), "The order now".to_owned()))
        }
    }
}

/// The name is in the event that began the stream.
pub(crate) async fn user_name(manager: &ManagerVisit, id: &str) -> Result<String, Failure> {
    let first = log::of_stream(manager, &format!("customer-{id}"), 0, 1).await?;
    let first = first.items.first().ok_or(Failure::NotFound)?;
    first.registered().ok_or(Failure::NotFound)
}

/// The id of the customer of that name: from an order of theirs, else from when they registered, since no call tells it.
pub(crate) async fn customer_id(
    manager: &ManagerVisit,
    name: &str,
) -> Result<Option<String>, Failure> {
    let query = [("Type", "Customer"), ("Id", name), ("Limit", "1")];
    let orders: Listing<Order> =
        manager.get("/order/get-orders", &query).await.map_err(no_such_page)?;
    if let Some(order) = orders.items.first() {
        let placed = log::of_stream(manager, &format!("order-{}", order.order_id), 0, 1).await?;
        let id = placed.items.first().and_then(|placed| {
            let data: Value = serde_json::from_str(placed.data.get()).ok()?;
            data.get("customer")?.as_str().map(str::to_owned)
        });
        if id.is_some() {
            return Ok(id);
        }
    }
    let mut after = String::new();
    loop {
        let query =
            given([("Type", CustomerEvent::REGISTERED), ("Limit", "500"), ("After", &after)]);
        let Listing::<RecordedEvent> { items, next, .. } =
            manager.get("/events/read-all", &query).await?;
        let found = items.iter().find(|event| event.registered().as_deref() == Some(name));
        match (found, next) {
            (Some(event), _) => {
                return Ok(event.stream.split_once('-').map(|(_, id)| id.to_owned()));
            }
            (None, Some(next)) => after = next,
            (None, None) => return Ok(None),
        }
    }
}
