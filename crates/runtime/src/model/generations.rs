//! Generations of a read model: the one that serves, and at most one other beside it.
//!
//! ```text
//!              begin                at the same position, equal: switch
//!  one alone ────────▶ one building ─────────────────────────────────▶ the new one serves, the old one is kept
//!      ▲                    │ drop                                         │        ▲ │
//!      └────────────────────┴──────────────────────────────────────────────┘ drop   └─┘ switch: back, and forth
//! ```
//!
//! Which ones there are is one small record, replaced as a whole. So a crash leaves either what was before a step or what is after it.
//! Both generations are taken through the log, so each can serve at any moment, and after a switch neither has missed an event.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

use super::ReadModel;
use crate::ModelError;

/// A generation beside the one that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Other {
    /// Numbers count up; none is used twice.
    pub number: u32,
    /// Why it is there.
    pub purpose: Purpose,
}

/// Why a generation is kept beside the one that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// It is built, to serve once it is known to be as good.
    Building,
    /// It served before, and can again.
    Kept,
}

/// A model that can be built again beside itself.
#[async_trait]
pub trait Generations<C>: Send + Sync {
    /// Held while either generation is changed, where the other must not change meanwhile: to project into the one that serves,
    /// to compare, to switch.
    fn turn(&self) -> &Mutex<()>;

    /// The number of the generation that serves; the receiver hears of every switch.
    fn serving(&self) -> watch::Receiver<u32>;

    /// The generation that serves, to be projected into as long as it does.
    async fn open_serving(&self) -> Result<Arc<dyn ReadModel<Change = C>>, ModelError>;

    /// The generation beside it.
    fn other(&self) -> Option<Other>;

    /// Whether the one that serves has an older schema than this program gives a new one.
    fn is_outdated(&self) -> Result<bool, ModelError>;

    /// Begins another generation, empty. There must be none beside the one that serves.
    async fn begin(&self) -> Result<(), ModelError>;

    /// The other generation, to be taken through the log.
    async fn open_other(&self) -> Result<Arc<dyn ReadModel<Change = C>>, ModelError>;

    /// A comparison of both as they are now. Called with the turn, when both are at the same position; it continues without the turn.
    async fn compare(&self) -> Result<Box<dyn Comparison>, ModelError>;

    /// Prepares the other generation for its readers, while it does not serve yet.
    async fn warm(&self) -> Result<(), ModelError>;

    /// Has the other generation, `number`, serve from now on, and keeps the one that did. Called with the turn, when both are at the same
    /// position. Nothing happens if it serves already; an error if it is not there.
    async fn switch(&self, number: u32) -> Result<(), ModelError>;

    /// Removes the other generation, `number`. Nothing happens if there is none; an error if another one is there.
    async fn drop_other(&self, number: u32) -> Result<(), ModelError>;

    /// Whether they are those of all instances. Then one of them looks after them, and the others follow the record.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether it is this instance that builds, compares and switches.
    fn is_looked_after_here(&self) -> bool {
        true
    }

    /// Hears of what other instances changed, and of who looks after the generations; none if there are no others.
    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    /// Learns what other instances changed.
    async fn refresh(&self) -> Result<(), ModelError> {
        Ok(())
    }

    /// The generation that is to serve, as was wished of any instance.
    fn wished(&self) -> Option<u32> {
        None
    }

    /// Notes that a generation is to serve, for the instance that looks after them.
    async fn wish(&self, number: u32) -> Result<(), ModelError>;

    /// The outcome of comparing the other generation.
    fn compared(&self) -> Option<Compared>;

    /// Notes the outcome of comparing the other generation, if it is still this one.
    async fn note(&self, number: u32, compared: &Compared) -> Result<(), ModelError>;
}

/// A comparison of two generations, in small steps.
#[async_trait]
pub trait Comparison: Send {
    /// Takes a step; the result, once there is one.
    async fn step(&mut self) -> Result<Option<Compared>, ModelError>;
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "PascalCase")]
pub enum Compared {
    /// Every row is the same, by a hash over all of them.
    Equal {
        /// In each of them.
        rows: u64,
    },
    /// The schemas differ, so the rows of the tables that both have were counted, and the sums taken: they agree.
    Agree {
        /// In the tables that both have.
        rows: u64,
    },
    /// Some rows are different: which ones, in words.
    Differ(String),
    /// The schemas differ, and so do the counts or the sums: which ones, in words.
    Disagree(String),
}
