//! Steps through a projection: one event after the other, each with the rows that it changes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::tz::TimeZone;
use kernel::Recorded;
use runtime::{
    ModelError,
    sqlite::{Location, RowChange},
};

use crate::{Filled, ModelPlace, Module, StartError};

/// Databases in memory are distinguished by their names.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// A service's projection, step by step, into a database of its own in memory.
pub struct Steps {
    model: Box<dyn Filled>,
    is_noting: bool,
}

/// The outcome of an event.
#[derive(Clone, Debug)]
pub struct Step {
    /// The rows that it changed.
    pub rows: Vec<RowChange>,
    /// Why it was set aside, or waits, if it does.
    pub aside: Option<String>,
}

impl Steps {
    /// Before the first event; years and months begin in `zone`.
    pub async fn of(module: &Module, zone: &TimeZone) -> Result<Self, StartError> {
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let location = Location::Memory(format!("steps-{number}-{}", module.name));
        let model = (module.open_model)(ModelPlace::Embedded(location), zone).await?;
        Ok(Self { model, is_noting: false })
    }

    /// Applies events, in order, without noting what they change.
    pub async fn skip(&mut self, events: &[Arc<Recorded>]) -> Result<(), ModelError> {
        let Some(last) = events.last() else { return Ok(()) };
        self.model.take(events, last.position).await?;
        if self.is_noting {
            self.model.noted()?;
        }
        Ok(())
    }

    /// Takes the next event.
    pub async fn step(&mut self, event: &Arc<Recorded>) -> Result<Step, ModelError> {
        if !std::mem::replace(&mut self.is_noting, true) {
            self.model.note_changes()?;
        }
        self.model.take(std::slice::from_ref(event), event.position).await?;
        Ok(Step { rows: self.model.noted()?, aside: self.aside(event).await? })
    }

    async fn aside(&self, event: &Recorded) -> Result<Option<String>, ModelError> {
        let entries = self.model.aside().await?;
        let entry = entries.into_iter().find(|entry| entry.stream == event.stream);
        Ok(entry.map(|entry| match entry.position {
            at if at == event.position => entry.reason,
            at => format!("it waits behind event {at}, which was set aside"),
        }))
    }
}
