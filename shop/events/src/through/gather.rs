//! The events that a projection is stepped through with: those of the stream, what followed from its first one, and the streams that
//! these name, without which a read model would not know what they are about. After each page other tasks get their turn.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kernel::{Position, Recorded, StreamId, Version};
use runtime::inbox;
use serde_json::Value;
use store::{Read, Reader, port::StoreFailure};
use tokio::task::yield_now;
use uuid::Uuid;

use super::{Models, Refused, Wanted};

/// The most events that are taken: a second or so, and some 20 MiB.
pub const TAKEN_MAX: usize = 20_000;

/// What is taken, and what of it is shown.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) events: BTreeMap<Position, Arc<Recorded>>,
    pub(super) shown: BTreeSet<Position>,
    /// Whether more would be shown on another page.
    pub(super) more: bool,
    /// Streams that are left out.
    pub(super) left_out: Vec<String>,
}

/// Reads what is wanted; `followed` is in order.
pub(super) async fn gather(
    reader: &dyn Reader,
    models: &Models,
    wanted: &Wanted,
    followed: &[Position],
) -> Result<Gathered, Refused> {
    let mut gathered = Gathered::default();
    let upto = gathered.beginning(reader, &wanted.stream, wanted.upto).await?;
    if gathered.events.is_empty() {
        return Err(Refused::NoStream(wanted.stream.clone()));
    }
    let is_cut = upto < wanted.upto;
    gathered.at(reader, followed, upto).await?;
    let after: BTreeSet<_> =
        gathered.events.keys().copied().filter(|position| *position > wanted.after).collect();
    gathered.shown = after.iter().copied().take(wanted.limit).collect();
    if is_cut && after.is_empty() {
        return Err(Refused::TooLong(wanted.stream.clone()));
    }
    gathered.more = is_cut || after.len() > gathered.shown.len();
    let Some(last) = gathered.shown.last().copied() else { return Ok(gathered) };
    gathered.events.retain(|position, _| *position <= last);
    for stream in gathered.named(models, wanted) {
        if !gathered.stream(reader, &stream, last).await? {
            gathered.left_out.push(stream.to_string());
        }
    }
    Ok(gathered)
}

impl Gathered {
    /// Adds what can be stepped through of a stream, up to a position; returns the position where it was cut, or that one.
    async fn beginning(
        &mut self,
        reader: &dyn Reader,
        stream: &StreamId,
        upto: Position,
    ) -> Result<Position, StoreFailure> {
        let mut from = Version(0);
        loop {
            let page = reader.read(&Read::Stream { stream: stream.clone(), from }).await?;
            for event in page.events.iter().filter(|event| event.position <= upto) {
                if self.events.len() == TAKEN_MAX {
                    return Ok(self.events.keys().last().copied().unwrap_or(upto));
                }
                self.events.insert(event.position, Arc::clone(event));
            }
            match page.events.last() {
                Some(last) if !page.end && last.position < upto => from = last.version.next(),
                _ => return Ok(upto),
            }
            yield_now().await;
        }
    }

    /// Adds a stream up to a position; false, and nothing added, if there would be too many events.
    async fn stream(
        &mut self,
        reader: &dyn Reader,
        stream: &StreamId,
        upto: Position,
    ) -> Result<bool, StoreFailure> {
        let mut found = BTreeMap::new();
        let mut from = Version(0);
        loop {
            let page = reader.read(&Read::Stream { stream: stream.clone(), from }).await?;
            let in_time = page.events.iter().filter(|event| event.position <= upto);
            found.extend(in_time.map(|event| (event.position, Arc::clone(event))));
            if self.events.len() + found.len() > TAKEN_MAX {
                return Ok(false);
            }
            match page.events.last() {
                Some(last) if !page.end && last.position < upto => from = last.version.next(),
                _ => break,
            }
            yield_now().await;
        }
        self.events.extend(found);
        Ok(true)
    }

    /// Adds the events at some positions.
    async fn at(
        &mut self,
        reader: &dyn Reader,
        positions: &[Position],
        upto: Position,
    ) -> Result<(), StoreFailure> {
        let mut wanted = positions.iter().copied().filter(|position| *position <= upto).peekable();
        while let Some(from) = wanted.peek().copied() {
            let page = reader.read(&Read::All { from, categories: Vec::new() }).await?;
            for event in &page.events {
                if wanted.next_if_eq(&event.position).is_some() {
                    self.events.insert(event.position, Arc::clone(event));
                }
            }
            while wanted.next_if(|position| page.end || *position < page.next).is_some() {}
            yield_now().await;
        }
        Ok(())
    }

    /// The other streams that the shown events are in or name, and that in which it is decided about the model's inbox.
    fn named(&self, models: &Models, wanted: &Wanted) -> BTreeSet<StreamId> {
        let categories: BTreeSet<&str> =
            models.modules.iter().flat_map(|module| module.records).copied().collect();
        let mut named = BTreeSet::from([inbox::stream(wanted.module.name)]);
        let mut ids = BTreeSet::new();
        for event in self.shown.iter().filter_map(|position| self.events.get(position)) {
            named.insert(event.stream.clone());
            let data = serde_json::from_str(event.data.get()).unwrap_or_default();
            ids_in(&data, &mut ids);
        }
        for id in ids {
            named.extend(categories.iter().filter_map(|of| StreamId::new(of, id).ok()));
        }
        named.remove(&wanted.stream);
        named
    }
}

/// The ids that stand in an event's data.
fn ids_in(value: &Value, ids: &mut BTreeSet<Uuid>) {
    match value {
        Value::String(text) => ids.extend(Uuid::parse_str(text)),
        Value::Array(values) => values.iter().for_each(|value| ids_in(value, ids)),
        Value::Object(members) => members.values().for_each(|value| ids_in(value, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
