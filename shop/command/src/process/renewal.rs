//! A log that lacks events that this process has seen: refused, or accepted. If accepted, the loss is logged, and everything that this
//! process has built on the log is rebuilt.

use eventlog::Lost;
use identity::ended::EndedSessions;
use kernel::Position;
use registry::Filled;
use runtime::{ReadModel as _, snapshots::Snapshots, sqlite::Location};

use super::{choices::time_zone, places::snapshots, shared::Shared, store::OpenStore, witness};
use crate::{
    config::Settings,
    data_folder::{
        SESSIONS,
        mark::{self, Mark},
    },
    models::Model,
    parts::Parts,
};

/// The read models that are filled here.
fn services(parts: &Parts) -> impl Iterator<Item = Model> + use<'_> {
    parts.services().map(Model::of)
}

impl Shared {
    /// Whether the log need not be recognised before the process begins: it has nothing to build on it.
    pub(super) fn doubts(&self, parts: &Parts) -> bool {
        !self.choices.accept_shorter_log && services(parts).next().is_none()
    }

    /// Sees that the log has what this process has seen of it, before anything is built on it.
    pub(super) async fn recognise(
        &self,
        settings: &Settings,
        parts: &Parts,
        store: Option<&OpenStore>,
    ) -> anyhow::Result<()> {
        let (accept, over_the_bus) = (self.choices.accept_shorter_log, self.deps.store());
        let lost = if let Some(store) = store {
            store.lost.clone()
        } else {
            if self.doubts(parts) {
                return Ok(());
            }
            witness::recognise(&over_the_bus, &Mark::of_follower(self.data.path())).await?
        };
        if !accept {
            return lost.map_or(Ok(()), |lost| Err(mark::refusal(&lost)));
        }
        let head = match store {
            Some(store) => store.head().await?,
            None => over_the_bus.head().await,
        };
        self.renew(settings, parts, lost, head).await
    }

    /// Empties what was built on a log that had more than this one, which ends at `head`; nothing where nothing is lost.
    async fn renew(
        &self,
        settings: &Settings,
        parts: &Parts,
        lost: Option<Lost>,
        head: Position,
    ) -> anyhow::Result<()> {
        let sessions = EndedSessions::open(
            Location::File(self.data.path().join(SESSIONS)),
            self.auth.clone(),
        )?;
        let mut furthest = sessions.checkpoint().await?;
        let mut models: Vec<Box<dyn Filled>> = Vec::new();
        for service in services(parts) {
            let model = service.open(settings, &time_zone(settings)?).await?;
            furthest = furthest.max(model.checkpoint().await?);
            models.push(model);
        }
        let ahead = || Lost::Shorter { head: head.0, position: furthest.0 };
        let Some(lost) = lost.or_else(|| (furthest > head).then(ahead)) else { return Ok(()) };
        tracing::warn!(
            %lost, %head,
            "accepted as requested by accept-shorter-log: {} permanently lost, and the read models are rebuilt from what is left. Remove \
             the setting again",
            gone(&lost, head, furthest)
        );
        for model in models {
            model.reset().await?;
        }
        sessions.reset().await?;
        for service in services(parts) {
            let name = snapshots(service.name());
            Snapshots::open(&Location::File(self.data.path().join(name)))?.clear()?;
        }
        Ok(())
    }
}

/// Which positions are lost, as far as that is known: a read model may have been further than the mark of the log.
fn gone(lost: &Lost, head: Position, furthest: Position) -> String {
    let known = match lost {
        Lost::Gone { position } | Lost::Shorter { position, .. } => *position,
        Lost::Damaged(_) | Lost::Other { .. } => 0,
    };
    let (first, last) = (head.0 + 1, known.max(furthest.0));
    match last {
        last if last > first => format!("positions {first} to {last} are"),
        last if last == first => format!("position {first} is"),
        _ => "what is missing is".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positions_that_are_lost_are_named() {
        let shorter = |head, position| Lost::Shorter { head, position };
        for (lost, head, furthest, says) in [
            (shorter(68, 75), 68, 70, "positions 69 to 75 are"),
            (shorter(68, 69), 68, 75, "positions 69 to 75 are"),
            (shorter(74, 75), 74, 0, "position 75 is"),
            (Lost::Gone { position: 3 }, 0, 0, "positions 1 to 3 are"),
            (Lost::Other { position: 9 }, 12, 9, "what is missing is"),
        ] {
            assert_eq!(gone(&lost, Position(head), Position(furthest)), says);
        }
    }
}
