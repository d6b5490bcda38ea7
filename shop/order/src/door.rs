//! Load shedding: an order that could not be answered in time is refused before anything of it is recorded.
//!
//! ```text
//!  place-order ── enter ─▶ [waiting] ─▶ inside: on its way, then open ── order.finalized │ order.denied ─▶ out
//!                   └────────┴─▶ refused
//! ```
//!
//! Inside are at most as many orders as are answered in a fraction of their time ([`Crowd`]), and none is let in while the saga stands
//! still: the oldest order has used up a larger part of its time, and none was answered meanwhile. An order without room first waits for
//! it for a moment, so that clients that take turns are slowed down rather than refused.

mod crowd;
mod pace;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{Clock, sync};
use tokio::sync::oneshot;
use uuid::Uuid;

use self::crowd::Crowd;

/// The part of an order's time within which the answers to a new one should come.
const MOMENT: u32 = 40;
/// The part of its time that the oldest order inside may have used up while no other one is answered.
const STILL: u32 = 10;
/// Orders that wait at the door: more than clients have connections to spare, few enough to cost little memory.
const WAITING_MAX: usize = 1024;
/// How many waiting orders are examined for one that may enter: the first may all be of one customer.
const LOOKED_AT: usize = 64;

/// The door of the order service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Door {
    clock: Arc<dyn Clock>,
    /// How long an order may take.
    deadline: Duration,
    state: Arc<Mutex<State>>,
}

struct State {
    inside: BTreeMap<Uuid, Inside>,
    /// The orders inside, by when they came in.
    by_age: BTreeSet<(Duration, Uuid)>,
    /// When an order was last answered.
    answered: Duration,
    crowd: Crowd,
    /// First come first.
    waiting: VecDeque<Waiting>,
}

struct Inside {
    customer: Uuid,
    since: Duration,
    is_recorded: bool,
}

struct Waiting {
    order: Uuid,
    customer: Uuid,
    answer: oneshot::Sender<Entry>,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    /// It was denied because its answers had not come by its deadline.
    Missed,
}

/// The right to record an order. Dropped without [`Entry::recorded`], it leaves the room to another one.
pub(crate) struct Entry {
    door: Door,
    order: Uuid,
}

/// An order cannot be answered in time; about how long that will last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Duration);

impl Door {
    /// No order is inside yet. Orders may take `deadline`.
    pub(crate) fn new(clock: Arc<dyn Clock>, deadline: Duration) -> Self {
        let state = State {
            inside: BTreeMap::new(),
            by_age: BTreeSet::new(),
            answered: Duration::ZERO,
            crowd: Crowd::new(deadline / MOMENT, deadline / STILL),
            waiting: VecDeque::new(),
        };
        Self { clock, deadline, state: Arc::new(Mutex::new(state)) }
    }

    /// Lets an order in: at once while there is room, else as soon as there is some, or not at all.
    pub(crate) async fn enter(&self, order: Uuid, customer: Uuid) -> Result<Entry, Refused> {
        // Waiting orders that have room by now enter first.
        self.let_in();
        if let Some(entry) = self.try_enter(order, customer) {
            return Ok(entry);
        }
        let Some(answer) = self.queue(order, customer) else { return Err(self.refused()) };
        let answer = tokio::time::timeout(self.deadline / MOMENT, answer).await;
        answer.ok().and_then(Result::ok).ok_or_else(|| self.refused())
    }

    /// The refusal that any order would get now; decided before the request is read.
    pub(crate) fn is_crowded(&self) -> Option<Refused> {
        let now = self.clock.elapsed();
        let mut state = sync::lock(&self.state);
        let is_full = self.stands_still(&state, now) || state.crowd.is_full(now);
        let is_crowded = is_full && !state.may_wait();
        drop(state);
        is_crowded.then(|| self.refused())
    }

    /// Whether an order is inside. Sent again, it does not count twice.
    pub(crate) fn has(&self, order: Uuid) -> bool {
        sync::lock(&self.state).inside.contains_key(&order)
    }

    /// An order is recorded, here or by another instance, since `since`.
    pub(crate) fn placed(&self, order: Uuid, customer: Uuid, since: Duration) {
        let mut state = sync::lock(&self.state);
        state.came(order, customer, since);
        if let Some(inside) = state.inside.get_mut(&order) {
            inside.is_recorded = true;
        }
    }

    /// An order has ended.
    pub(crate) fn ended(&self, order: Uuid, end: End) {
        let now = self.clock.elapsed();
        let mut state = sync::lock(&self.state);
        let Some(since) = state.left(order) else { return };
        match end {
            End::Answered => {
                state.answered = now;
                state.crowd.answered(now, now.saturating_sub(since));
            }
            End::Missed => state.crowd.missed(),
        }
        drop(state);
        self.let_in();
    }

    fn try_enter(&self, order: Uuid, customer: Uuid) -> Option<Entry> {
        let now = self.clock.elapsed();
        let mut state = sync::lock(&self.state);
        if self.stands_still(&state, now) || !state.crowd.admits(customer, now) {
            return None;
        }
        state.came(order, customer, now);
        drop(state);
        Some(self.entry(order))
    }

    fn queue(&self, order: Uuid, customer: Uuid) -> Option<oneshot::Receiver<Entry>> {
        let mut state = sync::lock(&self.state);
        if !state.may_wait() {
            return None;
        }
        let (answer, receiver) = oneshot::channel();
        state.waiting.push_back(Waiting { order, customer, answer });
        Some(receiver)
    }

    /// Lets waiting orders in, as far as there is room.
    fn let_in(&self) {
        while let Some(Waiting { order, answer, .. }) = self.next() {
            if let Err(entry) = answer.send(self.entry(order)) {
                // Its client has gone; the next turn of the loop gives its room to another order.
                entry.recorded();
                sync::lock(&self.state).left(order);
            }
        }
    }

    /// Takes the first waiting order that may enter.
    fn next(&self) -> Option<Waiting> {
        let now = self.clock.elapsed();
        let mut state = sync::lock(&self.state);
        if self.stands_still(&state, now) {
            return None;
        }
        state.forget_gone();
        let may = |waiting: &Waiting| state.crowd.admits(waiting.customer, now);
        let found = state.waiting.iter().take(LOOKED_AT).position(may)?;
        let next = state.waiting.remove(found)?;
        state.came(next.order, next.customer, now);
        Some(next)
    }

    /// A single order that is not answered, while others are, does not keep others out.
    fn stands_still(&self, state: &State, now: Duration) -> bool {
        let silence = now.saturating_sub(state.answered);
        state.oldest(now).min(silence) > self.deadline / STILL
    }

    fn refused(&self) -> Refused {
        let now = self.clock.elapsed();
        let state = sync::lock(&self.state);
        // A guess where the saga stands still: no client is sent away for long for it.
        Refused(state.crowd.wait(now).max(state.oldest(now)).min(self.deadline))
    }

    fn entry(&self, order: Uuid) -> Entry {
        Entry { door: self.clone(), order }
    }
}

impl State {
    /// Whether one more order may wait.
    fn may_wait(&mut self) -> bool {
        self.forget_gone();
        self.waiting.len() < WAITING_MAX
    }

    /// Removes orders whose clients have stopped waiting: those that came first are in front.
    fn forget_gone(&mut self) {
        while self.waiting.front().is_some_and(|first| first.answer.is_closed()) {
            self.waiting.pop_front();
        }
    }

    fn oldest(&self, now: Duration) -> Duration {
        self.by_age.first().map_or(Duration::ZERO, |(since, _)| now.saturating_sub(*since))
    }

    fn came(&mut self, order: Uuid, customer: Uuid, since: Duration) {
        if self.inside.contains_key(&order) {
            return;
        }
        self.inside.insert(order, Inside { customer, since, is_recorded: false });
        self.by_age.insert((since, order));
        self.crowd.came(customer);
    }

    /// Since when the order was inside, if it was.
    fn left(&mut self, order: Uuid) -> Option<Duration> {
        let Inside { customer, since, .. } = self.inside.remove(&order)?;
        self.by_age.remove(&(since, order));
        self.crowd.left(customer);
        Some(since)
    }
}

impl Entry {
    /// The order is recorded: it is inside until it ends.
    pub(crate) fn recorded(self) {
        if let Some(inside) = sync::lock(&self.door.state).inside.get_mut(&self.order) {
            inside.is_recorded = true;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = sync::lock(&self.door.state);
        if state.inside.get(&self.order).is_none_or(|inside| inside.is_recorded) {
            return;
        }
        state.left(self.order);
        drop(state);
        self.door.let_in();
    }
}
