//! The other generation as it is opened: of this log, or empty.

use kernel::Position;
use uuid::Uuid;

use super::{Pace, Taken, Work};
use crate::{Inbox, ModelError, ReadModel};

impl<'a, M: ReadModel + ?Sized> Work<'a, M> {
    /// The other generation, empty if it is not of this log.
    pub(super) async fn open(&self) -> Result<Taken<'a, M::Change>, ModelError> {
        let model = self.generations.open_other().await?;
        if let Some(database) = model.database() {
            database.recover()?;
        }
        let first = self.store.first().await;
        let is_foreign = match first {
            Some(first) => model.built_from(first).await? != first,
            None => false,
        };
        // Asked in this order, the log can only be further.
        let at = model.checkpoint().await?;
        let head = self.store.head().await;
        if is_foreign || at > head {
            // Where the one that serves does not belong to this log either, it is the log that is wrong: nothing is touched.
            self.serving_belongs_to(first).await?;
            model.reset().await?;
            if let Some(first) = first {
                model.built_from(first).await?;
            }
        }
        let entries = model.aside().await?;
        let inbox = Inbox::new(self.serving.name(), model.keeps_order(), entries);
        let pace = Pace::new(self.serving, model.checkpoint().await?);
        Ok(Taken { model, inbox, waiting: self.store.clone(), pace })
    }

    /// Fails unless the generation that serves was built from this log.
    async fn serving_belongs_to(&self, first: Option<Uuid>) -> Result<(), ModelError> {
        let at = self.model.checkpoint().await?;
        let head = self.store.head().await;
        let is_foreign = match first {
            Some(first) if at > Position::START => self.model.built_from(first).await? != first,
            _ => false,
        };
        if is_foreign || at > head {
            let wrong = "the event store has another log than the read models were built from";
            return Err(ModelError::Other(wrong.to_owned()));
        }
        Ok(())
    }
}
