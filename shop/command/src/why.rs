//! `agora why`: what led to an event, and what followed from it.

use std::{collections::BTreeMap, str::FromStr};

use anyhow::bail;
use clap::Args as ClapArgs;
use contracts::rest::{
    causation::Causation,
    events::{Head, RecordedEvent},
};
use hyper::StatusCode;
use runtime::trace::trace_id;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    client::{Access, Client},
    id::{Fitting, Id},
    order,
    outcome::Outcome,
    shop, term,
};

const HELP: &str = "\
Each line is one recorded event: its position, its type, and why it happened. Causes are those that were recorded when a
service reacted. An event without one was requested, or done by a service itself, as at a deadline. Log lines
show the position, the correlation and the trace of what happened; this command accepts each of them.

Examples:
  agora why 812
  agora why 0190c7f2-8b1e-7c3a-9f00-1234567890ab      an order, or all of a request
  agora why 4bf92f3577b34da6a3ce929d0e0e4736          the request of a trace.id in the log
  agora why 812 --json | jq .Followed[].Type

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// Show why an event happened, and what followed from it
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The position of an event, the id or number of an order, or the correlation or trace of a request
    #[arg(value_name = "EVENT")]
    what: What,
    #[command(flatten)]
    access: Access,
    /// How many of the events that followed are listed at most, 1 to 500
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// What is asked about.
#[derive(Clone, Debug)]
enum What {
    Position(u64),
    /// An order, a correlation, or a trace.
    Id(Uuid),
    /// An order, by as many digits as only it has.
    Number(Fitting),
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        let id: Id = text.parse().map_err(|_| {
            "must be a position, such as 812, an order's id or number, such as 2000-B6F5, or the id of a request or a trace".to_owned()
        })?;
        Ok(id.whole_or_fitting().map_or_else(Self::Number, Self::Id))
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let client = args.access.connect().await?;
    let answer = find(&client, args.what, args.limit).await?;
    if args.json {
        term::json(&answer)?;
        return Ok(Outcome::Done);
    }
    let causation = Causation::deserialize(answer)?;
    let names = names(&client, &causation).await?;
    for line in lines(&causation, &names, term::width()) {
        term::line(line)?;
    }
    Ok(Outcome::Done)
}

async fn find(client: &Client, what: What, limit: u16) -> anyhow::Result<Value> {
    let id = match what {
        What::Position(position) => {
            let Some(found) = ask(client, "Position", position.to_string(), limit).await? else {
                let Head { position: head } = client.get("/events/head").await?;
                bail!("there is no event {position}: the last one recorded is {head}");
            };
            return Ok(found);
        }
        What::Id(id) => id,
        What::Number(fitting) => order::find(client, fitting).await?,
    };
    if let Some(found) = ask(client, "Correlation", id.to_string(), limit).await? {
        return Ok(found);
    }
    // An id is the same number however it is written, and a trace's has no dashes.
    if let Some(found) = ask(client, "Trace", id.simple().to_string(), limit).await? {
        return Ok(found);
    }
    let stream = shop::query([("Stream", Some(contracts::order::stream(id).to_string()))]);
    let (placed, _): (Vec<RecordedEvent>, _) =
        shop::page(client, &format!("/events/read-stream?{stream}"), 1, None).await?;
    let found = match placed.first() {
        Some(placed) => ask(client, "Position", placed.position.to_string(), limit).await?,
        None => None,
    };
    match found {
        Some(found) => Ok(found),
        None => {
            bail!("{id} is neither an order nor the correlation or trace of a recorded request")
        }
    }
}

/// The answer, unless there is no such event.
async fn ask(
    client: &Client,
    by: &str,
    value: String,
    limit: u16,
) -> anyhow::Result<Option<Value>> {
    let query = shop::query([(by, Some(value)), ("Limit", Some(limit.to_string()))]);
    match client.get(&format!("/events/read-causation?{query}")).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The names of the people who asked for something here: they are in the events that registered them.
async fn names(client: &Client, causation: &Causation) -> anyhow::Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for event in causation.story() {
        let person = event.actor.split_once(':').filter(|(kind, _)| *kind != "reactor");
        let Some((kind, id)) = person.filter(|_| !names.contains_key(&event.actor)) else {
            continue;
        };
        let stream = format!("{}-{id}", contracts::customer::CATEGORY);
        let query = shop::query([("Stream", Some(stream))]);
        let (first, _): (Vec<RecordedEvent>, _) =
            shop::page(client, &format!("/events/read-stream?{query}"), 1, None).await?;
        let name = first.first().and_then(RecordedEvent::registered);
        names.insert(event.actor.clone(), format!("{kind} {}", name.as_deref().unwrap_or(id)));
    }
    Ok(names)
}

/// Columns of a position and of an event's type.
const POSITION: usize = 10;
const KIND: usize = 28;

fn lines(causation: &Causation, names: &BTreeMap<String, String>, width: usize) -> Vec<String> {
    let event = &causation.event;
    let mut lines = vec![
        format!("Event {}: {}", event.position, event.r#type),
        format!("  recorded     {}", event.time),
        format!("  stream       {}, version {}", event.stream, event.version),
        format!("  correlation  {}", event.correlation),
    ];
    if let Some(trace) = event.traceparent.as_deref().and_then(trace_id) {
        lines.push(format!("  trace        {trace}"));
    }
    let row = |event: &RecordedEvent| row(causation, event, names, width);
    lines.extend([String::new(), "Because of".to_owned()]);
    lines.extend(causation.causes.iter().chain([event]).flat_map(row));
    lines.extend([String::new(), "What followed".to_owned()]);
    if causation.followed.is_empty() {
        lines.push("  nothing".to_owned());
    }
    lines.extend(causation.followed.iter().flat_map(row));
    if !causation.same_request.is_empty() {
        lines.extend([String::new(), "Also requested under this correlation".to_owned()]);
        lines.extend(causation.same_request.iter().flat_map(row));
    }
    if causation.more {
        lines.push(String::new());
        lines.push("There are more events than listed; --limit 500 lists the most.".to_owned());
    }
    lines
}

/// An event in one line, or in two where that is too narrow.
fn row(
    causation: &Causation,
    event: &RecordedEvent,
    names: &BTreeMap<String, String>,
    width: usize,
) -> Vec<String> {
    let is_here = event.position == causation.event.position;
    let mark = if is_here { '>' } else { ' ' };
    let name = |actor: &str| names.get(actor).map_or_else(|| actor.to_owned(), String::clone);
    let words = causation.because(event).words(term::took, name);
    let (position, kind) = (event.position, &event.r#type);
    let line = format!("{mark}{position:>POSITION$}  {kind:<KIND$}{words}");
    if kind.len() < KIND && line.chars().count() <= width {
        return vec![line];
    }
    let indent = POSITION + 5;
    vec![format!("{mark}{position:>POSITION$}  {kind}"), format!("{:indent$}{words}", "")]
}
