//! Which types of events are recorded, and how many of each: of the shop's own services and of others.

use axum::{extract::State, response::Response};
use contracts::rest::events::RecordedTypes;
use identity::Manager;
use web::Problem;

use crate::{Events, answer, causes, unreadable};

/// Every type of which events are recorded, by name, with how many there are.
#[utoipa::path(get, path = "/read-types", security(("token" = [])), responses((status = 200, body = RecordedTypes)))]
pub(super) async fn read_types(
    State(events): State<Events>,
    _manager: Manager,
) -> Result<Response, Problem> {
    let head = events.reader.head().await.map_err(unreadable)?;
    let indexed_to = events.indexed_to(head).await;
    let items = causes::types(&events.causes)?;
    Ok(answer(RecordedTypes { items, indexed_to: indexed_to.0 }, head))
}
