//! The task that owns a stream: decides all waiting commands, appends once, answers all.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use kernel::{Event, EventType, Metadata, NewEvent, Position, Recorded, StreamId, Version};
use store::{Append, Appended, Read};
use tokio::sync::{mpsc, oneshot};

use super::{
    Aggregate, Done, ExecuteError, Request, Shared,
    decided::{Decided, Verdict},
    loaded::Loaded,
};
use crate::{trace::Kind, trace::Open};

/// Commands decided in one go: enough to share a sync among, few enough that no caller waits long.
const COMMANDS_MAX: usize = 256;
/// Events between two snapshots of a stream.
const SNAPSHOT_EVERY: u64 = 100;
/// The pause before a refused reaction is tried again.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

type Outcome<D> = Result<Done, ExecuteError<<D as kernel::Decider>::Rejection>>;

/// A command waiting for its answer.
pub(super) struct Asked<D: Aggregate> {
    pub(super) request: Request<D::Command>,
    /// When the caller stops waiting for the answer; never for reactions.
    pub(super) expires: Option<Duration>,
    pub(super) answer: oneshot::Sender<Outcome<D>>,
}

impl<D: Aggregate> Asked<D> {
    fn is_reaction(&self) -> bool {
        self.request.metadata.cause.is_some()
    }
}

pub(super) struct StreamTask<D: Aggregate> {
    shared: Arc<Shared<D>>,
    stream: StreamId,
    queue: mpsc::Receiver<Asked<D>>,
    waiting: VecDeque<Asked<D>>,
    loaded: Option<Loaded<D::State>>,
    snapshot_at: u64,
}

impl<D: Aggregate> StreamTask<D> {
    pub(super) fn new(
        shared: Arc<Shared<D>>,
        stream: StreamId,
        queue: mpsc::Receiver<Asked<D>>,
    ) -> Self {
        Self { shared, stream, queue, waiting: VecDeque::new(), loaded: None, snapshot_at: 0 }
    }

    /// Serves the stream until no command has come for a while.
    pub(super) async fn run(mut self) {
        while self.gather().await {
            self.step().await;
        }
        self.shared.retire(&self.stream);
    }

    /// Waits for commands; `false` when there were none for so long that the stream can leave memory.
    async fn gather(&mut self) -> bool {
        let mut arrived = Vec::new();
        if self.waiting.is_empty() {
            let over = self.loaded.as_ref().is_some_and(|loaded| D::is_over(&loaded.state));
            let patience = if over { Duration::ZERO } else { self.shared.patience() };
            let arrived_in_time = tokio::select! {
                biased;
                count = self.queue.recv_many(&mut arrived, COMMANDS_MAX) => count > 0,
                () = self.shared.tasks.stopped() => false,
                () = tokio::time::sleep(patience) => false,
            };
            if !arrived_in_time {
                // What arrives from here on is refused and goes to a new task; what had arrived is still ours.
                self.queue.close();
                self.queue.recv_many(&mut arrived, COMMANDS_MAX).await;
            }
        } else {
            while arrived.len() + self.waiting.len() < COMMANDS_MAX {
                let Ok(asked) = self.queue.try_recv() else { break };
                arrived.push(asked);
            }
        }
        self.waiting.extend(arrived);
        !self.waiting.is_empty()
    }

    /// Decides on what waits, has it recorded, and answers.
    async fn step(&mut self) {
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
            Decided::<D>::of(requests, loaded, |event, metadata| self.new_event(event, metadata));
        if decided.verdicts.is_empty() {
            return;
        }
        if decided.events.is_empty() {
            if fresh || self.is_current().await {
                self.answer(&decided.verdicts, None).await;
            }
        } else {
            self.record(decided).await;
        }
    }

    fn new_event(&self, event: &D::Event, metadata: &Metadata) -> NewEvent {
        NewEvent {
            id: self.shared.ids.event_id(self.shared.clock.now()),
            kind: EventType::parse(event.kind()).expect("a family's types are named well"),
            schema: event.schema(),
            metadata: metadata.clone(),
            data: event.encode(),
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
            Appended::Recorded { first, version, .. } => {
                self.loaded = Some(decided.after);
                self.keep_snapshot(version).await;
                self.answer(&decided.verdicts, Some((first, version))).await;
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
            Some(loaded) if loaded.version <= last => self.load_on(loaded).await,
            Some(_) | None => {
                self.shared.snapshots.forget(&self.shared.tasks, &self.stream).await;
                self.load().await
            }
        };
        self.loaded = Some(loaded);
    }

    async fn load(&mut self) -> Loaded<D::State> {
        let snapshot = self.shared.snapshots.load(&self.shared.tasks, &self.stream).await;
        let loaded =
            snapshot.and_then(|(version, body)| Loaded::from_snapshot::<D>(&body, version));
        let loaded = loaded.unwrap_or_default();
        self.snapshot_at = loaded.version.map_or(0, |version| version.0);
        self.load_on(loaded).await
    }

    async fn load_on(&self, mut loaded: Loaded<D::State>) -> Loaded<D::State> {
        loop {
            let read = Read::Stream {
                stream: self.stream.clone(),
                from: loaded.expected().first_version(),
            };
            let page = self.shared.store.read(read).await;
            for event in &page.events {
                loaded.take_in_recorded::<D>(event);
            }
            if page.end || page.events.is_empty() {
                return loaded;
            }
        }
    }

    async fn keep_snapshot(&mut self, version: Version) {
        if version.0 < self.snapshot_at + SNAPSHOT_EVERY {
            return;
        }
        self.snapshot_at = version.0;
        if let Some(body) = self.loaded.as_ref().and_then(Loaded::to_snapshot::<D>) {
            let shared = &self.shared;
            shared.snapshots.save(&shared.tasks, &self.stream, version, body).await;
        }
    }

    /// Answers all decided commands. `recorded`: the position of the first event recorded for them, and the version
    /// of the last.
    async fn answer(
        &mut self,
        verdicts: &[Verdict<D::Rejection>],
        recorded: Option<(Position, Version)>,
    ) {
        let (first, last_version) = recorded.unwrap_or_default();
        let total = verdicts.iter().rev().find_map(|verdict| match verdict {
            Verdict::Events(upto) => Some(*upto as u64),
            _ => None,
        });
        for verdict in verdicts {
            let Some(asked) = self.waiting.pop_front() else { break };
            let outcome = match verdict {
                Verdict::Events(upto) => {
                    let behind = total.unwrap_or_default() - *upto as u64;
                    let last = Position(first.0 + *upto as u64 - 1);
                    let version = Version(last_version.0 - behind);
                    Ok(Done::Recorded { last, version })
                }
                Verdict::Nothing => Ok(Done::Nothing),
                Verdict::AlreadyReacted => Ok(Done::AlreadyReacted),
                Verdict::Repeated(version) => self.repeated(*version).await,
                Verdict::KeyReused => Err(ExecuteError::KeyReused),
                Verdict::Rejected(rejection) => Err(ExecuteError::Rejected(rejection.clone())),
            };
            let _gave_up = asked.answer.send(outcome);
        }
    }

    /// Where the events of an earlier, equal request stand.
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
            Some(asked) if asked.is_reaction() => tokio::time::sleep(REFUSED_PAUSE).await,
            _ => {
                let asked = self.waiting.pop_front();
                asked.map(|asked| asked.answer.send(Err(ExecuteError::Refused(reason))));
            }
        }
    }
}

fn creates<D: Aggregate>(asked: &Asked<D>) -> bool {
    asked.request.metadata.idempotency.as_ref().is_some_and(|key| key.creates)
}
