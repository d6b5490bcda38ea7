//! The entries of the model's inbox: documents that hold from one position to another, so that what a step writes is not in force before the
//! checkpoint moves.

use kernel::Position;
use runtime::{ModelError, SetAside, model::TakenUp};
use serde_json::json;

use super::{
    claim::take_claim,
    documents::{Aside, CHECKPOINT, Checkpoint, aside_id},
    server::{Server, read},
};
use crate::model::Change;

/// Notes an event that cannot be taken, and moves the checkpoint past it.
pub(super) async fn set_aside(server: &Server, event: &SetAside) -> Result<(), ModelError> {
    let mut claim = server.claim.lock().await;
    *claim = None;
    let from = Position(event.position.0.saturating_sub(1));
    let (checkpoint, rev) = take_claim(server, from).await?;
    write(server, &Aside::new(event, event.position)).await?;
    let moved = Checkpoint { position: event.position, ..checkpoint };
    let rev = server.put(CHECKPOINT, Some(&rev), &json!(moved)).await?;
    *claim = Some((moved, rev.ok_or(ModelError::Stale)?));
    Ok(())
}

/// The entries as they are to be once what waited behind one was taken up, at `to`.
pub(super) async fn taken_up(
    server: &Server,
    up: &TakenUp<'_, Change>,
    to: Position,
) -> Result<Vec<Aside>, ModelError> {
    let stored = server.get(&aside_id(up.entry.position)).await?;
    let known: Aside = read(&stored.ok_or(ModelError::Stale)?)?;
    let again = up.again.map(|again| Aside::new(again, to));
    Ok(match again {
        // Of the same event: it has been one all the time.
        Some(again) if again.position == known.position => {
            vec![Aside { since: known.since, ..again }]
        }
        again => [Aside { until: Some(to), ..known }].into_iter().chain(again).collect(),
    })
}

/// Writes an entry, in the place of one that an interrupted projector may have left.
pub(super) async fn write(server: &Server, entry: &Aside) -> Result<(), ModelError> {
    let id = aside_id(entry.position);
    let before = server.get(&id).await?;
    let rev = before.as_ref().map(|stored| stored.rev.as_str());
    server.put(&id, rev, &json!(entry)).await.map(drop)
}
