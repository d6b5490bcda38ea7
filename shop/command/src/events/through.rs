//! `agora events --through MODEL`: a projection, event by event, with the rows of the read model before and after each.

use std::collections::HashSet;

use contracts::rest::through::{Field, Row, RowChange, Step, Through};
use events::through::{Models, Wanted};
use kernel::{Position, StreamId};
use store::{Page, Read, Reader as _, log::LogReader};

use super::{embedded, missing, source::Source, table};
use crate::{
    client::Client,
    models::Model,
    process, shop,
    stopped::Stopped,
    term::{self, Colour, paint},
};

/// Events that are shown at once.
const PAGE: usize = 100;

/// What to step through.
pub(super) struct Asked {
    pub(super) model: Model,
    pub(super) stream: String,
    pub(super) upto: Option<u64>,
    pub(super) limit: usize,
}

/// Prints the steps, as lines of at most `width` or as JSON.
pub(super) async fn run(
    source: &Source,
    mut asked: Asked,
    json: bool,
    width: usize,
) -> anyhow::Result<()> {
    if let Some(whole) = missing::whole_stream(source, &asked.stream).await? {
        asked.stream = whole;
    }
    let (mut left, mut after) = (asked.limit, None);
    let mut left_out = HashSet::new();
    while left > 0 {
        let limit = left.min(PAGE);
        let through = match source {
            Source::Running(client) => of_running(client, &asked, limit, after).await?,
            Source::Stopped(shop) => of_stopped(shop, &asked, limit, after).await?,
        };
        for step in &through.items {
            print(step, json, width)?;
        }
        for stream in through.left_out {
            if left_out.insert(stream.clone()) {
                term::note(format_args!(
                    "the stream {stream} is named here and has too many events to be included: rows that follow from it are missing"
                ));
            }
        }
        left -= through.items.len().min(left);
        let last = through.items.last().map(|step| step.event.position);
        match last.filter(|_| through.next.is_some()) {
            Some(last) => after = Some((last, through.next)),
            None => break,
        }
    }
    Ok(())
}

/// Where a page ended, and its cursor.
type After = Option<(u64, Option<String>)>;

async fn of_running(
    client: &Client,
    asked: &Asked,
    limit: usize,
    after: After,
) -> anyhow::Result<Through> {
    let query = shop::query([
        ("Model", Some(asked.model.name().to_owned())),
        ("Stream", Some(asked.stream.clone())),
        ("Upto", asked.upto.map(|upto| upto.to_string())),
        ("Limit", Some(limit.to_string())),
        ("After", after.and_then(|(_, cursor)| cursor)),
    ]);
    Ok(client.get(&format!("/events/read-through?{query}")).await?)
}

async fn of_stopped(
    shop: &Stopped,
    asked: &Asked,
    limit: usize,
    after: After,
) -> anyhow::Result<Through> {
    let store = embedded::open(shop)?;
    let wanted = Wanted {
        module: asked.model.module(),
        stream: StreamId::parse(&asked.stream)?,
        upto: Position(asked.upto.unwrap_or(u64::MAX)),
        after: after.map_or(Position::START, |(last, _)| Position(last)),
        limit,
    };
    let models =
        Models { modules: registry::SERVICES, zone: process::time_zone(&shop.settings()?)? };
    let followed = match events::through::first(&store.reader, &wanted.stream).await? {
        Some(first) => followed(&store.reader, first, wanted.upto).await?,
        None => Vec::new(),
    };
    Ok(events::through::through(&store.reader, &models, &wanted, &followed).await?)
}

/// Where the events are that followed from one, directly or not.
async fn followed(
    reader: &LogReader,
    first: Position,
    upto: Position,
) -> anyhow::Result<Vec<Position>> {
    let (mut found, mut known) = (Vec::new(), HashSet::from([first]));
    let mut from = first.next();
    loop {
        let Page { events, next, end, .. } =
            reader.read(&Read::All { from, categories: Vec::new() }).await?;
        for event in &events {
            let cause = event.metadata.cause.as_ref().map(|cause| cause.position);
            if cause.is_some_and(|cause| known.contains(&cause)) && event.position <= upto {
                known.insert(event.position);
                found.push(event.position);
            }
        }
        if end || next > upto {
            return Ok(found);
        }
        from = next;
    }
}

fn print(step: &Step, json: bool, width: usize) -> anyhow::Result<()> {
    if json {
        return Ok(term::json(step)?);
    }
    for line in table::rows(&serde_json::to_value(&step.event)?, width) {
        term::line(line)?;
    }
    if let Some(reason) = &step.aside {
        let reason = format!("  set aside: {reason}");
        term::line(format_args!("{}", paint(Colour::Warning, reason)))?;
    } else if step.rows.is_empty() {
        term::line(paint(Colour::Dim, "  changes no row"))?;
    }
    for row in &step.rows {
        let (colour, mark) = match row.change {
            RowChange::Added => (Colour::Good, "+"),
            RowChange::Changed => (Colour::Name, "~"),
            RowChange::Removed => (Colour::Bad, "-"),
        };
        let head = format!("  {mark} {} {}", row.table, row.key.join(" "));
        term::line(paint(colour, head.trim_end()))?;
        for line in table::wrapped(words(row), width) {
            term::line(line)?;
        }
    }
    Ok(())
}

/// What is in the row that was not there before, or was.
fn words(row: &Row) -> Vec<String> {
    let value = |value: &Option<String>| value.as_deref().map_or("–".to_owned(), table::short);
    let word = |Field { name, before, after }: &Field| match row.change {
        RowChange::Added => after.as_ref().map(|_| format!("{name}={}", value(after))),
        RowChange::Removed => before.as_ref().map(|_| format!("{name}={}", value(before))),
        RowChange::Changed => Some(format!("{name}: {} → {}", value(before), value(after))),
    };
    row.fields.iter().filter_map(word).collect()
}
