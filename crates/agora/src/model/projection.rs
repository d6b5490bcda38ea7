//! What fills the tables of a read model: a closure that says what each event changes.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Event, Position, Recorded};
use runtime::{
    ModelError, ReadModel, SetAside, Shared, Unfit,
    model::{Compared, Comparison, Generations, Other, TakenUp},
    sqlite::Database,
};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use super::{Changes, Engine};
use crate::Happened;

/// What a projection does about an event.
type Apply<E> = dyn Fn(&Happened<E>, &mut Changes) + Send + Sync;

/// A read model that events of the family `E` change.
type Filled<E> = Arc<dyn ReadModel<Change = Happened<E>>>;

/// Tables with what fills them.
pub(crate) struct Projection<E> {
    engine: Engine,
    apply: Arc<Apply<E>>,
}

impl<E: Event> Projection<E> {
    pub(crate) fn new(
        engine: Engine,
        apply: impl Fn(&Happened<E>, &mut Changes) + Send + Sync + 'static,
    ) -> Self {
        Self { engine, apply: Arc::new(apply) }
    }

    /// Other tables, filled in the same way.
    fn filling(&self, engine: Engine) -> Filled<E> {
        Arc::new(Self { engine, apply: Arc::clone(&self.apply) })
    }

    fn changes(&self, happened: &[Happened<E>]) -> Changes {
        let mut changes = Changes::default();
        for happened in happened {
            (self.apply)(happened, &mut changes);
        }
        changes
    }

    /// The generations of the engine; only asked for where it has them.
    fn kept(&self) -> &dyn Generations<Changes> {
        self.engine.generations().expect("this engine keeps generations")
    }
}

/// What an event of the family is to a projection; anything else changes nothing.
pub(crate) fn project<E: Event>(recorded: &Recorded) -> Result<Option<Happened<E>>, Unfit> {
    Happened::of(recorded)
}

#[async_trait]
impl<E: Event> ReadModel for Projection<E> {
    type Change = Happened<E>;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.engine.checkpoint().await
    }

    async fn apply(
        &self,
        from: Position,
        happened: &[Happened<E>],
        to: Position,
    ) -> Result<(), ModelError> {
        self.engine.apply(from, &[self.changes(happened)], to).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.engine.set_aside(event).await
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Happened<E>>,
        to: Position,
    ) -> Result<(), ModelError> {
        let changes = [self.changes(up.changes)];
        let up = TakenUp { entry: up.entry, changes: &changes, again: up.again };
        self.engine.take_up(from, up, to).await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.engine.aside().await
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.engine.built_from(first).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.engine.reset().await
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.engine.dump().await
    }

    fn engine(&self) -> &'static str {
        self.engine.engine()
    }

    fn shared(&self) -> Option<&dyn Shared> {
        self.engine.shared()
    }

    fn database(&self) -> Option<Database> {
        self.engine.database()
    }

    fn generations(&self) -> Option<&dyn Generations<Happened<E>>> {
        self.engine.generations().map(|_| self as &dyn Generations<Happened<E>>)
    }
}

/// Those of the engine, each with what fills it.
#[async_trait]
impl<E: Event> Generations<Happened<E>> for Projection<E> {
    fn turn(&self) -> &Mutex<()> {
        self.kept().turn()
    }

    fn serving(&self) -> watch::Receiver<u32> {
        self.kept().serving()
    }

    async fn open_serving(&self) -> Result<Filled<E>, ModelError> {
        Ok(self.filling(self.kept().open_serving().await?))
    }

    fn other(&self) -> Option<Other> {
        self.kept().other()
    }

    fn is_outdated(&self) -> Result<bool, ModelError> {
        self.kept().is_outdated()
    }

    async fn begin(&self) -> Result<(), ModelError> {
        self.kept().begin().await
    }

    async fn open_other(&self) -> Result<Filled<E>, ModelError> {
        Ok(self.filling(self.kept().open_other().await?))
    }

    async fn compare(&self) -> Result<Box<dyn Comparison>, ModelError> {
        self.kept().compare().await
    }

    async fn warm(&self) -> Result<(), ModelError> {
        self.kept().warm().await
    }

    async fn switch(&self, number: u32) -> Result<(), ModelError> {
        self.kept().switch(number).await
    }

    async fn drop_other(&self, number: u32) -> Result<(), ModelError> {
        self.kept().drop_other(number).await
    }

    fn is_shared(&self) -> bool {
        self.kept().is_shared()
    }

    fn is_looked_after_here(&self) -> bool {
        self.kept().is_looked_after_here()
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.kept().changes()
    }

    async fn refresh(&self) -> Result<(), ModelError> {
        self.kept().refresh().await
    }

    fn wished(&self) -> Option<u32> {
        self.kept().wished()
    }

    async fn wish(&self, number: u32) -> Result<(), ModelError> {
        self.kept().wish(number).await
    }

    fn compared(&self) -> Option<Compared> {
        self.kept().compared()
    }

    async fn note(&self, number: u32, compared: &Compared) -> Result<(), ModelError> {
        self.kept().note(number, compared).await
    }
}
