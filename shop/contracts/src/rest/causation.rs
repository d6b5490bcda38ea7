//! Why an event happened: what led to it, what followed from it, and how to say so.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::RecordedEvent;
use crate::order;

/// An event with what led to it and what followed from it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Causation {
    pub event: RecordedEvent,
    /// What led to it: each event is the `Cause` of the next one. Before one without a `Cause` that a service recorded by itself, as at a
    /// deadline, is the event that began the request in the same stream.
    pub causes: Vec<RecordedEvent>,
    /// Everything that followed from it, directly or not, in the order of the log.
    pub followed: Vec<RecordedEvent>,
    /// Other events of the same correlation that react to none.
    pub same_request: Vec<RecordedEvent>,
    /// Whether more events belong here than are listed.
    pub more: bool,
    /// What was recorded after this position may be missing in `Followed`.
    pub indexed_to: u64,
}

/// Why an event of a [`Causation`] happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// It reacts to the event at this position.
    Reaction { to: u64, by: String, after: Option<Duration> },
    /// Its service did it by itself, for the request that the event at this position began.
    Itself { of: Option<u64>, by: String, after: Option<Duration> },
    /// Someone asked for it.
    Asked { by: String },
}

impl Causation {
    /// All of its events that hang together, in the order of the log: what led to the event, the event, and what followed.
    pub fn story(&self) -> impl Iterator<Item = &RecordedEvent> {
        self.causes.iter().chain([&self.event]).chain(&self.followed)
    }

    /// Why one of its events happened.
    #[must_use]
    pub fn because(&self, event: &RecordedEvent) -> Because {
        let at = |position: u64| self.story().find(|other| other.position == position);
        let since = |first: Option<&RecordedEvent>| first.map(|first| event.time.since(first.time));
        if let Some((to, by)) = event.cause.zip(event.reactor.clone()) {
            return Because::Reaction { to, by, after: since(at(to)) };
        }
        match event.actor.strip_prefix(REACTOR) {
            Some(by) => {
                let first = self.story().find(|first| {
                    first.stream == event.stream
                        && first.correlation == event.correlation
                        && first.position < event.position
                });
                let of = first.map(|first| first.position);
                Because::Itself { of, by: by.to_owned(), after: since(first) }
            }
            None => Because::Asked { by: event.actor.clone() },
        }
    }
}

/// What the name of an actor begins with that is a part of the shop.
const REACTOR: &str = "reactor:";

impl Because {
    /// The position of the event that it is drawn from, if there is one.
    #[must_use]
    pub fn from(&self) -> Option<u64> {
        match self {
            Self::Reaction { to, .. } => Some(*to),
            Self::Itself { of, .. } => *of,
            Self::Asked { .. } => None,
        }
    }

    /// In words, such as `1.4 ms after 805, by customer`; `took` says how long something takes, `name` who an actor is.
    pub fn words(
        &self,
        took: impl Fn(Duration) -> String,
        name: impl Fn(&str) -> String,
    ) -> String {
        let after = |after: &Option<Duration>, position: u64| match after {
            Some(after) => format!("{} after {position}", took(*after)),
            None => format!("after {position}"),
        };
        match self {
            Self::Reaction { to, by, after: time } => format!("{}, by {by}", after(time, *to)),
            Self::Itself { of: Some(of), by, after: time } if by == order::DEADLINE_REACTOR => {
                format!("deadline, {}", after(time, *of))
            }
            Self::Itself { of: Some(of), by, after: time } => {
                format!("{}, by {by} itself", after(time, *of))
            }
            Self::Itself { of: None, by, .. } => format!("by {by} itself"),
            Self::Asked { by } => format!("requested by {}", name(by)),
        }
    }
}
