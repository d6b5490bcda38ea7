//! What this process has seen of a log kept by another process: verified before anything is built on it, and saved every second.

use std::{sync::Arc, time::Duration};

use eventlog::{Known, Lost};
use kernel::Position;
use runtime::EventStore;
use store::{Page, Read};
use web::ServiceDeps;

use crate::data_folder::mark::{self, Mark};

/// How often what was seen is noted, if there is anything new.
pub(super) const NOTE_EVERY: Duration = Duration::from_secs(1);
/// How often a log that seems to lack something is looked at before that is believed, and the pause between two looks: a server of a
/// database that has just taken over may not know at once how far it goes.
const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

fn from(position: u64) -> Read {
    Read::All { from: Position(position.max(1)), categories: Vec::new() }
}

/// What the log no longer has of what is known, by its page from there on.
fn missing(known: &Known, page: &Page) -> Option<Lost> {
    let (head, position) = (page.head.0, known.position.max(known.reached));
    if head == 0 && position > 0 {
        return Some(Lost::Gone { position });
    }
    if head < position {
        return Some(Lost::Shorter { head, position });
    }
    let event = page.events.first().map(|event| event.id.0.into_bytes());
    let is_same = known.position == 0 || known.event.is_none() || known.event == event;
    (!is_same).then_some(Lost::Other { position: known.position })
}

/// What the log that `read` reads from does not have of what is known, even when it is asked again.
pub(super) async fn look_for<E, F: Future<Output = Result<Page, E>>>(
    known: &Known,
    read: impl Fn(Read) -> F,
) -> Result<Option<Lost>, E> {
    for _ in 1..LOOKS {
        if missing(known, &read(from(known.position)).await?).is_none() {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(missing(known, &read(from(known.position)).await?))
}

/// Checks with the event store that it has what this process has seen, if it has seen anything.
pub(super) async fn recognise(store: &EventStore, mark: &Mark) -> anyhow::Result<Option<Lost>> {
    let Some(known) = mark.read()? else { return Ok(None) };
    look_for(&known, |read| async move { Ok(store.read(read).await) }).await
}

/// Notes every second what the log has, until the tasks stop. With `doubts` it has not been recognised yet: then that comes first, and
/// ends the process if it is another one.
pub(super) fn spawn(deps: &ServiceDeps, mark: Arc<Mark>, doubts: bool) {
    let (store, tasks) = (deps.store(), deps.tasks.clone());
    deps.tasks.spawn_until_stopped("witness", async move {
        match if doubts { recognise(&store, &mark).await } else { Ok(None) } {
            Ok(None) => note(&store, &mark).await,
            Ok(Some(lost)) => tasks.fail("log", mark::refusal(&lost)),
            Err(error) => tasks.fail("log", error),
        }
    });
}

async fn note(store: &EventStore, mark: &Mark) {
    let mut known = Known::default();
    loop {
        let head = store.head().await;
        if head.0 > known.position {
            let next = if known.position == 0 { head.0 } else { known.position };
            let mut page = store.read(from(next)).await;
            // A log that came back as another one must not replace what is known: its subscribers end the process.
            let is_same = missing(&known, &page).is_none();
            if !page.end {
                page = store.read(from(page.head.0)).await;
            }
            if let Some(event) = page.events.last().filter(|_| is_same) {
                let (position, id) = (event.position.0, event.id.0.into_bytes());
                known = Known { position, event: Some(id), ..Known::default() };
            }
        }
        if known.position > 0 {
            mark.keep(known);
        }
        tokio::time::sleep(NOTE_EVERY).await;
    }
}
