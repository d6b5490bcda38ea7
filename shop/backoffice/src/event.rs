//! One recorded event: its exact content, and links to what it refers to.

use askama::Template;
use axum::extract::Path;
use contracts::rest::events::RecordedEvent;
use futures_util::future::try_join;
use serde_json::Value;
use site::{Count, Failure, Frame, Page};

use crate::{
    log,
    manager::ManagerVisit,
    names::{Named, Names},
    numbers::Exact,
};

#[derive(Template)]
#[template(path = "event.html")]
pub(crate) struct EventPage {
    frame: Frame,
    event: RecordedEvent,
    /// The event's data, indented.
    json: String,
    /// The history that it is part of.
    history: Option<String>,
    names: Names,
    head: u64,
}

pub(crate) async fn event(
    manager: ManagerVisit,
    Path(position): Path<String>,
) -> Result<Page<EventPage>, Failure> {
    let position = position.parse().map_err(|_| Failure::NotFound)?;
    let (event, head) = try_join(log::at(&manager, position), log::head(&manager)).await?;
    let data: Value = serde_json::from_str(event.data.get()).map_err(|_| Failure::Broken)?;
    let json = serde_json::to_string_pretty(&data).map_err(|_| Failure::Broken)?;
    let names = Names::of(&manager, std::slice::from_ref(&event)).await;
    let frame = manager.frame(format!("Event {position}"));
    Ok(Page(EventPage { frame, json, history: history(&event), names, event, head }))
}

impl EventPage {
    fn kind(&self) -> &str {
        &self.event.r#type
    }

    /// What the event is about, and who did it, as far as they have names.
    fn about(&self) -> Option<Named> {
        self.names.stream(&self.event.stream)
    }

    fn by(&self) -> Option<Named> {
        self.names.actor(&self.event.actor)
    }
}

/// Where what the event happened to is shown as it was then.
fn history(event: &RecordedEvent) -> Option<String> {
    let (category, id) = event.stream.split_once('-')?;
    let version = event.version;
    match category {
        "product" | "customer" => Some(format!("/history/{category}/{id}?at={version}")),
        // Also what other services record of an order belongs to its history: it is found there by position.
        "order" => Some(format!("/history/order/{id}?position={}", event.position)),
        _ => None,
    }
}
