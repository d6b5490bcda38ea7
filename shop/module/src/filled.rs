//! A read model of any service together with its projection: what rebuilding and comparing need.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Position, Recorded};
use runtime::{
    Inbox, ModelError, ReadModel, SetAside,
    inbox::InMemory,
    model::{Project, Taking},
    sqlite::{Database, RowChange},
};
use tokio::sync::Mutex;

/// A model of any service, with its projection.
#[async_trait]
pub trait Filled: Send + Sync {
    /// Takes the model, which was empty before, on to `to` by the events since its checkpoint.
    async fn take(&self, events: &[Arc<Recorded>], to: Position) -> Result<(), ModelError>;
    /// The position up to which the model holds everything.
    async fn checkpoint(&self) -> Result<Position, ModelError>;
    /// Empties it.
    async fn reset(&self) -> Result<(), ModelError>;
    /// Everything in the model as lines of text in a fixed order.
    async fn dump(&self) -> Result<Vec<String>, ModelError>;
    /// The events that the model could not take.
    async fn aside(&self) -> Result<Vec<SetAside>, ModelError>;
    /// Damaged, if its file is not a whole database.
    fn is_whole(&self) -> Result<(), ModelError>;
    /// From now on, notes which rows change; only in an embedded database.
    fn note_changes(&self) -> Result<(), ModelError>;
    /// The rows that changed since the last call.
    fn noted(&self) -> Result<Vec<RowChange>, ModelError>;
}

/// The model of a service, which is filled by `project`.
pub fn filled<M: ReadModel + ?Sized>(
    service: &'static str,
    model: Arc<M>,
    project: Project<M::Change>,
) -> Box<dyn Filled> {
    let subscriber = web::projector_of(service);
    let inbox =
        Mutex::new((Inbox::new(&subscriber, model.keeps_order(), Vec::new()), InMemory::default()));
    Box::new(Fill { model, project, inbox })
}

struct Fill<M: ReadModel + ?Sized> {
    model: Arc<M>,
    project: Project<M::Change>,
    inbox: Mutex<(Inbox, InMemory)>,
}

#[async_trait]
impl<M: ReadModel + ?Sized> Filled for Fill<M> {
    async fn take(&self, events: &[Arc<Recorded>], to: Position) -> Result<(), ModelError> {
        let from = self.model.checkpoint().await?;
        let (inbox, waiting) = &mut *self.inbox.lock().await;
        let (model, project) = (&*self.model, self.project);
        let taken = Taking { model, project, inbox, waiting }.take(events, from, to).await?;
        taken.newer.map_or(Ok(()), |newer| Err(ModelError::Other(newer.explained())))
    }

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.model.checkpoint().await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.model.reset().await
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.model.dump().await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.model.aside().await
    }

    fn is_whole(&self) -> Result<(), ModelError> {
        self.model.database().map_or(Ok(()), |database| database.look_through())
    }

    fn note_changes(&self) -> Result<(), ModelError> {
        self.database()?.note_changes()
    }

    fn noted(&self) -> Result<Vec<RowChange>, ModelError> {
        self.database()?.noted()
    }
}

impl<M: ReadModel + ?Sized> Fill<M> {
    fn database(&self) -> Result<Database, ModelError> {
        let other = || ModelError::Other("changes are noted in embedded databases only".to_owned());
        self.model.database().ok_or_else(other)
    }
}
