//! The inbox of a reactor, which has no database: what it sets aside is recorded, so that every instance, and every version of the program,
//! holds back the same events, and takes them up at the same decision.
//!
//! Reactions that come late have a mark of their own in the streams that they go to, `REACTOR/STREAM`: other reactions to later events may
//! be recorded there already. Within one stream they are in order, so that mark makes each happen once, as the reactor's own does.

use std::{collections::HashSet, sync::Arc, time::Duration};

use kernel::{Actor, Expected, Metadata, Position, Recorded, StreamId, Version};
use store::{Append, Appended, Read};

use super::{Reactor, Running};
use crate::{
    Deps, EventStore, Newer, SetAside, Unfit,
    inbox::{InboxEvent, Waiting, decision, recorded, stream},
    model::projected,
};

/// The pause before a refused append is tried again.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

/// What is recorded of the inbox of one subscriber.
pub(super) struct Inbox {
    subscriber: String,
    stream: StreamId,
    expected: Expected,
    entries: Vec<Entry>,
    /// The streams that ever had an entry; all others need no look at the entries.
    streams: HashSet<StreamId>,
}

struct Entry {
    event: SetAside,
    decided: Option<Decided>,
}

/// The outcome of an entry.
#[derive(Clone, Copy)]
struct Decided {
    at: Position,
    skipped: bool,
}

/// Events that are to be taken up: of a stream, from a version on, up to a position.
struct Due {
    stream: StreamId,
    from: Version,
    until: Position,
}

impl Inbox {
    /// With it, what is recorded there that only a newer version reads.
    pub(super) async fn load(store: &EventStore, subscriber: &str) -> (Self, Option<Newer>) {
        let mut inbox = Self {
            subscriber: subscriber.to_owned(),
            stream: stream(subscriber),
            expected: Expected::None,
            entries: Vec::new(),
            streams: HashSet::new(),
        };
        let newer = inbox.read_on(store).await.err();
        (inbox, newer)
    }

    /// Takes in what was recorded since, up to what only a newer version reads.
    async fn read_on(&mut self, store: &EventStore) -> Result<(), Newer> {
        loop {
            let read =
                Read::Stream { stream: self.stream.clone(), from: self.expected.first_version() };
            let page = store.read(read).await;
            for event in &page.events {
                self.hear(event)?;
            }
            if page.end || page.events.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes in an event of the stream, whichever subscriber it is about.
    fn hear(&mut self, event: &Recorded) -> Result<(), Newer> {
        if self.expected.first_version() > event.version {
            return Ok(());
        }
        if let Some((position, skipped)) = decision(&self.subscriber, event)? {
            let is_meant =
                |entry: &&mut Entry| entry.decided.is_none() && entry.event.position == position;
            if let Some(entry) = self.entries.iter_mut().find(is_meant) {
                entry.decided = Some(Decided { at: event.position, skipped });
            }
        } else if let Some(InboxEvent::Parked { subscriber, stream, version, position, reason }) =
            recorded(event)?
            && *subscriber == self.subscriber
            && let Ok(stream) = StreamId::parse(stream)
        {
            let (position, version) = (Position(*position), Version(*version));
            let event = SetAside { position, stream, version, reason: reason.clone() };
            self.streams.insert(event.stream.clone());
            self.entries.push(Entry { event, decided: None });
        }
        self.expected = Expected::Version(event.version);
        Ok(())
    }

    /// The entries that nothing was decided about.
    pub(super) fn entries(&self) -> Vec<SetAside> {
        let open = self.entries.iter().filter(|entry| entry.decided.is_none());
        open.map(|entry| entry.event.clone()).collect()
    }

    pub(super) fn is_decision(&self, event: &Recorded) -> bool {
        event.stream == self.stream
    }

    /// Whether an event was set aside or waits, until something is decided.
    pub(super) fn holds(&self, event: &Recorded) -> bool {
        self.streams.contains(&event.stream)
            && self.entries.iter().any(|Entry { event: first, decided }| {
                first.stream == event.stream
                    && first.position <= event.position
                    && decided.is_none_or(|decided| event.position < decided.at)
            })
    }

    /// What is to be taken up because of a decision at a position. A restarted reactor knows what was set aside once more then.
    fn decided_at(&self, position: Position) -> Option<Due> {
        let is_due = |entry: &Entry| entry.decided.is_some_and(|decided| decided.at == position);
        let index = self.entries.iter().position(is_due)?;
        let (Entry { event, decided }, later) = self.entries.get(index..)?.split_first()?;
        let mut again = later.iter().filter(|later| later.event.stream == event.stream);
        let skipped = decided.is_some_and(|decided| decided.skipped);
        Some(Due {
            stream: event.stream.clone(),
            from: if skipped { event.version.next() } else { event.version },
            until: again.next().map_or(position, |again| again.event.position),
        })
    }

    /// Records that an event is set aside, unless another instance has done so. Whether one has is not known where a newer version recorded
    /// something here.
    async fn park(
        &mut self,
        deps: &Deps,
        store: &EventStore,
        entry: &SetAside,
    ) -> Result<(), Newer> {
        loop {
            self.read_on(store).await?;
            let is_known = |known: &SetAside| known.position == entry.position;
            if self.entries().iter().any(is_known) {
                return Ok(());
            }
            let parked = InboxEvent::Parked {
                subscriber: self.subscriber.clone(),
                stream: entry.stream.as_str().to_owned(),
                version: entry.version.0,
                position: entry.position.0,
                reason: entry.reason.clone(),
            };
            let correlation = deps.ids.uuid(deps.clock.now());
            let metadata = Metadata::of(Actor::reactor(&self.subscriber), correlation);
            let Some(event) = deps.new_event(&parked, metadata) else {
                // It has no form that an older instance reads: it waits for the end of the upgrade, as reactions do.
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            };
            let append = Append {
                stream: self.stream.clone(),
                expected: self.expected,
                events: Arc::from(vec![event]),
            };
            if let Appended::Refused { reason } = store.append(append).await {
                tracing::error!(
                    subscriber = self.subscriber,
                    reason,
                    "cannot record an entry of the inbox; retrying"
                );
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

impl<R: Reactor> Running<R> {
    /// Sets an event aside when it has come to `position`; stops in front of that if a newer version has recorded what only it reads.
    pub(super) async fn park(&mut self, entry: SetAside, position: Position) {
        if let Err(Newer { what, .. }) = self.inbox.park(&self.deps, &self.store, &entry).await {
            self.stop(Newer { position, what });
            return;
        }
        self.progress.sets_aside(&entry);
        self.progress.has_aside(self.inbox.entries());
    }

    /// Reacts to what waited for a decision, if the event is one, and waits until that is done: a restart would not know of it later.
    pub(super) async fn decided(&mut self, event: &Recorded) {
        if let Err(newer) = self.inbox.hear(event) {
            self.stop(newer);
            return;
        }
        self.progress.has_aside(self.inbox.entries());
        let Some(due) = self.inbox.decided_at(event.position) else { return };
        let late: Arc<str> = format!("{}/{}", self.name, due.stream).into();
        let waited = self.store.clone().events(&due.stream, due.from, event.position).await;
        for waiting in waited.iter().take_while(|waiting| waiting.position < due.until) {
            match projected(|| self.reactor.react(waiting)) {
                Ok(None) | Err(Unfit::Foreign(_)) => {}
                Ok(Some(reaction)) => {
                    let target = reaction.stream.clone();
                    let all = Position(u64::MAX);
                    let events = self.store.clone().events(&target, Version(0), all).await;
                    if !has_reacted(&events, &self.name, waiting.position) {
                        self.submit(reaction, waiting, Arc::clone(&late)).await;
                    }
                }
                Err(Unfit::Newer(what)) => {
                    self.stop(Newer { position: event.position, what });
                    break;
                }
                Err(Unfit::Broken(reason)) => {
                    self.park(SetAside::of(waiting, &reason), event.position).await;
                    break;
                }
            }
        }
        self.flight.land().await;
    }
}

/// Whether an instance that could take the cause reacted to it in time, in the stream with these events.
fn has_reacted(events: &[Arc<Recorded>], reactor: &str, cause: Position) -> bool {
    events.iter().any(|event| {
        let known = event.metadata.cause.as_ref();
        known.is_some_and(|known| known.position == cause && &*known.reactor == reactor)
    })
}
