//! How far an upgrade is, and its end, for managers.

use std::time::Duration;

use axum::extract::State;
use contracts::rest::events::{Instance, Upgrade};
use identity::Manager;
use runtime::upgrade::{self, Unfinished};
use web::{Json, Problem};

use crate::Events;

/// When to ask again while it is not known yet what runs.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How far an upgrade is: which instances run, what they read, and what is recorded.
#[utoipa::path(get, path = "/upgrade", security(("token" = [])), responses((status = 200, body = Upgrade)))]
pub(super) async fn upgrade(
    State(events): State<Events>,
    _manager: Manager,
) -> Result<Json<Upgrade>, Problem> {
    let state = tokio::time::timeout(RETRY_AFTER, events.upgrade.state()).await;
    let state = state.map_err(|_| Problem::unavailable(RETRY_AFTER, SILENT))?;
    Ok(Json(shown(&events, &state)))
}

/// Finishes an upgrade: from now on events are recorded as this version declares them, and no older version starts. Nothing happens if it
/// is finished already.
#[utoipa::path(post, path = "/finish-upgrade", security(("token" = [])), responses(
    (status = 200, body = Upgrade),
    (status = 409, description = "An instance of an older version runs."),
))]
pub(super) async fn finish_upgrade(
    State(events): State<Events>,
    Manager(caller): Manager,
) -> Result<Json<Upgrade>, Problem> {
    let finished = tokio::time::timeout(RETRY_AFTER, events.upgrade.finish(caller.actor())).await;
    let finished = finished.map_err(|_| Problem::unavailable(RETRY_AFTER, SILENT))?;
    let state = finished.map_err(|why| match why {
        Unfinished::Older(_) => {
            let detail =
                format!("Not finished: {why}. Update or stop what is older, then try again.");
            Problem::conflict("/problems/older-instances", detail)
                .title("An instance of an older version runs")
        }
        Unfinished::Listening => {
            Problem::unavailable(RETRY_AFTER, "The running versions are not known yet. Try again.")
        }
        Unfinished::Refused(_) => Problem::internal(why),
    })?;
    Ok(Json(shown(&events, &state)))
}

const SILENT: &str = "The event store is not responding. Try again.";

fn shown(events: &Events, state: &upgrade::State) -> Upgrade {
    let shown = |one: &upgrade::Instance| Instance {
        service: one.service.clone(),
        name: one.name.clone(),
        version: one.version.clone(),
        reads: one.reads.clone(),
        ready: one.can_read(&state.reads),
    };
    Upgrade {
        finished: state.is_finished(),
        held: events.upgrade.is_held(),
        recorded: state.recorded.clone(),
        reads: state.reads.clone(),
        instances: state.instances.iter().map(shown).collect(),
    }
}
