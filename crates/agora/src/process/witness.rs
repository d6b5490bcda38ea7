//! What this process has seen of the log that another one keeps: recognised before anything is built on it, and noted every second.

use std::{sync::Arc, time::Duration};

use bus::{Page, Read};
use chassis::{Deps, EventStore};
use eventlog::{Known, Lost};
use kernel::Position;

use crate::data_folder::mark::{self, Mark};

/// How often what was seen is noted, if there is anything new.
pub(super) const NOTE_EVERY: Duration = Duration::from_secs(1);
/// How often a log that seems to lack something is looked at before that is believed, and the pause between two looks: a server of a
/// database that has just taken over may not know at once how far it goes.
const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Reads where a log should still have what is known of it.
pub(super) fn look(known: &Known) -> Read {
    from(known.position)
}

fn from(position: u64) -> Read {
    Read::All { from: Position(position.max(1)), categories: Vec::new() }
}

/// What the log no longer has of what is known, by the page that [`look`] asks for.
pub(super) fn missing(known: &Known, page: &Page) -> Option<Lost> {
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

/// Waits for the event store to say whether it has what this process has seen, if it has seen anything.
pub(super) async fn recognise(
    store: &EventStore,
    mark: &Mark,
    accept: bool,
) -> anyhow::Result<Option<Lost>> {
    let Some(known) = mark.read()? else { return Ok(None) };
    for _ in 1..LOOKS {
        if missing(&known, &store.read(look(&known)).await).is_none() {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let lost = missing(&known, &store.read(look(&known)).await);
    match lost {
        Some(lost) if !accept => Err(mark::refusal(&lost)),
        lost => Ok(lost),
    }
}

/// Notes every second what the log has, until the tasks stop.
pub(super) fn spawn(deps: &Deps, mark: Arc<Mark>) {
    let (store, tasks) = (deps.store(), deps.tasks.clone());
    deps.tasks.spawn("witness", async move {
        tokio::select! {
            biased;
            () = tasks.stopped() => {}
            () = note(&store, &mark) => {}
        }
    });
}

async fn note(store: &EventStore, mark: &Mark) {
    let mut known = Known::default();
    loop {
        let page = store.read(look(&known)).await;
        // A log that came back shorter, or as another one, must not replace what is known: whoever follows it ends the process.
        if missing(&known, &page).is_none() && page.head.0 > known.position {
            let last = store.read(from(page.head.0)).await;
            if let Some(event) = last.events.first() {
                let event = (event.position.0, event.id.0.into_bytes());
                known = Known { position: event.0, event: Some(event.1), ..Known::default() };
                mark.keep(known);
            }
        }
        tokio::time::sleep(NOTE_EVERY).await;
    }
}
