//! Watches the files of the data folder while the shop runs: one that vanishes is reported now, not at the next start.
//!
//! ```text
//!  whole ── gone at two looks ──▶ reported, written back ──▶ whole
//!    └───── something else is there, or it cannot be read ──▶ reported once, left alone until it is whole again
//! ```

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use runtime::{Tasks, sqlite};

use super::{create_private, read_file};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What the next start cannot do without.
const KEPT: [&str; 2] = ["secret", "shop.json"];

/// What a process has in its data folder.
pub(crate) struct Watch {
    kept: Vec<Kept>,
    databases: Vec<Database>,
}

/// A small file as it was at the start.
struct Kept {
    path: PathBuf,
    content: Vec<u8>,
    /// It was not there at the last look: it may be about to be replaced, or the whole folder is being deleted.
    is_missed: bool,
    is_reported: bool,
}

/// A database that can be built again.
struct Database {
    path: PathBuf,
    was_there: bool,
    is_missed: bool,
}

impl Watch {
    /// Remembers what the small files hold now.
    pub(super) fn new(data: &Path, databases: Vec<PathBuf>) -> Self {
        let kept = KEPT.iter().filter_map(|name| {
            let path = data.join(name);
            let content = read_file(&path).ok()?;
            Some(Kept { path, content, is_missed: false, is_reported: false })
        });
        let databases = databases.into_iter();
        let database = |path| Database { path, was_there: false, is_missed: false };
        Self { kept: kept.collect(), databases: databases.map(database).collect() }
    }

    /// Looks every second until the tasks stop, and once more then: what vanished just before is not left to the next start.
    pub(crate) fn spawn(mut self, tasks: &Tasks) {
        let stopping = tasks.clone();
        tasks.spawn_blocking("data-folder", async move {
            while !stopping.is_stopping() {
                self.look();
                stopping.unless_stopped(tokio::time::sleep(LOOK_EVERY)).await;
            }
            self.look();
        });
    }

    fn look(&mut self) {
        for kept in &mut self.kept {
            kept.look();
        }
        for database in &mut self.databases {
            database.look();
        }
    }
}

impl Kept {
    fn look(&mut self) {
        match read_file(&self.path) {
            Ok(found) if self.is(&found) => (self.is_missed, self.is_reported) = (false, false),
            Ok(_) => self.report(
                "differs from what it contained when the shop started; the shop continues with the old content. Restore the file from a \
                 backup before the next start",
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if std::mem::replace(&mut self.is_missed, true) {
                    self.put_back();
                }
            }
            Err(error) => self.report(&format!(
                "can no longer be read ({error}); the shop keeps running, but cannot start again without it"
            )),
        }
    }

    fn is(&self, found: &[u8]) -> bool {
        found.trim_ascii() == self.content.trim_ascii()
    }

    /// Never overwrites: a file that was put there in the meantime stays.
    fn put_back(&mut self) {
        let created = create_private(&self.path, &self.content);
        if created.is_ok() && read_file(&self.path).is_ok_and(|found| self.is(&found)) {
            self.report(
                "vanished while the shop ran, and was written back; find out what deletes files in the data folder",
            );
            (self.is_missed, self.is_reported) = (false, false);
            return;
        }
        let reason = created.map_or_else(
            |error| format!("{:#}", error.root_cause()),
            |()| "another file is there".to_owned(),
        );
        self.report(&format!(
            "vanished while the shop runs and cannot be written back ({reason}); retrying. If that does not help, restore it from a \
             backup before the next start"
        ));
    }

    /// Once for each outage.
    fn report(&mut self, what: &str) {
        if !std::mem::replace(&mut self.is_reported, true) {
            tracing::error!("{} {what}", self.path.display());
        }
    }
}

impl Database {
    fn look(&mut self) {
        // A model that was rebuilt while it served is in another file.
        if sqlite::serving_in(&self.path).exists() {
            (self.was_there, self.is_missed) = (true, false);
        } else if self.was_there && std::mem::replace(&mut self.is_missed, true) {
            // A damaged one that is set aside is back by now.
            self.was_there = false;
            tracing::warn!(
                "{} vanished while the shop ran; it is rebuilt at the next start: restart the shop soon",
                self.path.display()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn watched() -> (tempfile::TempDir, Watch) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("secret"), "ab").expect("a file");
        let watch = Watch::new(folder.path(), vec![folder.path().join("order.db")]);
        (folder, watch)
    }

    #[test]
    fn a_file_that_vanished_is_written_back_for_its_owner_only() {
        let (folder, mut watch) = watched();
        let path = folder.path().join("secret");
        fs::remove_file(&path).expect("it is there");
        watch.look();
        assert!(!path.exists(), "it may be about to be replaced");
        watch.look();
        assert_eq!(fs::read(&path).expect("written back"), b"ab");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing beside it");
        assert!(!folder.path().join("shop.json").exists(), "what was not there is not made");
    }

    #[test]
    fn what_stands_there_instead_is_never_overwritten() {
        let (folder, mut watch) = watched();
        let path = folder.path().join("secret");
        fs::write(&path, "other").expect("a file");
        watch.look();
        watch.look();
        assert_eq!(fs::read(&path).expect("a file"), b"other");
        assert!(watch.kept.iter().all(|kept| kept.is_reported));
        fs::remove_file(&path).expect("it is there");
        std::os::unix::fs::symlink("/nowhere/secret", &path).expect("a link");
        watch.look();
        watch.look();
        assert_eq!(fs::read_link(&path).expect("the link"), Path::new("/nowhere/secret"));
        fs::remove_file(&path).expect("it is there");
        fs::create_dir(&path).expect("a folder");
        watch.look();
        assert!(path.is_dir());
        fs::remove_dir(&path).expect("it is empty");
        watch.look();
        watch.look();
        assert_eq!(fs::read(&path).expect("written back"), b"ab");
    }

    #[test]
    fn databases_that_vanish_are_missed_once_they_were_there() {
        let (folder, mut watch) = watched();
        let path = folder.path().join("order.db");
        watch.look();
        watch.look();
        fs::write(&path, "").expect("a file");
        watch.look();
        assert!(watch.databases.iter().all(|database| database.was_there));
        fs::remove_file(&path).expect("it is there");
        watch.look();
        watch.look();
        assert!(watch.databases.iter().all(|database| !database.was_there), "reported");
    }
}
