//! The events that read models could not apply, as reported by a running shop or by models rebuilt from a log.

use std::io;

use serde::{Deserialize, Serialize};

use super::embedded;
use crate::{client::Client, models::Model, rebuild, stopped::Stopped, term};

/// What a service answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    position: u64,
    reason: String,
}

/// An event that the read model of a service could not take.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Aside {
    service: &'static str,
    position: u64,
    reason: String,
}

/// Asks every service of a running shop.
pub(super) async fn running(client: &Client) -> anyhow::Result<Vec<Aside>> {
    let mut found = Vec::new();
    for model in Model::all() {
        let service = model.name();
        let answer: Answer = client.get(&format!("/{service}/set-aside")).await?;
        let events = answer.events.into_iter();
        found.extend(events.map(|Event { position, reason }| Aside { service, position, reason }));
    }
    Ok(found)
}

/// Builds every model in memory from the log of a stopped shop.
pub(super) async fn recorded(shop: &Stopped) -> anyhow::Result<Vec<Aside>> {
    let store = embedded::open(shop)?;
    let mut found = Vec::new();
    for model in Model::all() {
        let service = model.name();
        let events = rebuild::set_aside(model, &store).await?.into_iter();
        found.extend(events.map(|event| Aside {
            service,
            position: event.position.0,
            reason: event.reason,
        }));
    }
    Ok(found)
}

pub(super) fn print(found: &[Aside], json: bool) -> io::Result<()> {
    for aside in found {
        let Aside { service, position, reason } = aside;
        if json {
            term::json(aside)?;
        } else {
            term::line(format_args!("{position:>10}  {service:<10}  {reason}"))?;
        }
    }
    if found.is_empty() && !json {
        term::line("No event is set aside.")?;
    }
    Ok(())
}
