//! What is known of the log, stored apart from it, so that a missing or shortened log is detected.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::Context as _;
use eventlog::{Known, Lost};
use kernel::sync;
use runtime::sqlite;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SESSIONS, read_file, replace};

/// The mark as the file holds it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Kept {
    /// The last position that was seen.
    position: u64,
    /// The id of the event there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Uuid>,
    /// Which log it is, and the hash of everything up to the position: together as `agora store verify` prints them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

/// A mark in a data folder.
pub(crate) struct Mark {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    written: Option<Known>,
    failing: bool,
    /// It was not there when it was last looked for, though it had been written.
    missed: bool,
}

impl Mark {
    /// Of the process that has the event store.
    pub(crate) fn of_store(data: &Path) -> Self {
        Self::at(data.join("log.json"))
    }

    /// Of a process that follows the event store over the bus.
    pub(crate) fn of_follower(data: &Path) -> Self {
        Self::at(data.join("seen.json"))
    }

    fn at(path: PathBuf) -> Self {
        Self { path, state: Mutex::default() }
    }

    /// Its content; nothing if there is none yet.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Known>> {
        let path = self.path.display();
        match read_file(&self.path) {
            Ok(bytes) => known(&bytes).map(Some).with_context(|| {
                format!(
                    "{path} does not contain the end of the log; restore it from a backup, or, if the log is complete, remove it"
                )
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{path} cannot be read")),
        }
    }

    /// Writes what is known now, unless it is written already. A failure is logged once and changes nothing else: an older mark is still
    /// valid.
    /// One that vanished is written again, if it is not there the next time either: the whole folder may be about to go.
    pub(crate) fn keep(&self, known: Known) {
        let mut state = sync::lock(&self.state);
        let is_gone = state.written.is_some() && !self.path.exists();
        let was_missed = std::mem::replace(&mut state.missed, is_gone);
        if state.written == Some(known) && !(is_gone && was_missed) {
            return;
        }
        let path = self.path.display();
        if is_gone && !state.failing {
            tracing::error!(
                "{path} vanished while the shop ran, and was written back; find out what deletes files in the data folder"
            );
        }
        match bytes(&known).and_then(|bytes| replace(&self.path, &bytes)) {
            Ok(()) => (state.written, state.failing) = (Some(known), false),
            Err(error) if !state.failing => {
                state.failing = true;
                tracing::warn!(%path, %error, "cannot record the current end of the log; retrying");
            }
            Err(_) => {}
        }
    }

    /// Removes it, with the log it was of.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// All that a data folder knows of its log: the mark, and the checkpoints of the read models beside it.
pub(crate) fn of_log(data: &Path) -> anyhow::Result<Option<Known>> {
    let mark = Mark::of_store(data).read()?;
    let reached = reached(data);
    if mark.is_none() && reached == 0 {
        return Ok(None);
    }
    Ok(Some(Known { reached, ..mark.unwrap_or_default() }))
}

/// How far the read models in a data folder are.
pub(crate) fn reached(data: &Path) -> u64 {
    let models = models().map(|name| sqlite::serving_in(&data.join(name)));
    let reached =
        models.filter(|path| path.is_file()).filter_map(|path| sqlite::checkpoint_in(&path)).max();
    reached.map_or(0, |position| position.0)
}

/// The read models that a shop keeps in its data folder, unless its settings name other places.
fn models() -> impl Iterator<Item = String> {
    registry::names().map(|name| format!("{name}.db")).chain([SESSIONS.to_owned()])
}

/// The refusal of a log that lacks something, with what to do about it.
pub(crate) fn refusal(lost: &Lost) -> anyhow::Error {
    anyhow::anyhow!(
        "{lost}. Nothing was changed: mount its volume or put the whole log back; if it is lost, restore a backup into a new data folder, \
         or accept the loss by starting once with --accept-shorter-log"
    )
}

fn known(bytes: &[u8]) -> Option<Known> {
    let Kept { position, event, log, hash } = serde_json::from_slice(bytes).ok()?;
    let hash = match hash {
        Some(hash) => Some(format!("{position}:{hash}").parse::<eventlog::Mark>().ok()?.hash),
        None => None,
    };
    let log = log.map(Uuid::into_bytes).zip(hash);
    Some(Known { position, event: event.map(Uuid::into_bytes), log, reached: 0 })
}

fn bytes(known: &Known) -> anyhow::Result<Vec<u8>> {
    let kept = Kept {
        position: known.position,
        event: known.event.map(Uuid::from_bytes),
        log: known.log.map(|(salt, _)| Uuid::from_bytes(salt)),
        hash: known.log.map(|(_, hash)| hash.to_string()),
    };
    Ok(serde_json::to_vec_pretty(&kept)?)
}

#[cfg(test)]
mod tests {
    use kernel::Position;
    use runtime::sqlite::{Database, Location, Schema};

    use super::*;

    #[test]
    fn the_database_of_every_service_alone_tells_how_far_the_log_was() {
        let create = "CREATE TABLE seen (number INTEGER PRIMARY KEY)";
        let schema = Schema { model: "seen", unmarked: &[], number: 1, variant: 0, create };
        let services = registry::SERVICES.iter().map(|module| module.name);
        for name in services.chain(["sessions"]) {
            let folder = tempfile::tempdir().expect("a folder");
            let file = Location::File(folder.path().join(format!("{name}.db")));
            let database = Database::open(file, schema).expect("a database");
            database.apply(Position(0), Position(7), |_| Ok(())).expect("it is new");
            assert_eq!(reached(folder.path()), 7, "{name}");
            drop(database);
            let known = of_log(folder.path()).expect("no mark").expect("a model is there");
            assert_eq!(known, Known { reached: 7, ..Known::default() }, "{name}");
        }
    }

    #[test]
    fn a_mark_is_read_as_it_was_kept_and_a_damaged_one_is_not_taken_for_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = Mark::of_store(folder.path());
        assert_eq!(mark.read().expect("none"), None);
        let hash = eventlog::Hash::from_bytes([9; 32]);
        for known in [
            Known { position: 7, event: Some([3; 16]), log: Some(([5; 16], hash)), reached: 0 },
            Known { position: 8, event: Some([4; 16]), log: None, reached: 0 },
        ] {
            mark.keep(known);
            assert_eq!(Mark::of_store(folder.path()).read().expect("a mark"), Some(known));
        }
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "nothing is left aside"
        );
        for damaged in ["", "{}", "{\"Position\":7,\"Hash\":\"no\"}"] {
            fs::write(folder.path().join("log.json"), damaged).expect("a file");
            mark.read().expect_err(damaged);
        }
        mark.forget().and_then(|()| mark.forget()).expect("removed");
        assert_eq!(mark.read().expect("none"), None);
    }

    #[test]
    fn a_mark_that_cannot_be_written_is_no_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = Mark::of_store(&folder.path().join("gone"));
        mark.keep(Known { position: 7, ..Known::default() });
        assert_eq!(mark.read().expect("none"), None);
    }
}
