//! The event store, followed live: the newest events, as they are recorded.

use std::{collections::VecDeque, time::Duration};

use askama::Template;
use axum::{
    extract::Query,
    response::{Response, sse::Event},
};
use contracts::rest::events::RecordedEvent;
use futures_util::stream;
use site::{Failure, Frame, Markup, Page, ServerEvents, given};

use crate::{
    events::{self, Asked, Rows},
    log::{self, Filter},
    manager::ManagerVisit,
    names::Names,
};

/// Events shown at once.
const SHOWN: usize = 30;
/// How long to wait for further events before the page is updated: a busy shop records thousands a second.
const BREATH: Duration = Duration::from_millis(250);
/// Without scripts, the page reloads itself after this time.
const REFRESH_SECONDS: u32 = 3;

#[derive(Template)]
#[template(path = "follow.html")]
pub(crate) struct Following {
    frame: Frame,
    live: String,
    back: String,
    rows: Rows,
}

pub(crate) async fn follow(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Following>, Failure> {
    let events: Vec<RecordedEvent> = newest(&manager, &asked).await?.into();
    let rows = Rows { names: Names::of(&manager, &events).await, events };
    let (live, back) = (events::follow(&asked, "/events/live"), events::follow(&asked, "/events"));
    let frame = manager.frame("Following the event store").refreshing(REFRESH_SECONDS);
    Ok(Page(Following { frame, live, back, rows }))
}

/// The newest events, again whenever there are others.
pub(crate) async fn live(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let shown = newest(&manager, &asked).await?;
    let from = shown.front().map_or(1, |event| event.position + 1).to_string();
    let from = if shown.is_empty() { String::new() } else { from };
    let recorded = manager.events("/events/follow", &given([("From", &from)]), None).await?;
    let (stream, filter) = (asked.stream.trim().to_owned(), events::filter(&asked));
    let follower = Follower {
        manager: manager.clone(),
        recorded,
        stream,
        filter,
        shown,
        names: Names::default(),
        told: false,
    };
    let parts = stream::unfold(follower, async |mut follower| {
        let part = follower.next().await?;
        Some((part, follower))
    });
    site::live(&manager, parts)
}

/// Follows recorded events for one open page.
struct Follower {
    manager: ManagerVisit,
    recorded: ServerEvents,
    /// The one stream that is followed; empty for all.
    stream: String,
    filter: Filter,
    shown: VecDeque<RecordedEvent>,
    names: Names,
    told: bool,
}

impl Follower {
    /// The part of the page with what is new; none when the gateway is gone: the page comes back then.
    async fn next(&mut self) -> Option<Event> {
        if self.told {
            while !self.heard().await? {}
            // What comes at once is sent at once.
            let more = async { while self.heard().await.is_some() {} };
            let _the_time_is_up = tokio::time::timeout(BREATH, more).await;
        }
        self.told = true;
        self.names.learn(&self.manager, &self.shown).await;
        let events = self.shown.iter().cloned().collect();
        let rows = Rows { events, names: self.names.clone() };
        Some(Event::default().event("part").data(Markup::of(&rows).as_str()))
    }

    /// Takes the next event; whether it is one to be shown.
    async fn heard(&mut self) -> Option<bool> {
        let event = self.recorded.next().await?;
        let event: RecordedEvent = serde_json::from_str(&event.data).ok()?;
        let meant = (self.stream.is_empty() || self.stream == event.stream)
            && self.filter.takes(&event)
            && self.shown.front().is_none_or(|newest| newest.position < event.position);
        if meant {
            self.shown.push_front(event);
            self.shown.truncate(SHOWN);
        }
        Some(meant)
    }
}

async fn newest(manager: &ManagerVisit, asked: &Asked) -> Result<VecDeque<RecordedEvent>, Failure> {
    let stream = asked.stream.trim();
    if stream.is_empty() {
        let head = log::head(manager).await?;
        let newest = log::newest(manager, head + 1, &events::filter(asked), SHOWN).await?;
        return Ok(newest.events.into());
    }
    let Some(last) = log::last_version(manager, stream).await? else { return Ok(VecDeque::new()) };
    let shown = SHOWN as u64;
    let from = (last + 1).saturating_sub(shown);
    let found = log::of_stream(manager, stream, from, shown).await?;
    Ok(found.items.into_iter().rev().collect())
}
