//! The generations of an embedded model: a database each, beside the first one.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::sync;
use tokio::sync::{Mutex, watch};

use super::{
    Database, Embedded, Location, Tables,
    compare::Rows,
    embedded::Decided,
    generation::Generation,
    record::{Record, remove},
};
use crate::{
    ModelError, ReadModel,
    model::{Compared, Comparison, Generations, Other, Purpose},
};

#[async_trait]
impl<T: Tables> Generations<T::Change> for Embedded<T> {
    fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    fn serving(&self) -> watch::Receiver<u32> {
        self.number.subscribe()
    }

    async fn open_serving(&self) -> Result<Arc<dyn ReadModel<Change = T::Change>>, ModelError> {
        Ok(Self::serving(self))
    }

    fn other(&self) -> Option<Other> {
        sync::lock(&self.record).other
    }

    fn is_outdated(&self) -> Result<bool, ModelError> {
        Ok(self.serving().database.shape()? != self.schema.shape())
    }

    async fn begin(&self) -> Result<(), ModelError> {
        let mut record = sync::lock(&self.record);
        if record.other.is_some() {
            return Err(ModelError::Other("another generation already exists".to_owned()));
        }
        let number = record.next(&self.location);
        let other = Some(Other { number, purpose: Purpose::Building });
        self.replace(&mut record, |record| Record { other, last: number, ..record })
    }

    async fn open_other(&self) -> Result<Arc<dyn ReadModel<Change = T::Change>>, ModelError> {
        Ok(self.beside()?)
    }

    async fn compare(&self) -> Result<Box<dyn Comparison>, ModelError> {
        let (serving, beside) = (self.serving(), self.beside()?);
        let is_same = serving.database.shape()? == beside.database.shape()?;
        let mut rows = Rows::of::<T>(&serving.database, &beside.database, is_same)?;
        if matches!(self.location, Location::Memory(_)) {
            // A database in memory has no snapshots, so both are compared before anything else is written.
            rows.finish()?;
        }
        Ok(Box::new(rows))
    }

    async fn warm(&self) -> Result<(), ModelError> {
        let beside = self.beside()?;
        beside.database.index(beside.tables.indexes())?;
        beside.database.read(|connection| beside.tables.warm(connection))
    }

    async fn switch(&self, number: u32) -> Result<(), ModelError> {
        if Self::serving(self).number == number {
            return Ok(());
        }
        let (serving, beside) = (self.serving(), self.beside()?);
        let mut record = sync::lock(&self.record);
        let other = Some(Other { number: serving.number, purpose: Purpose::Kept });
        let current = beside.number;
        self.replace(&mut record, |record| Record { current, other, ..record })?;
        beside.tables.take_over(&serving.tables);
        *sync::write(&self.serving) = beside;
        *sync::lock(&self.beside) = Some(serving);
        self.number.send_replace(current);
        Ok(())
    }

    async fn drop_other(&self, _number: u32) -> Result<(), ModelError> {
        // Only this process changes which ones there are.
        let mut record = sync::lock(&self.record);
        let Some(other) = record.other else { return Ok(()) };
        self.replace(&mut record, |record| Record { other: None, ..record })?;
        *sync::lock(&self.beside) = None;
        remove(&self.location.generation(other.number));
        Ok(())
    }

    fn wished(&self) -> Option<u32> {
        sync::lock(&self.decided).wished
    }

    async fn wish(&self, number: u32) -> Result<(), ModelError> {
        sync::lock(&self.decided).wished = Some(number);
        Ok(())
    }

    fn compared(&self) -> Option<Compared> {
        let other = self.other()?;
        let decided = sync::lock(&self.decided);
        let known = decided.compared.as_ref().filter(|(number, _)| *number == other.number);
        known.map(|(_, compared)| compared.clone())
    }

    async fn note(&self, number: u32, compared: &Compared) -> Result<(), ModelError> {
        sync::lock(&self.decided).compared = Some((number, compared.clone()));
        Ok(())
    }
}

impl<T: Tables> Embedded<T> {
    fn replace(
        &self,
        record: &mut Record,
        next: impl FnOnce(Record) -> Record,
    ) -> Result<(), ModelError> {
        let next = next(*record);
        next.write(&self.location)?;
        *record = next;
        // Nothing that was wished or known is about the generations that there are now.
        *sync::lock(&self.decided) = Decided::default();
        Ok(())
    }

    /// The generation beside the one that serves.
    fn beside(&self) -> Result<Arc<Generation<T>>, ModelError> {
        let record = *sync::lock(&self.record);
        let Some(Other { number, purpose }) = record.other else {
            return Err(ModelError::Other("no other generation is kept or being built".to_owned()));
        };
        let mut beside = sync::lock(&self.beside);
        if let Some(open) = beside.as_ref().filter(|open| open.number == number) {
            return Ok(Arc::clone(open));
        }
        let serving = self.serving();
        let tables = serving.tables.another();
        let serves = match purpose {
            // What is built has the newest schema.
            Purpose::Building => Vec::new(),
            Purpose::Kept => self.serves.clone(),
        };
        let location = self.location.generation(number);
        let database = Database::open_serving(location, self.schema, serves)?;
        if purpose == Purpose::Kept {
            database.index(tables.indexes())?;
        }
        let scans = serving.scans.clone();
        let open = Arc::new(Generation { number, tables, database, scans });
        *beside = Some(Arc::clone(&open));
        Ok(open)
    }
}
