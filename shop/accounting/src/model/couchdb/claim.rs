//! Fencing: only the last projector to claim the checkpoint may continue to write.

use std::sync::atomic::Ordering;

use kernel::Position;
use runtime::ModelError;
use serde_json::json;

use super::{
    documents::{CHECKPOINT, Checkpoint},
    server::Server,
};

/// Makes this instance the last to have written the checkpoint, if that is at `from`.
pub(super) async fn take_claim(
    server: &Server,
    from: Position,
) -> Result<(Checkpoint, String), ModelError> {
    let (found, rev) = server.checkpoint().await?;
    if found.position != from {
        return Err(ModelError::Stale);
    }
    let claimed = Checkpoint { term: server.term.load(Ordering::Relaxed), ..found };
    let rev = server.put(CHECKPOINT, Some(&rev), &json!(claimed)).await?;
    Ok((claimed, rev.ok_or(ModelError::Stale)?))
}
