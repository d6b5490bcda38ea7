//! Leader election for a shared model: a term taken by compare-and-swap, kept alive by heartbeats, lost when they stop.
//!
//! No clocks are compared: each instance measures by its own how long it has seen the same beat. The lease only keeps instances
//! from competing; the checkpoint ensures that nothing is projected twice.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

use super::{becomes, retry::Retry};
use crate::progress::LEASE;
use crate::{ModelError, Progress, model::Lease, model::Shared};

/// The time between two beats, and between two checks of another instance's beat.
const BEAT: Duration = Duration::from_millis(500);
/// A lease whose beat has not changed for this long is expired. With the time to notice it, failover takes up to 5 s.
const PATIENCE: Duration = Duration::from_millis(3500);
/// How long giving back the lease may hold up a shutdown.
const RELEASE: Duration = Duration::from_secs(1);

/// One instance's side of the lease.
pub(super) struct Keeper<'a> {
    shared: &'a dyn Shared,
    /// The lease as last seen, and since when it is the same.
    seen: Option<(Option<Lease>, Instant)>,
    /// The last beat of our own term that was confirmed.
    mine: Option<Lease>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(shared: &'a dyn Shared) -> Self {
        Self { shared, seen: None, mine: None }
    }

    /// Tries to take the lease and keeps it while it is `wanted`, and never returns; `held` says whether it is ours.
    pub(super) async fn keep(
        &mut self,
        held: &watch::Sender<bool>,
        mut wanted: watch::Receiver<bool>,
        progress: &Progress,
    ) {
        let mut retry = Retry::of(LEASE);
        let tell = |ours: bool| held.send_if_modified(|held| std::mem::replace(held, ours) != ours);
        loop {
            if !*wanted.borrow_and_update() {
                tell(false);
                self.release().await;
                becomes(&mut wanted, true).await;
            }
            match self.step().await {
                Ok(ours) => {
                    tell(ours);
                    progress.recovered(LEASE);
                    retry = Retry::of(LEASE);
                    tokio::time::sleep(BEAT).await;
                }
                // While the server cannot be reached, no other instance takes the lease either.
                Err(error) => retry.after(&error, progress).await,
            }
        }
    }

    /// Gives the lease back, so that the next one need not wait.
    pub(super) async fn release(&mut self) {
        let Some(mine) = self.mine.take() else { return };
        let free = Lease { beat: 0, ..mine };
        let given_back = self.shared.replace_lease(Some(mine), free);
        // If it cannot be given back it runs out.
        drop(tokio::time::timeout(RELEASE, given_back).await);
    }

    /// Beats once if the lease is ours, takes it if it is expired; returns whether it is ours.
    async fn step(&mut self) -> Result<bool, ModelError> {
        let stored = self.shared.lease().await?;
        let still = self.look(stored);
        if let Some(mine) = self.mine {
            // No other instance beats in our term: an unconfirmed beat was ours all the same.
            if stored == Some(mine) || stored == Some(mine.beaten()) {
                return self.replace(stored, stored.map_or(mine, Lease::beaten)).await;
            }
            self.mine = None;
        }
        match stored {
            Some(lease) if lease.beat > 0 && still < PATIENCE => Ok(false),
            Some(lease) => self.replace(stored, Lease { term: lease.term + 1, beat: 1 }).await,
            None => self.replace(None, Lease { term: 1, beat: 1 }).await,
        }
    }

    /// Notes the lease as it is; for how long it has been the same.
    fn look(&mut self, stored: Option<Lease>) -> Duration {
        let now = Instant::now();
        match self.seen {
            Some((seen, since)) if seen == stored => now - since,
            _ => {
                self.seen = Some((stored, now));
                Duration::ZERO
            }
        }
    }

    async fn replace(&mut self, stored: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        let ours = self.shared.replace_lease(stored, next).await?;
        self.mine = ours.then_some(next);
        Ok(ours)
    }
}

impl Lease {
    fn beaten(self) -> Self {
        Self { beat: self.beat + 1, ..self }
    }
}
