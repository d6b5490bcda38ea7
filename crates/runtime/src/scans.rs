//! Runs queries that may take long: a few at once beside short requests, a bounded number waiting, the rest refused.
//!
//! ```text
//!  query ─▶ waiting (bounded, for a bounded time) ─▶ a few threads ─▶ result
//!              └─▶ busy: refused at once, or when its time is up
//! ```
//! Every read model has its own, so that long queries of one service do not delay those of another.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, TryAcquireError};

use crate::{ModelError, Tasks};

/// Queries that run at once: they leave room on the smallest machine for the requests beside them.
const AT_ONCE: usize = 2;
/// Queries waiting for their turn: half a second's worth of ordinary ones.
const WAITING_MAX: usize = 128;
/// The longest wait: a client that waits longer has given up, or should.
const PATIENCE: Duration = Duration::from_secs(2);

/// The long queries of one read model. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scans {
    tasks: Tasks,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Scans {
    /// No query runs yet; they run on threads of `tasks`.
    #[must_use]
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING_MAX)),
        }
    }

    /// Runs `query` when it is its turn; [`ModelError::Busy`] if too many wait already, or it does not come within 2 s.
    pub async fn run<T, E>(
        &self,
        query: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, ModelError>
    where
        T: Send + 'static,
        E: Send + 'static,
        ModelError: From<E>,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(refused)?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await.map_err(|_| ModelError::Busy)?;
        // The query holds its turn until it has ended, also when its client has gone.
        let work = move || {
            let _held = (place, turn);
            query()
        };
        Ok(self.tasks.blocking(work).await?)
    }

    /// Runs a query of the service's own, of which there are only a few: it does not wait for those of clients.
    pub async fn own<T, E>(
        &self,
        query: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, ModelError>
    where
        T: Send + 'static,
        E: Send + 'static,
        ModelError: From<E>,
    {
        Ok(self.tasks.blocking(query).await?)
    }
}

fn refused(_no_place: TryAcquireError) -> ModelError {
    ModelError::Busy
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Queries that run until the sender is dropped.
    fn held(scans: &Scans, count: usize) -> (mpsc::Sender<()>, Vec<tokio::task::JoinHandle<bool>>) {
        let (sender, receiver) = mpsc::channel::<()>();
        let receiver = Arc::new(std::sync::Mutex::new(receiver));
        let begun = (0..count).map(|_| {
            let (scans, receiver) = (scans.clone(), Arc::clone(&receiver));
            #[expect(clippy::disallowed_methods, reason = "a test's own clients")]
            tokio::spawn(async move {
                let query = move || {
                    let receiver = receiver.lock().expect("no thread panicked");
                    let _dropped = receiver.recv();
                    Ok::<_, ModelError>(())
                };
                scans.run(query).await.is_ok()
            })
        });
        let begun = begun.collect();
        (sender, begun)
    }

    #[tokio::test]
    async fn what_is_too_much_is_refused_and_the_rest_is_done() {
        let scans = Scans::new(Tasks::new());
        let (sender, begun) = held(&scans, AT_ONCE + WAITING_MAX);
        while scans.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = scans.run(|| Ok::<_, ModelError>(())).await;
        assert!(matches!(refused, Err(ModelError::Busy)), "{refused:?}");
        scans.own(|| Ok::<_, ModelError>(())).await.expect("the service's own goes on");
        drop(sender);
        for query in begun {
            assert!(query.await.expect("no panic"), "those who waited had their turn");
        }
        scans.run(|| Ok::<_, ModelError>(())).await.expect("there is room again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends() {
        let scans = Scans::new(Tasks::new());
        let _both = scans.turns.acquire_many(2).await.expect("they are there");
        let refused = scans.run(|| Ok::<_, ModelError>(())).await;
        assert!(matches!(refused, Err(ModelError::Busy)), "{refused:?}");
        assert_eq!(scans.places.available_permits(), AT_ONCE + WAITING_MAX, "its place is free");
    }
}
