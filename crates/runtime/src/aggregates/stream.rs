//! The task that serves a stream while commands wait for it: decides all of them, appends once, answers all.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use kernel::{
    EventType, Metadata, NewEvent, Position, Recorded, StreamId, Timestamp, Version, sync,
};
use store::{Append, Appended, Read};

use super::{
    Aggregate, Asked, Done, ExecuteError, Outcome, Resident, Shared,
    decided::{Decided, Verdict, Written},
    loaded::Loaded,
};
use crate::{client::Reads, trace::Kind, trace::Open};

/// Commands decided in one go: enough to share a sync among, few enough that no caller waits long.
const COMMANDS_MAX: usize = 256;
/// Events between two snapshots of a stream that stays in memory.
const SNAPSHOT_EVERY: u64 = 100;
/// The pause before a reaction that was refused or put off is tried again.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Serving<D: Aggregate> {
    shared: Arc<Shared<D>>,
    stream: StreamId,
    waiting: VecDeque<Asked<D>>,
    loaded: Option<Loaded<D::State>>,
    /// How many events the last snapshot contains.
    kept: u64,
    /// Whether the stream's entry is this task's to remove.
    serves: bool,
}

impl<D: Aggregate> Serving<D> {
    pub(super) fn new(
        shared: Arc<Shared<D>>,
        stream: StreamId,
        resident: Option<Resident<D::State>>,
    ) -> Self {
        let (loaded, kept) = match resident {
            Some(Resident { loaded, kept }) => (Some(loaded), kept),
            None => (None, 0),
        };
        Self { shared, stream, waiting: VecDeque::new(), loaded, kept, serves: true }
    }

    /// Serves the stream until no command waits.
    pub(super) async fn run(mut self) {
        while self.gather() {
            self.step().await;
        }
        self.shared.budget.make_room();
    }

    /// Takes what waits; lays the stream to rest if nothing does.
    fn gather(&mut self) -> bool {
        let mut streams = sync::lock(&self.shared.streams);
        streams.gather(&self.stream, &mut self.waiting, COMMANDS_MAX);
        if !self.waiting.is_empty() {
            return true;
        }
        self.serves = false;
        match self.loaded.take() {
            // One that was only believed to be new is not known to be so.
            Some(loaded) if loaded.version.is_some() && !D::is_over(&loaded.state) => {
                let bytes = loaded.size_bytes::<D>(&self.stream);
                self.shared.budget.take(bytes);
                let resident = Resident { loaded, kept: self.kept };
                streams.rest(&self.stream, self.shared.budget.next_use(), bytes, resident);
            }
            _ => streams.forget(&self.stream),
        }
        false
    }

    /// Decides on what waits, has it recorded, and answers.
    async fn step(&mut self) {
        self.shared.schemas.known().await;
        let now = self.shared.clock.elapsed();
        self.waiting.retain(|asked| asked.expires.is_none_or(|expires| expires > now));
        let mut fresh = false;
        if self.loaded.is_none() {
            if self.waiting.front().is_some_and(creates) {
                // Most likely a new stream: believe so, and let the append's condition judge.
                self.loaded = Some(Loaded::default());
            } else {
                self.loaded = Some(self.load().await);
                fresh = true;
            }
        }
        let Some(loaded) = self.loaded.clone() else { return };
        let requests = self.waiting.iter().map(|asked| &asked.request).take(COMMANDS_MAX);
        let decided =
            Decided::<D>::of(requests, loaded, &self.shared.schemas, |event, metadata| {
                self.new_event(event, metadata)
            });
        if decided.verdicts.is_empty() {
            return;
        }
        if decided.events.is_empty() {
            if fresh || decided.is_settled() || self.is_current().await {
                self.answer(&decided.verdicts, None).await;
            }
        } else {
            self.record(decided).await;
        }
    }

    fn new_event(&self, event: Written, metadata: &Metadata) -> NewEvent {
        NewEvent {
            id: self.shared.ids.event_id(self.shared.clock.now()),
            kind: EventType::parse(event.kind).expect("a family's types are named well"),
            schema: event.schema,
            metadata: metadata.clone(),
            data: event.data,
        }
    }

    async fn record(&mut self, mut decided: Decided<D>) {
        let expected = self.loaded.as_ref().map_or(kernel::Expected::None, Loaded::expected);
        let events = std::mem::take(&mut decided.events).into();
        let append = Append { stream: self.stream.clone(), expected, events };
        let spans = self.spans(&decided.verdicts);
        let appended = self.shared.store.append(append).await;
        self.end(spans, &appended);
        match appended {
            Appended::Recorded { first, version, time, .. } => {
                self.loaded = Some(decided.after);
                self.answer(&decided.verdicts, Some(At { first, version, time })).await;
                self.keep_snapshot();
            }
            Appended::Conflict { version } => self.read_on(version).await,
            Appended::Refused { reason } => self.refused(decided.verdicts.len(), reason).await,
        }
    }

    /// The part that an append has in the trace of each command it serves.
    fn spans(&self, verdicts: &[Verdict<D::Rejection>]) -> Vec<Open> {
        let recorded = self.waiting.iter().zip(verdicts);
        let recorded = recorded.filter(|(_, verdict)| matches!(verdict, Verdict::Events(_)));
        let traced = recorded.filter_map(|(asked, _)| asked.request.metadata.traceparent.as_ref());
        traced
            .filter_map(|parent| self.shared.traces.below(parent, Kind::Internal))
            .map(|span| span.named(format!("append {}", D::CATEGORY)))
            .collect()
    }

    fn end(&self, spans: Vec<Open>, appended: &Appended) {
        let commands = spans.len() as u64;
        for span in spans {
            let span =
                span.with("event.stream", self.stream.as_str()).with("event.commands", commands);
            let span = match appended {
                Appended::Recorded { last, version, .. } => {
                    span.with("event.position", last.0).with("event.version", version.0)
                }
                Appended::Conflict { .. } => span.with("event.outcome", "conflict"),
                Appended::Refused { .. } => span.with("event.outcome", "refused").failed(true),
            };
            span.end();
        }
    }

    /// Whether nothing was recorded since the state was loaded, asked of the store; takes in what was.
    async fn is_current(&mut self) -> bool {
        let before = self.loaded.as_ref().and_then(|loaded| loaded.version);
        self.read_on(before).await;
        self.loaded.as_ref().is_some_and(|loaded| loaded.version == before)
    }

    /// Takes in what others recorded; reloads if the store has less than we believed (`last`).
    async fn read_on(&mut self, last: Option<Version>) {
        let loaded = match self.loaded.take() {
            Some(loaded) if loaded.version <= last => self.load_on(loaded, Reads::News).await,
            Some(_) | None => {
                self.shared.snapshots.forget(&self.shared.tasks, &self.stream).await;
                self.load().await
            }
        };
        self.loaded = Some(loaded);
    }

    async fn load(&mut self) -> Loaded<D::State> {
        let loaded = self.load_snapshot().await.unwrap_or_default();
        self.kept = loaded.events();
        self.load_on(loaded, Reads::Loads).await
    }

    async fn load_snapshot(&self) -> Option<Loaded<D::State>> {
        if D::SNAPSHOT_SCHEMA == 0 {
            return None;
        }
        let loaded = self.shared.snapshots.load(&self.shared.tasks, &self.stream);
        let (version, body) = loaded.await?;
        Loaded::from_snapshot::<D>(&body, version)
    }

    async fn load_on(&self, mut loaded: Loaded<D::State>, reads: Reads) -> Loaded<D::State> {
        loop {
            let read = Read::Stream {
                stream: self.stream.clone(),
                from: loaded.expected().first_version(),
            };
            let page = self.shared.store.read_among(reads, read).await;
            for event in &page.events {
                if !loaded.take_in_recorded::<D>(event) {
                    self.shared.budget.skips();
                }
            }
            if page.end || page.events.is_empty() {
                return loaded;
            }
        }
    }

    fn keep_snapshot(&mut self) {
        if let Some(loaded) = &self.loaded
            && loaded.events() >= self.kept + SNAPSHOT_EVERY
        {
            self.kept = loaded.events();
            self.shared.keep_snapshot(&self.stream, loaded);
        }
    }

    /// Answers all decided commands, whose events were `recorded`, if they led to any.
    async fn answer(&mut self, verdicts: &[Verdict<D::Rejection>], recorded: Option<At>) {
        let At { first, version: last_version, time } = recorded.unwrap_or_default();
        let total = verdicts.iter().rev().find_map(|verdict| match verdict {
            Verdict::Events(upto) => Some(*upto as u64),
            _ => None,
        });
        let mut put_off = Vec::new();
        for verdict in verdicts {
            let Some(asked) = self.waiting.pop_front() else { break };
            let outcome = match verdict {
                Verdict::Newer(_) | Verdict::Held(_) if asked.request.metadata.cause.is_some() => {
                    put_off.push(asked);
                    continue;
                }
                Verdict::Newer(event) => Err(ExecuteError::Newer(Arc::clone(event))),
                Verdict::Held(event) => Err(ExecuteError::Held(Arc::clone(event))),
                Verdict::Events(upto) => {
                    let behind = total.unwrap_or_default() - *upto as u64;
                    let last = Position(first.0 + *upto as u64 - 1);
                    let version = Version(last_version.0 - behind);
                    Ok(Done::Recorded { last, version, time })
                }
                Verdict::Nothing => Ok(Done::Nothing),
                Verdict::AlreadyReacted => Ok(Done::AlreadyReacted),
                Verdict::Repeated(version) => self.repeated(*version).await,
                Verdict::KeyReused => Err(ExecuteError::KeyReused),
                Verdict::Rejected(rejection) => Err(ExecuteError::Rejected(rejection.clone())),
            };
            let _gave_up = asked.answer.send(outcome);
        }
        if !put_off.is_empty() {
            self.put_off(put_off).await;
        }
    }

    /// Reactions that cannot be recorded by this instance, or not yet: they wait until they can, or another instance has recorded them, in
    /// their order.
    async fn put_off(&mut self, reactions: Vec<Asked<D>>) {
        for asked in reactions.into_iter().rev() {
            self.waiting.push_front(asked);
        }
        tokio::time::sleep(REFUSED_PAUSE).await;
        self.is_current().await;
    }

    /// Where the events of an earlier, equal request are recorded.
    async fn repeated(&self, version: Version) -> Outcome<D> {
        let page = self
            .shared
            .store
            .read(Read::Stream { stream: self.stream.clone(), from: version })
            .await;
        let recorded: Option<&Arc<Recorded>> = page.events.first();
        recorded.map_or(Err(ExecuteError::Unavailable), |event| {
            Ok(Done::Repeated { last: event.position, version })
        })
    }

    /// A refused append: commands fail, each retried by itself so that one cannot spoil another; reactions are retried.
    async fn refused(&mut self, commands: usize, reason: String) {
        tracing::error!(stream = %self.stream, %reason, "the event store refused an append");
        if commands > 1 {
            let rest = self.waiting.split_off(1);
            while !self.waiting.is_empty() {
                Box::pin(self.step()).await;
            }
            self.waiting = rest;
            return;
        }
        match self.waiting.front() {
            Some(asked) if asked.request.metadata.cause.is_some() => {
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
            _ => {
                let asked = self.waiting.pop_front();
                asked.map(|asked| asked.answer.send(Err(ExecuteError::Refused(reason))));
            }
        }
    }
}

/// Where and when an append was recorded: the position of its first event, the version of its last one.
#[derive(Default)]
struct At {
    first: Position,
    version: Version,
    time: Option<Timestamp>,
}

fn creates<D: Aggregate>(asked: &Asked<D>) -> bool {
    asked.request.metadata.idempotency.as_ref().is_some_and(|key| key.creates)
}

impl<D: Aggregate> Drop for Serving<D> {
    /// A task that was killed no longer serves its stream, and what waits gets no answer.
    fn drop(&mut self) {
        if self.serves {
            sync::lock(&self.shared.streams).forget(&self.stream);
        }
    }
}
