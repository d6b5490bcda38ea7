//! Standby: follows the checkpoint of a shared model that another instance projects into.

use std::time::Duration;

use super::retry::Retry;
use crate::progress::MODEL;
use crate::{EventStore, Progress, ReadModel};

/// Polling interval of the checkpoint while a caller waits for it: unnoticed by people.
const LOOK_AWAITED: Duration = Duration::from_millis(25);
/// And while none does.
const LOOK: Duration = Duration::from_millis(250);
/// The time between two looks at the head of the log, for the lag.
const HEAD: Duration = Duration::from_secs(1);

/// Follows the model's checkpoint and the log's head; never returns.
pub(super) async fn follow<M: ReadModel + ?Sized>(
    store: &EventStore,
    model: &M,
    progress: &Progress,
) {
    tokio::select! {
        biased;
        () = positions(model, progress) => {}
        () = heads(store, model, progress) => {}
    }
}

async fn positions<M: ReadModel + ?Sized>(model: &M, progress: &Progress) {
    let mut retry = Retry::of(MODEL);
    loop {
        match model.checkpoint().await {
            Ok(checkpoint) => {
                progress.recovered(MODEL);
                progress.followed(checkpoint);
                retry = Retry::of(MODEL);
            }
            Err(error) => retry.after(&error, progress).await,
        }
        if progress.is_awaited() {
            tokio::time::sleep(LOOK_AWAITED).await;
        } else {
            // Continue on a new waiter or on timeout, whichever comes first.
            let _either = tokio::time::timeout(LOOK, progress.asked()).await;
        }
    }
}

async fn heads<M: ReadModel + ?Sized>(store: &EventStore, model: &M, progress: &Progress) {
    loop {
        progress.saw(store.head().await);
        // The projecting instance reports failures.
        if let Ok(aside) = model.aside().await {
            progress.has_aside(aside);
        }
        let pause = if progress.is_ready() { HEAD } else { LOOK_AWAITED };
        tokio::time::sleep(pause).await;
    }
}
