//! `agora store copy`: all events from one event store to another, of any engines.

use std::{
    fmt, fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use ::store::{
    Import, LogStore, Reader, copy::Copied, copy::Progress, copy::Step, copy::Target, copy::copy,
};
use anyhow::{Context as _, bail};
use eventlog::{Maintenance, Options, OsFiles};
use serde_json::json;

use crate::{
    config::masked,
    data_folder::mark,
    engines::{MongoStore, open_mongo},
    outcome::WrongUsage,
    process::resolved,
    term,
};

/// Where an event store is, as the setting `event-store` names it.
#[derive(Clone)]
pub(crate) enum Place {
    Log(PathBuf),
    /// The whole URL, password and all: not to be shown.
    Mongodb(String),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(folder) => write!(f, "log:{}", folder.display()),
            Self::Mongodb(_) => f.write_str("mongodb://…"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", path)) => {
                let kept = fs::read_to_string(path);
                let kept = kept.map_err(|error| format!("names a file that cannot be read: {error}"))?;
                // Only once: a file that names a file is a mistake.
                match kept.trim() {
                    again if again.starts_with("file:") => Err("names a file that names a file".to_owned()),
                    text => text.parse(),
                }
            }
            Some(("log", folder)) if !folder.is_empty() => Ok(Self::Log(folder.into())),
            Some(("mongodb" | "mongodb+srv", _)) => Ok(Self::Mongodb(text.to_owned())),
            _ => {
                Err("is not an event store such as log:./agora-data/log, mongodb://host/agora or file:./url-of-it"
                    .to_owned())
            }
        }
    }
}

/// A place given on the command line. Its password is not repeated where it is refused.
fn place(name: &str, text: &str) -> Result<Place, WrongUsage> {
    text.parse().map_err(|reason| WrongUsage(format!("{name} = {:?}: {reason}", masked(text))))
}

/// An open event store.
struct Store {
    import: Box<dyn Import>,
    reader: Box<dyn Reader>,
    /// Of a log.
    maintenance: Option<Maintenance>,
}

/// Copies, and reports the result.
pub(crate) async fn run(from: &str, to: &str, json: bool) -> anyhow::Result<()> {
    let (from, to) = (place("FROM", from)?, place("TO", to)?);
    if let Place::Log(folder) = &from
        && !folder.exists()
    {
        bail!(
            "there is no log in {}; a shop's log is the folder log in its data folder",
            folder.display()
        );
    }
    if let Place::Log(folder) = &from {
        require_log(folder)?;
    }
    if let Place::Log(folder) = &to {
        let source = match &from {
            Place::Log(source) => Some(source.as_path()),
            Place::Mongodb(_) => None,
        };
        require_apart(folder, source)?;
        make_parent(folder)?;
    }
    let from = from.open_known().await.context("the source cannot be opened")?;
    let mut to = to.open().await.context("the target cannot be opened")?;
    let mut shown = Shown::default();
    let target = Target { import: &mut *to.import, reader: &*to.reader };
    let copied = copy(&*from.reader, target, &mut |progress| shown.show(progress)).await;
    drop(shown);
    let copied = copied?;
    while let Some(maintenance) = &to.maintenance {
        if !maintenance.step()? {
            break;
        }
    }
    print(&copied, json).with_context(|| unprinted("the target"))
}

/// Refuses a data folder where a log is meant: it is the one below it.
pub(crate) fn require_log(folder: &Path) -> anyhow::Result<()> {
    let log = folder.join("log");
    if log.is_dir() && !has_segments(folder) {
        bail!(
            "{} is a data folder, and the log is the folder {} in it: name that one",
            folder.display(),
            log.display()
        );
    }
    Ok(())
}

/// Whether a folder is that of a log.
pub(crate) fn has_segments(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .any(|entry| Path::new(&entry.file_name()).extension().is_some_and(|end| end == "segment"))
}

/// Refuses a copy that would stand where its source does, or in the folder of any log.
pub(crate) fn require_apart(to: &Path, from: Option<&Path>) -> anyhow::Result<()> {
    let whole = resolved(to);
    let is_log = |folder: &&Path| has_segments(folder);
    let source = from.map(resolved).filter(|from| *from == whole);
    if let Some(log) = source.as_deref().or_else(|| whole.ancestors().skip(1).find(is_log)) {
        bail!(
            "{} is in {}, the folder of a log, which only that log may use; choose another folder",
            to.display(),
            log.display()
        );
    }
    Ok(())
}

impl Place {
    /// Opens a source: a shop's own log only if it has what its data folder knows of it.
    async fn open_known(self) -> anyhow::Result<Store> {
        if let Self::Log(folder) = &self
            && let Some(data) = folder.parent().filter(|data| data.join("log") == *folder)
            && let Some(known) = mark::of_log(data)?
            && let Some(lost) = eventlog::compare(folder, &OsFiles, &known)?
        {
            return Err(mark::refusal(&lost));
        }
        self.open().await
    }

    async fn open(self) -> anyhow::Result<Store> {
        match self {
            Self::Log(folder) => {
                let mut salt = [0; 16];
                getrandom::fill(&mut salt).context("the OS random generator failed")?;
                let log = LogStore::open(&folder, Arc::new(OsFiles), Options::new(salt))?;
                let LogStore { writer, reader, maintenance, .. } = log;
                Ok(Store {
                    import: Box::new(writer),
                    reader: Box::new(reader),
                    maintenance: Some(maintenance),
                })
            }
            Self::Mongodb(url) => {
                let MongoStore { writer, reader } = open_mongo(&url).await?;
                Ok(Store { import: Box::new(writer), reader: Box::new(reader), maintenance: None })
            }
        }
    }
}

/// The folder that a new log is to be in: its owner's alone, as a shop's data folder is.
pub(crate) fn make_parent(folder: &Path) -> anyhow::Result<()> {
    let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(parent);
    made.with_context(|| format!("{} cannot be made", parent.display()))
}

/// The error when everything is done and only the report cannot be written.
pub(crate) fn unprinted(copy: impl std::fmt::Display) -> String {
    format!("the copy in {copy} is complete, but this report could not be printed")
}

fn print(copied: &Copied, json: bool) -> anyhow::Result<()> {
    let Copied { head, events, hash } = copied;
    if json {
        term::json(&json!({ "head": head, "copied": events, "hash": hash.to_hex().as_str() }))?;
        return Ok(());
    }
    term::line(format_args!("copied: {events} events"))?;
    term::line(format_args!("whole:  {head} events, in both the same"))?;
    term::line(format_args!("hash:   {hash}"))?;
    Ok(())
}

/// The progress as it is shown: a bar for each step.
#[derive(Default)]
struct Shown(Option<(Step, term::Progress)>);

impl Shown {
    fn show(&mut self, progress: Progress) {
        let Progress { step, done, total } = progress;
        if self.0.as_ref().is_none_or(|(shown, _)| *shown != step) {
            self.0 = None;
            let name = match step {
                Step::Comparing => "comparing",
                Step::Copying => "copying",
                Step::Verifying => "verifying",
            };
            let left = usize::try_from(total.0 - done.0 + 1).unwrap_or(usize::MAX);
            self.0 = Some((step, term::Progress::new(name, left)));
        }
        if let Some((_, bar)) = &self.0 {
            bar.advance();
        }
    }
}
