//! The generations, as the task that maintains them knows them.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use kernel::sync;
use tokio::sync::{Mutex, watch};

use super::{
    Relocatable, Served,
    digest::Digests,
    record::{Record, no_other},
};
use crate::{
    ModelError, ReadModel,
    model::{Compared, Comparison, Generations, Other},
};

impl<M: Relocatable> Served<M> {
    /// The generation beside the one that serves.
    fn beside(&self) -> Result<Arc<M>, ModelError> {
        let known = sync::read(&self.known);
        known.beside.as_ref().map(|(_, place)| Arc::clone(place)).ok_or_else(no_other)
    }
}

#[async_trait]
impl<M: Relocatable> Generations<M::Change> for Served<M> {
    fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    fn serving(&self) -> watch::Receiver<u32> {
        self.number.subscribe()
    }

    async fn open_serving(&self) -> Result<Arc<dyn ReadModel<Change = M::Change>>, ModelError> {
        Ok(self.current().await?)
    }

    fn other(&self) -> Option<Other> {
        sync::read(&self.known).record.other
    }

    fn is_outdated(&self) -> Result<bool, ModelError> {
        // A start with another layout empties the model and builds it again before it serves.
        Ok(false)
    }

    async fn begin(&self) -> Result<(), ModelError> {
        self.update(Record::begun).await
    }

    async fn open_other(&self) -> Result<Arc<dyn ReadModel<Change = M::Change>>, ModelError> {
        Ok(self.beside()?)
    }

    async fn compare(&self) -> Result<Box<dyn Comparison>, ModelError> {
        let serving = Arc::clone(&sync::read(&self.known).serving);
        Ok(Box::new(Digests::of(serving, self.beside()?).await?))
    }

    async fn warm(&self) -> Result<(), ModelError> {
        Ok(())
    }

    async fn switch(&self, number: u32) -> Result<(), ModelError> {
        self.update(|record| record.switched(number)).await
    }

    async fn drop_other(&self, number: u32) -> Result<(), ModelError> {
        self.update(|record| record.alone(number)).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn is_looked_after_here(&self) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        Some(self.changes.subscribe())
    }

    async fn refresh(&self) -> Result<(), ModelError> {
        self.refreshed().await
    }

    fn wished(&self) -> Option<u32> {
        sync::read(&self.known).record.wished
    }

    async fn wish(&self, number: u32) -> Result<(), ModelError> {
        self.update(|record| Ok(Record { wished: Some(number), ..record.clone() })).await
    }

    fn compared(&self) -> Option<Compared> {
        sync::read(&self.known).record.compared.clone()
    }

    async fn note(&self, number: u32, compared: &Compared) -> Result<(), ModelError> {
        let note = |record: &Record| {
            let mut record = record.clone();
            if record.other.is_some_and(|other| other.number == number) {
                record.compared = Some(compared.clone());
            }
            Ok(record)
        };
        self.update(note).await
    }
}
