//! A copy of the whole log over HTTP, one at a time.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use identity::Manager;
use tokio::sync::mpsc;
use web::Problem;

use crate::Events;

/// Streams a copy of the whole store, for engines that can: blocks are sent as they are read.
pub type Backup = Arc<dyn Fn(Blocks) + Send + Sync>;

/// Where the blocks of a copy go.
pub type Blocks = mpsc::Sender<std::io::Result<Bytes>>;

/// A consistent copy of the whole log as a tar archive, made while the shop runs.
#[utoipa::path(get, path = "/backup", security(("token" = [])),
    responses((status = 200, content_type = "application/x-tar", body = Vec<u8>),
        (status = 404, description = "The engine of this event store has its own backup tools."),
        (status = 503, description = "Another backup is in progress.")))]
pub(super) async fn copy(
    State(events): State<Events>,
    _manager: Manager,
) -> Result<Response, Problem> {
    let no_backup =
        || Problem::not_found("The engine of this event store has its own backup tools.");
    let backup = events.backup.clone().ok_or_else(no_backup)?;
    let only_one = Arc::clone(&events.backing_up).try_acquire_owned().map_err(|_| {
        Problem::busy(
            BACKUP_PAUSE,
            "Another backup is in progress; try again when it has finished.",
        )
        .title(contracts::names::BUSY)
    })?;
    let (sender, receiver) = mpsc::channel(BLOCKS_AHEAD);
    let tasks = events.deps.tasks.clone();
    let send = move || {
        backup(sender);
        drop(only_one);
    };
    events.deps.tasks.spawn("backup", async move { tasks.blocking(send).await });
    let blocks =
        stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let headers = [
        ("content-type", "application/x-tar"),
        ("content-disposition", "attachment; filename=\"agora-log.tar\""),
    ];
    Ok((headers, Body::from_stream(Box::pin(blocks))).into_response())
}

/// `Retry-After` while another backup is in progress.
const BACKUP_PAUSE: Duration = Duration::from_secs(10);

/// Blocks of a backup read ahead of a slow client.
const BLOCKS_AHEAD: usize = 4;
