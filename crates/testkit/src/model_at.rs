//! A read model that is as far as a test says.

use std::{pin::Pin, time::Duration};

use kernel::Position;
use runtime::Behind;
use tokio::sync::watch;
use web::Checkpoint;

/// The position of a read model, for a router without one. Clones are the same model.
#[derive(Clone, Debug)]
pub struct ModelAt(watch::Sender<Position>);

impl ModelAt {
    /// A model that holds everything up to `position`.
    #[must_use]
    pub fn new(position: Position) -> Self {
        Self(watch::Sender::new(position))
    }

    /// Moves it on, or back.
    pub fn set(&self, position: Position) {
        self.0.send_replace(position);
    }
}

impl Checkpoint for ModelAt {
    fn position(&self) -> Position {
        *self.0.borrow()
    }

    fn reach(
        &self,
        wanted: Position,
        timeout: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<(), Behind>> + Send>> {
        let mut positions = self.0.subscribe();
        Box::pin(async move {
            let passed = positions.wait_for(|at| *at >= wanted);
            if let Ok(Ok(_)) = tokio::time::timeout(timeout, passed).await {
                return Ok(());
            }
            Err(Behind { reached: *positions.borrow(), wanted })
        })
    }
}
