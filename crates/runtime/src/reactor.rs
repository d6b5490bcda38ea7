//! Turns other services' events into our own commands, exactly once.
//!
//! A reactor goes through the log in order and hands each reaction to the aggregate's own queue; the cause recorded with the
//! reaction deduplicates it. The position to resume from after a restart is only a hint.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt, stream::FuturesUnordered};
use kernel::{Actor, Cause, EventType, Expected, Metadata, NewEvent, Position, Recorded, StreamId};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use store::{Append, Appended};

use crate::{
    Aggregate, Aggregates, Deps, Done, EventStore, Newer, Progress, Request, SetAside,
    Subscription, Unfit, aggregates::Answer, model::projected, trace::Kind, trace::Open,
};

/// Reactions on their way at once: several group commits' worth.
const IN_FLIGHT_MAX: usize = 1024;
/// Positions between two notes of how far the reactor is.
const SETTLE_EVERY: u64 = 10_000;
/// The type of the notes in a reactor's own stream.
const SETTLED: &str = "reactor.settled";

/// What to do about an event: a command to one stream. Its events must differ in type; see [`Reactor`].
#[derive(Clone, Debug)]
pub struct Reaction<C> {
    /// The stream that the command goes to.
    pub stream: StreamId,
    /// What it asks for.
    pub command: C,
}

/// Turns events into commands of its own service.
///
/// - One reactor commands one aggregate, at most once per event. A second command for the same event, or one for another aggregate,
///   is a second reactor with a name of its own.
/// - The command's events are recorded together, in one append, with the event as their cause. That mark makes the reaction happen
///   once per stream: after a restart, in a second instance and after a lost answer.
/// - A reaction never records two events of one type: in the log, the second is a second reaction to the same cause,
///   and the seeded worlds report it as one. What happens several times is one event with a count.
/// - Reactions are total: a cause that yields nothing now yields nothing later. A rejected command is not tried again.
pub trait Reactor: Send + 'static {
    /// Whose commands it gives.
    type Aggregate: Aggregate;
    /// Names the reactor in what it records; never changed once released.
    const NAME: &'static str;

    /// The same for one whose name is given when it is made.
    fn name(&self) -> &str {
        Self::NAME
    }

    /// The reaction to one event, called for every event in the order of the log. One that cannot be read is set aside: counted and
    /// reported. In front of one that only a newer version of the program reads, the reactor stops.
    fn react(
        &mut self,
        event: &Recorded,
    ) -> Result<Option<Reaction<<Self::Aggregate as kernel::Decider>::Command>>, Unfit>;

    /// The first event to be delivered again after a restart, if it remembers any.
    fn needs_from(&self) -> Option<Position> {
        None
    }
}

#[derive(Serialize, Deserialize)]
struct Settled {
    position: Position,
}

/// Runs `reactor` until the tasks stop.
pub fn spawn<R: Reactor>(
    deps: &Deps,
    aggregates: Aggregates<R::Aggregate>,
    reactor: R,
    progress: Progress,
) {
    let deps = deps.clone();
    deps.tasks.clone().spawn_until_stopped("reactor", async move {
        let mut running = Running::start(deps, aggregates, reactor, progress).await;
        loop {
            running.step().await;
        }
    });
}

/// A reactor on its way through the log.
struct Running<R: Reactor> {
    deps: Deps,
    store: EventStore,
    aggregates: Aggregates<R::Aggregate>,
    reactor: R,
    name: Arc<str>,
    progress: Progress,
    note: Note,
    subscription: Subscription,
    flight: Flight,
    /// The event in front of which it stopped, because only a newer version of the program reads it.
    newer: Option<Newer>,
}

impl<R: Reactor> Running<R> {
    async fn start(
        deps: Deps,
        aggregates: Aggregates<R::Aggregate>,
        reactor: R,
        progress: Progress,
    ) -> Self {
        let store = deps.store();
        let name: Arc<str> = reactor.name().into();
        let note = Note::load(&store, &name).await;
        let mut subscription = Subscription::open(&store, note.position).await;
        subscription.look().await;
        progress.moved(subscription.position(), &subscription);
        Self {
            deps,
            store,
            aggregates,
            reactor,
            name,
            progress,
            note,
            subscription,
            flight: Flight::default(),
            newer: None,
        }
    }

    /// Waits for a reaction to be done, or for events, to which it reacts.
    async fn step(&mut self) {
        let flight = &mut self.flight;
        let events = tokio::select! {
            biased;
            Some(cause) = flight.running.next(), if !flight.running.is_empty() => {
                flight.landed(cause);
                self.report();
                return;
            }
            () = self.progress.falls_behind(&self.store), if self.newer.is_some() => return,
            events = self.subscription.next(), if self.newer.is_none() => events,
        };
        for event in &events {
            self.react(event).await;
            if self.newer.is_some() {
                break;
            }
        }
        let settled = self.report();
        let needed = self.reactor.needs_from().map(|from| Position(from.0.saturating_sub(1)));
        let resume = needed.map_or(settled, |needed| settled.min(needed));
        if resume.0 >= self.note.position.0 + SETTLE_EVERY {
            self.note.write(&self.deps, &self.store, resume).await;
        }
    }

    async fn react(&mut self, event: &Recorded) {
        let Reaction { stream, command } = match projected(|| self.reactor.react(event)) {
            Ok(Some(reaction)) => reaction,
            Ok(None) => return,
            Err(unfit) => return self.untaken(event, unfit),
        };
        self.flight.make_room().await;
        let span = span(&self.deps, &self.name, event);
        let metadata = context(&self.name, event, span.as_ref());
        let answer = self.aggregates.submit(stream, Request { command, metadata }).await;
        self.flight.started::<R::Aggregate>(event.position, answer, span);
    }

    fn untaken(&mut self, event: &Recorded, unfit: Unfit) {
        match unfit {
            Unfit::Foreign(what) => {
                self.progress.passes_over(&SetAside::new(event.position, &what));
            }
            Unfit::Broken(reason) => {
                self.progress.sets_aside(&SetAside::new(event.position, &reason));
            }
            Unfit::Newer(what) => {
                let newer = Newer { position: event.position, what };
                self.progress.stops_before(&newer);
                self.newer = Some(newer);
            }
        }
    }

    /// Says how far it is; the position up to which everything is done.
    fn report(&self) -> Position {
        let Some(newer) = &self.newer else {
            let settled = self.flight.settled(self.subscription.position());
            self.progress.moved(settled, &self.subscription);
            return settled;
        };
        let settled = self.flight.settled(newer.before());
        self.progress.followed(settled);
        settled
    }
}

/// The reaction in the trace of its cause, if that is exported.
fn span(deps: &Deps, name: &Arc<str>, cause: &Recorded) -> Option<Open> {
    let parent = cause.metadata.traceparent.as_ref()?;
    let span = deps.traces.below(parent, Kind::Reaction)?;
    let span = span.named(format!("react to {}", cause.kind));
    Some(span.with("event.reactor", &**name).with("event.cause", cause.position.0))
}

fn context(name: &Arc<str>, cause: &Recorded, span: Option<&Open>) -> Metadata {
    let name = Arc::clone(name);
    let handed_on = || cause.metadata.traceparent.clone();
    Metadata {
        actor: Actor::reactor(&name),
        correlation: cause.metadata.correlation,
        traceparent: span.map(Open::traceparent).or_else(handed_on),
        cause: Some(Cause { reactor: name, position: cause.position }),
        idempotency: None,
    }
}

/// The reactions on their way.
#[derive(Default)]
struct Flight {
    running: FuturesUnordered<futures_util::future::BoxFuture<'static, Position>>,
    causes: BTreeSet<Position>,
}

impl Flight {
    fn started<D: Aggregate>(&mut self, cause: Position, answer: Answer<D>, span: Option<Open>) {
        self.causes.insert(cause);
        self.running.push(Box::pin(async move {
            // A stream's task keeps a reaction until it is done; it lets go of it only when the process stops.
            let Ok(outcome) = answer.await else { return std::future::pending().await };
            // What another instance did, or this one before its restart, was traced there.
            if let (Some(span), Ok(Done::Recorded { last, .. })) = (span, outcome) {
                span.with("event.position", last.0).end();
            }
            cause
        }));
    }

    /// Waits until one more reaction may be on its way.
    async fn make_room(&mut self) {
        while self.causes.len() >= IN_FLIGHT_MAX {
            let landed = self.running.next().await;
            if let Some(cause) = landed {
                self.landed(cause);
            }
        }
    }

    fn landed(&mut self, cause: Position) {
        self.causes.remove(&cause);
    }

    /// Everything up to here is done, given that everything up to `heard` has been processed.
    fn settled(&self, heard: Position) -> Position {
        self.causes.first().map_or(heard, |oldest| Position(oldest.0 - 1))
    }
}

/// The position in a note. A reactor has settled nothing that was recorded after its note: one that says so is made up, and believing it
/// would stop the reactor for good. It begins from the start then; what it did before is known by its marks.
fn settled(name: &str, note: &Recorded) -> Position {
    match serde_json::from_str::<Settled>(note.data.get()) {
        Ok(Settled { position }) if position < note.position => position,
        Ok(Settled { position }) => {
            tracing::error!(reactor = name, %position, note = %note.position, "ignored a note that is ahead of itself; reading the log from the start. Find out who recorded it");
            Position::START
        }
        Err(error) => {
            tracing::error!(reactor = name, %error, note = %note.position, "ignored a note that cannot be read; reading the log from the start");
            Position::START
        }
    }
}

/// How far a reactor is, noted in its own stream now and then.
struct Note {
    stream: StreamId,
    expected: Expected,
    position: Position,
}

impl Note {
    async fn load(store: &EventStore, name: &str) -> Self {
        let stream = StreamId::new("reactor", name).expect("a reactor's name is a stream's id");
        let last = store.last(&stream).await;
        let expected = Expected::after(last.as_ref().map(|event| event.version));
        let position = last.map_or(Position::START, |event| settled(name, &event));
        Self { stream, expected, position }
    }

    async fn write(&mut self, deps: &Deps, store: &EventStore, position: Position) {
        let name = self.stream.id().to_owned();
        let now = deps.clock.now();
        let event = NewEvent {
            id: deps.ids.event_id(now),
            kind: EventType::parse(SETTLED).expect("a type's name"),
            schema: 1,
            metadata: Metadata::of(Actor::reactor(name.as_str()), deps.ids.uuid(now)),
            data: to_raw_value(&Settled { position }).expect("a number serialises"),
        };
        let append = Append {
            stream: self.stream.clone(),
            expected: self.expected,
            events: Arc::from(vec![event]),
        };
        match store.append(append).await {
            Appended::Recorded { version, .. } => {
                self.expected = Expected::Version(version);
                self.position = position;
            }
            // Another instance is further, or as far: its note serves as well.
            Appended::Conflict { .. } => {
                *self = Self { position, ..Self::load(store, &name).await }
            }
            Appended::Refused { reason } => {
                tracing::error!(reactor = name, %reason, "the event store refused a note");
            }
        }
    }
}
