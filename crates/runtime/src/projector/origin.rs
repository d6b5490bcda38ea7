//! Whether a model and the log belong together: by the event that the log begins with, and by how far both go.

use std::sync::Arc;

use kernel::Position;
use uuid::Uuid;

use super::{Projection, RETRY_MAX, retry::Retry};
use crate::progress::MODEL;
use crate::{ModelError, ReadModel, SetAside};

impl<M: ReadModel + ?Sized> Projection<'_, M> {
    pub(super) async fn recognise_once_there_is_a_log(&self) {
        while self.progress.position() == Position::START {
            tokio::time::sleep(RETRY_MAX).await;
        }
        if let Some(first) = self.store.first().await {
            self.recognise(first).await;
        }
        std::future::pending::<()>().await;
    }

    /// Returns if the model is built from the log that begins with `first`, or from none yet. One of another system stops the process, and
    /// is left as it is.
    pub(super) async fn recognise(&self, first: Uuid) {
        let mut retry = Retry::of(MODEL);
        loop {
            match self.built_from(first).await {
                Ok(noted) if noted == first => return self.progress.recovered(MODEL),
                Ok(_another) => break,
                Err(error) => retry.after(&error, self.progress).await,
            }
        }
        let name = self.progress.name();
        self.tasks.fail(
            "read model",
            format_args!(
                "the read model of {name} was built from the log of another system, so it was left as it is. Choose another place in the \
                 setting SERVICE-model, or remove it if that system no longer needs it: then it is rebuilt from the log of this one"
            ),
        );
        std::future::pending::<()>().await;
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        if let Some(database) = self.model.database() {
            database.recover()?;
        }
        self.model.built_from(first).await
    }

    /// The generation that serves, if there are several, with its checkpoint and the entries of its inbox. A model that is ahead of the log
    /// stops the process and is left as it is: what is broadcast was synced before, so the log has lost events, or is not the one that the
    /// model was built from, and the model may be the last copy.
    pub(super) async fn opened(&self) -> Result<Opened<M::Change>, ModelError> {
        if let Some(database) = self.model.database() {
            database.recover()?;
        }
        let generation = match self.model.generations() {
            Some(generations) => Some(generations.open_serving().await?),
            None => None,
        };
        let (checkpoint, entries) = match &generation {
            Some(model) => noted(&**model).await?,
            None => noted(self.model).await?,
        };
        // Asked in this order, the log can only be further.
        let head = self.store.head().await;
        if checkpoint <= head {
            return Ok((generation, checkpoint, entries));
        }
        let name = self.progress.name();
        self.tasks.fail(
            "read model",
            format_args!(
                "{name} has seen events up to position {checkpoint}, but the log ends at {head}: the log is missing, has lost events or \
                 belongs to another system. Nothing was changed. Put the whole log back; if it is lost, restore a backup of it, or give up \
                 what is missing by starting once with --accept-shorter-log"
            ),
        );
        std::future::pending().await
    }
}

/// A generation, its checkpoint, and the entries of its inbox.
type Opened<C> = (Option<Arc<dyn ReadModel<Change = C>>>, Position, Vec<SetAside>);

/// The checkpoint and the entries of the inbox, which change with it only.
async fn noted<R: ReadModel + ?Sized>(model: &R) -> Result<(Position, Vec<SetAside>), ModelError> {
    loop {
        let before = model.checkpoint().await?;
        let entries = model.aside().await?;
        if model.checkpoint().await? == before {
            return Ok((before, entries));
        }
    }
}
