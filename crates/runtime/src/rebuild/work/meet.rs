//! Both generations at one position.

use store::Read;
use tokio::sync::MutexGuard;

use super::{RETRY, Taken, Work};
use crate::{ModelError, ReadModel};

/// Events that the other generation may be behind when it is brought to the position of the one that serves, which waits meanwhile.
const BEHIND_MAX: u64 = 1000;

impl<M: ReadModel + ?Sized> Work<'_, M> {
    /// Brings the other generation to the position of the one that serves, which waits while the turn is held. None if it is too far
    /// behind for that.
    pub(super) async fn meet(
        &self,
        taken: &mut Taken<'_, M::Change>,
    ) -> Result<Option<MutexGuard<'_, ()>>, ModelError> {
        loop {
            let mut at = taken.model.checkpoint().await?;
            // The sender is here.
            drop(self.serving.watch().wait_for(|position| *position >= at).await);
            let turn = self.generations.turn().lock().await;
            let to = self.model.checkpoint().await?;
            if to < at {
                // It was emptied.
                drop(turn);
                tokio::time::sleep(RETRY).await;
                continue;
            }
            if to.0 - at.0 > BEHIND_MAX {
                return Ok(None);
            }
            while at < to {
                let read = Read::All { from: at.next(), categories: Vec::new() };
                let mut events = self.store.read(read).await.events;
                events.retain(|event| event.position <= to);
                let Some(last) = events.last().map(|event| event.position) else {
                    return Ok(None);
                };
                if self.take(taken, &events, at, last).await?.is_some() {
                    return Ok(None);
                }
                at = last;
            }
            return Ok(Some(turn));
        }
    }
}
