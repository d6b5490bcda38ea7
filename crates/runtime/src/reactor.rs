//! Turns other services' events into our own commands, exactly once.
//!
//! A reactor goes through the log in order and hands each reaction to the aggregate's own queue; the cause recorded with the
//! reaction deduplicates it. The position to resume from after a restart is only a hint.

mod inbox;
mod note;

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt, stream::FuturesUnordered};
use kernel::{Actor, Cause, Decider, Metadata, Position, Recorded, StreamId};

use inbox::Inbox;
use note::Note;

use crate::{
    Aggregate, Aggregates, CommandRequest, Deps, Done, EventStore, Newer, Progress, SetAside,
    Subscription, Unfit, aggregates::Answer, model::projected, trace::Kind, trace::Open,
};

/// Reactions on their way at once: several group commits' worth.
const IN_FLIGHT_MAX: usize = 1024;
/// Positions between two notes of how far the reactor is.
const SETTLE_EVERY: u64 = 10_000;

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

    /// The reaction to one event, called for every event in the order of the log. One that cannot be read goes to the
    /// [inbox](crate::inbox). In front of one that only a newer version of the program reads, the reactor stops.
    fn react(
        &mut self,
        event: &Recorded,
    ) -> Result<Option<Reaction<<Self::Aggregate as kernel::Decider>::Command>>, Unfit>;

    /// The first event to be delivered again after a restart, if it remembers any.
    fn needs_from(&self) -> Option<Position> {
        None
    }
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
    inbox: Inbox,
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
        let (inbox, newer) = Inbox::load(&store, progress.name()).await;
        progress.has_aside(inbox.entries());
        let mut subscription = Subscription::open(&store, note.position).await;
        subscription.look().await;
        progress.moved(subscription.position(), &subscription);
        // It stops in front of that when it comes to it. Where a newer instance was further, it is not known what waits from here on.
        let newer = newer.filter(|newer| newer.position <= note.position);
        let newer = newer.map(|newer| Newer { position: note.position.next(), ..newer });
        if let Some(newer) = &newer {
            progress.stops_before(newer);
        }
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
            inbox,
            newer,
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
            if self.inbox.is_decision(event) {
                self.decided(event).await;
            } else if !self.inbox.holds(event) {
                self.react(event).await;
            }
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
        match projected(|| self.reactor.react(event)) {
            Ok(Some(reaction)) => self.submit(reaction, event, Arc::clone(&self.name)).await,
            Ok(None) => {}
            Err(Unfit::Foreign(what)) => self.progress.passes_over(&SetAside::of(event, &what)),
            Err(Unfit::Broken(reason)) => {
                self.park(SetAside::of(event, &reason), event.position).await;
            }
            Err(Unfit::Newer(what)) => self.stop(Newer { position: event.position, what }),
        }
    }

    /// Has a reaction recorded, under the mark `reactor`.
    async fn submit(
        &mut self,
        reaction: Reaction<<R::Aggregate as Decider>::Command>,
        event: &Recorded,
        reactor: Arc<str>,
    ) {
        self.flight.make_room().await;
        let Reaction { stream, command } = reaction;
        let span = span(&self.deps, &self.name, event);
        let metadata = context(&self.name, reactor, event, span.as_ref());
        let answer = self.aggregates.submit(stream, CommandRequest { command, metadata }).await;
        self.flight.started::<R::Aggregate>(event.position, answer, span);
    }

    fn stop(&mut self, newer: Newer) {
        self.progress.stops_before(&newer);
        self.newer = Some(newer);
    }

    /// Says how far it is; the position up to which everything is done.
    fn report(&self) -> Position {
        let Some(newer) = &self.newer else {
            let settled = self.flight.settled_position(self.subscription.position());
            self.progress.moved(settled, &self.subscription);
            return settled;
        };
        let settled = self.flight.settled_position(newer.before());
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

fn context(name: &str, reactor: Arc<str>, cause: &Recorded, span: Option<&Open>) -> Metadata {
    let handed_on = || cause.metadata.traceparent.clone();
    Metadata {
        actor: Actor::reactor(name),
        correlation: cause.metadata.correlation,
        traceparent: span.map(Open::traceparent).or_else(handed_on),
        cause: Some(Cause { reactor, position: cause.position }),
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

    /// Waits until all are done.
    async fn land(&mut self) {
        while let Some(cause) = self.running.next().await {
            self.landed(cause);
        }
    }

    fn landed(&mut self, cause: Position) {
        self.causes.remove(&cause);
    }

    /// Everything up to here is done, given that everything up to `heard` has been processed.
    fn settled_position(&self, heard: Position) -> Position {
        self.causes.first().map_or(heard, |oldest| Position(oldest.0 - 1))
    }
}
