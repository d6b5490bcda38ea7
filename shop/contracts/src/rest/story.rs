//! An order's history as a story that can be drawn: who took part, what each step followed from, and how long it took. Pure.

use std::time::Duration;

use kernel::Position;

use super::order::Step;
use crate::{
    accounting,
    customer::{self, CustomerEvent},
    order::{self, OrderEvent},
    product::{self, ProductEvent},
};

/// The shop's own services, in the order in which an order usually comes to them.
pub const SERVICES: [&str; 4] =
    [order::CATEGORY, product::CATEGORY, customer::CATEGORY, accounting::CATEGORY];

/// The steps of an order in the order of the log, which is the order of cause and effect.
#[derive(Clone, Debug)]
pub struct Story {
    steps: Vec<Step>,
    services: Vec<String>,
    /// Of each step: the index of its service.
    lifelines: Vec<usize>,
}

/// What a step followed from, as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A request.
    Request,
    /// The step of this index.
    Step(usize),
    /// An event that is no step of the story.
    Elsewhere(Position),
    /// The order's time was up.
    Deadline,
    /// Nothing that was recorded: its service did it by itself.
    Itself,
}

/// An answer that an order needs before it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Stock,
    Credit,
}

impl Answer {
    /// The answer that an event is, if it is one.
    fn of(event: &str) -> Option<Self> {
        match event {
            ProductEvent::STOCK_RESERVED | ProductEvent::STOCK_DENIED => Some(Self::Stock),
            CustomerEvent::CREDIT_RESERVED | CustomerEvent::CREDIT_DENIED => Some(Self::Credit),
            _ => None,
        }
    }

    /// The service that gives it.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::Stock => product::CATEGORY,
            Self::Credit => customer::CATEGORY,
        }
    }
}

impl Story {
    #[must_use]
    pub fn new(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.position);
        let mut services = SERVICES.map(str::to_owned).to_vec();
        let mut lifelines = Vec::with_capacity(steps.len());
        for step in &steps {
            let known = services.iter().position(|service| *service == step.service);
            lifelines.push(known.unwrap_or(services.len()));
            if known.is_none() {
                services.push(step.service.clone());
            }
        }
        Self { steps, services, lifelines }
    }

    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The actor of the request that began it.
    #[must_use]
    pub fn requester(&self) -> &str {
        self.steps.first().map_or("", |step| step.actor.as_str())
    }

    /// The lifelines beside the requester's: the shop's own services, and every other one that recorded a step.
    #[must_use]
    pub fn services(&self) -> &[String] {
        &self.services
    }

    /// What the step of this index followed from.
    #[must_use]
    pub fn cause(&self, index: usize) -> Cause {
        let Some(step) = self.steps.get(index) else { return Cause::Request };
        match (step.cause, step.actor.strip_prefix("reactor:")) {
            (Some(cause), _) => {
                let found = self.steps.binary_search_by_key(&cause, |step| step.position);
                found.map_or(Cause::Elsewhere(cause), Cause::Step)
            }
            (None, Some(order::DEADLINE_REACTOR)) => Cause::Deadline,
            (None, Some(_)) => Cause::Itself,
            (None, None) => Cause::Request,
        }
    }

    /// The lifelines that the step of this index is drawn from and to, as indexes into [`services`](Self::services); from none if it
    /// comes from the requester.
    #[must_use]
    pub fn arrow(&self, index: usize) -> (Option<usize>, usize) {
        let lifeline = |index: usize| self.lifelines.get(index).copied();
        let to = lifeline(index).unwrap_or_default();
        let from = match self.cause(index) {
            Cause::Request => None,
            Cause::Step(cause) => lifeline(cause),
            Cause::Elsewhere(_) | Cause::Deadline | Cause::Itself => Some(to),
        };
        (from, to)
    }

    /// The first answer of that kind.
    #[must_use]
    pub fn answer(&self, answer: Answer) -> Option<&Step> {
        self.steps.iter().find(|step| Answer::of(&step.event) == Some(answer))
    }

    /// The steps that the step of this index followed from, in their order: its recorded cause; and where that was the answer that the
    /// order was still waiting for, the other answer too, since it took both. An answer that waited in an inbox is taken up after later
    /// ones.
    #[must_use]
    pub fn followed_from(&self, index: usize) -> Vec<usize> {
        let Cause::Step(cause) = self.cause(index) else { return Vec::new() };
        let event = |index: usize| self.steps.get(index).map_or("", |step| step.event.as_str());
        let decides = [OrderEvent::APPROVED, OrderEvent::FINALIZED, OrderEvent::DENIED]
            .contains(&event(index));
        let last = Answer::of(event(cause)).filter(|_| decides);
        let is_other = |index: &usize| {
            last.is_some() && Answer::of(event(*index)).is_some_and(|other| Some(other) != last)
        };
        let mut from: Vec<_> = (0..index).find(is_other).into_iter().chain([cause]).collect();
        from.sort_unstable();
        from
    }

    /// From the first step to the one of this index.
    #[must_use]
    pub fn after(&self, index: usize) -> Duration {
        match (self.steps.first(), self.steps.get(index)) {
            (Some(first), Some(step)) => step.at.since(first.at),
            _ => Duration::ZERO,
        }
    }

    /// How long a step took after the step that it followed from.
    #[must_use]
    pub fn took(&self, index: usize) -> Option<Duration> {
        let Cause::Step(cause) = self.cause(index) else { return None };
        Some(self.steps.get(index)?.at.since(self.steps.get(cause)?.at))
    }

    /// From the first step to the last.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.after(self.steps.len().saturating_sub(1))
    }
}
