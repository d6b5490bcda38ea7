//! The model itself: calls go to the generation that serves, the lease stays in the first place.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use kernel::{Position, sync};
use store::Balance;
use uuid::Uuid;

use super::{Relocatable, Served};
use crate::{
    ModelError, ReadModel, SetAside,
    model::{Generations, Lease, Shared, TakenUp},
};

#[async_trait]
impl<M: Relocatable> ReadModel for Served<M> {
    type Change = M::Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.current().await?.checkpoint().await
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[M::Change],
        to: Position,
    ) -> Result<(), ModelError> {
        self.current().await?.apply(from, changes, to).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.current().await?.set_aside(event).await
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, M::Change>,
        to: Position,
    ) -> Result<(), ModelError> {
        self.current().await?.take_up(from, up, to).await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.current().await?.aside().await
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.current().await?.built_from(first).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        // It may be wrong in the same way.
        self.refresh().await?;
        if let Some(other) = self.other() {
            self.drop_other(other.number).await?;
        }
        self.current().await?.reset().await
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.current().await?.dump().await
    }

    async fn dump_at(&self) -> Result<(Position, Vec<String>), ModelError> {
        self.current().await?.dump_at().await
    }

    fn engine(&self) -> &'static str {
        self.first.engine()
    }

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        self.current().await?.balances().await
    }

    fn keeps_order(&self) -> bool {
        self.first.keeps_order()
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }

    fn generations(&self) -> Option<&dyn Generations<M::Change>> {
        Some(self)
    }
}

#[async_trait]
impl<M: Relocatable> Shared for Served<M> {
    async fn lease(&self) -> Result<Option<Lease>, ModelError> {
        let lease = self.first.lease().await?;
        let term = self.term.load(Ordering::Relaxed);
        if lease.is_none_or(|lease| lease.term != term) {
            self.holds(false);
        }
        Ok(lease)
    }

    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        if next.beat == 0 {
            // Given back, whether or not that is answered.
            self.holds(false);
        }
        let ours = self.first.replace_lease(seen, next).await?;
        if ours && self.term.swap(next.term, Ordering::Relaxed) != next.term {
            let known = sync::read(&self.known);
            let beside = known.beside.as_ref().map(|(_, place)| place);
            for place in [&known.serving].into_iter().chain(beside) {
                place.begins_term(next.term);
            }
        }
        self.holds(ours && next.beat > 0);
        Ok(ours)
    }
}

impl<M> Served<M> {
    fn holds(&self, holds: bool) {
        if self.holds.swap(holds, Ordering::Relaxed) != holds {
            self.changes.send_modify(|count| *count += 1);
        }
    }
}
