//! Outgoing messages, which are dropped without a connection.

use std::pin::Pin;

use tokio::sync::mpsc;

use super::shared::{Broadcast, Question, Shared, count};

/// What waits to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) broadcasts: mpsc::Receiver<Broadcast>,
    pub(super) questions: mpsc::Receiver<Question>,
}

impl Outgoing {
    /// Does `work` and drops outgoing messages meanwhile; nothing if it is to stop, or the last handle is dropped.
    pub(super) async fn meanwhile<S: Future<Output = ()>, T>(
        &mut self,
        shared: &Shared,
        stop: Pin<&mut S>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            () = stop => None,
            () = self.discard(shared) => None,
            done = work => Some(done),
        }
    }

    /// Drops outgoing messages until the last handle of the transport is dropped.
    async fn discard(&mut self, shared: &Shared) {
        loop {
            tokio::select! {
                biased;
                broadcast = self.broadcasts.recv() => {
                    let Some(_dropped) = broadcast else { return };
                    count(&shared.counts.broadcasts_dropped);
                }
                question = self.questions.recv() => {
                    let Some(question) = question else { return };
                    shared.pending.answer(question.number, Err(store::NoReply::Lost));
                }
            }
        }
    }
}
