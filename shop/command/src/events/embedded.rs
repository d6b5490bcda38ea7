//! Recorded events of a stopped shop, read from its data folder as the REST API shows them.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use contracts::customer::{CustomerEvent, Registered};
use eventlog::{Known, OpenError, Options, OsFiles};
use kernel::{Position, Recorded, Version};
use serde_json::Value;
use store::Read;
use store::{LogStore, Reader, log::LogReader};

use super::Filter;
use crate::{data_folder::mark, stopped::Stopped};

/// Recorded events as the REST API shows them.
pub(crate) type Events = Box<dyn Iterator<Item = anyhow::Result<Value>>>;

/// The log of a stopped shop, if it has what the data folder knows of it.
pub(crate) fn open(shop: &Stopped) -> anyhow::Result<LogStore> {
    open_knowing(shop, mark::of_log(&shop.data)?)
}

/// Refuses a folder without a shop: it has no log, and nothing is known of one.
pub(crate) fn require(shop: &Stopped, known: Option<&Known>) -> anyhow::Result<()> {
    if !shop.log.exists() && known.is_none() {
        bail!("there is no log in {}; name the shop's data folder", shop.log.display());
    }
    Ok(())
}

fn open_knowing(shop: &Stopped, known: Option<Known>) -> anyhow::Result<LogStore> {
    require(shop, known.as_ref())?;
    let options = Options { known, ..Options::new([0; 16]) };
    LogStore::open(&shop.log, Arc::new(OsFiles), options).map_err(|error| match error {
        OpenError::Lost(lost) => mark::refusal(&lost),
        error => error.into(),
    })
}

/// The wanted events of the shop's log, in order.
pub(crate) fn recorded(shop: &Stopped, filter: &Filter) -> anyhow::Result<Events> {
    let store = open(shop)?;
    let filter = filter.clone();
    let mut next = Some(filter.first(&store.reader)?);
    let mut pages = std::iter::from_fn(move || {
        let read = next.take()?;
        match page(&store.reader, &read) {
            Err(error) => Some(vec![Err(error)]),
            Ok(page) => {
                if !page.end {
                    next = Some(following(&read, &page));
                }
                let wanted = page.events.iter().filter(|event| filter.wants_recorded(event));
                Some(wanted.map(|event| shown(event)).collect())
            }
        }
    });
    let mut waiting = Vec::new().into_iter();
    Ok(Box::new(std::iter::from_fn(move || {
        loop {
            if let Some(event) = waiting.next() {
                return Some(event);
            }
            waiting = pages.next()?.into_iter();
        }
    })))
}

impl Filter {
    fn first(&self, reader: &LogReader) -> anyhow::Result<Read> {
        if let Some(stream) = &self.stream {
            let stream = kernel::StreamId::parse(stream)?;
            return Ok(Read::Stream { stream, from: Version(self.from.unwrap_or(0)) });
        }
        let since = match self.since {
            Some(since) => {
                reader.log().position_at(since.micros())?.map_or(Position(u64::MAX), Position)
            }
            None => Position(1),
        };
        Ok(Read::All {
            from: self.first_position().max(since),
            categories: self.category.clone().into_iter().collect(),
        })
    }

    fn wants_recorded(&self, event: &Recorded) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == event.kind.as_str())
            && self.until.is_none_or(|until| event.time < until)
    }
}

fn following(read: &Read, page: &store::Page) -> Read {
    match read {
        Read::Stream { stream, .. } | Read::Last { stream } => {
            let last = page.events.last().map_or(Version(0), |event| event.version.next());
            Read::Stream { stream: stream.clone(), from: last }
        }
        Read::All { categories, .. } => {
            Read::All { from: page.next, categories: categories.clone() }
        }
    }
}

pub(super) fn page(reader: &LogReader, read: &Read) -> anyhow::Result<store::Page> {
    let page = futures_util::FutureExt::now_or_never(reader.read(read));
    Ok(page.context("reading a log does not wait")??)
}

fn shown(event: &Recorded) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(events::shown(event))?)
}

/// Whether the customers of the shop's log were registered under this secret.
pub(crate) fn is_of(shop: &Stopped, secret: &[u8; 32]) -> anyhow::Result<bool> {
    let first = first_customer(shop)?;
    Ok(first.is_none_or(|first| customer::Secrets::derive(secret).have_registered(&first)))
}

/// The first customer of the shop's log, whatever its data folder knows of another one: who they are follows from the shop's
/// secret.
fn first_customer(shop: &Stopped) -> anyhow::Result<Option<Registered>> {
    let store = open_knowing(shop, None)?;
    let mut from = Position(1);
    loop {
        let categories = vec![contracts::customer::CATEGORY.to_owned()];
        let page = page(&store.reader, &Read::All { from, categories })?;
        let first = page.events.iter().find_map(|event| match CustomerEvent::of(event)? {
            CustomerEvent::Registered(registered) => Some(registered.clone()),
            _ => None,
        });
        if first.is_some() || page.end {
            return Ok(first);
        }
        from = page.next;
    }
}
