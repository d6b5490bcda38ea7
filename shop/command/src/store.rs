//! `agora store`: verifying, copying, backing up and restoring the log.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args as ClapArgs, Subcommand};
use eventlog::{Known, Lost, Mark, OsFiles, Verified};
use runtime::sqlite;
use serde_json::json;

use crate::{
    backup,
    client::Access,
    copy,
    data_folder::{
        DataFolder,
        lock::Lock,
        mark::{self, Mark as Noted},
    },
    events,
    outcome::Outcome,
    process,
    stopped::{self, Stopped},
    term,
};

const HELP: &str = "\
verify and stats read a stopped shop's log without changing it. verify compares it with what the data folder knows of it, and prints the head's mark, position:hash: kept
elsewhere, it later proves with --expect that nothing up to that head was changed since.
copy accepts the same addresses as the setting event-store, and keeps every position, id and time; run again, it resumes where
it was interrupted. A copied shop needs the file `secret` of its data folder too.

Examples:
  agora store verify --data ./agora-data
  agora store verify --expect 1042:8d1f…
  agora store backup ./copy --url http://127.0.0.1:8080
  agora store restore ./copy --data ./new-data
  agora store copy log:./agora-data/log mongodb://user:password@host/agora

Exit codes: 0 done and whole, 1 damaged or failed, 2 wrong usage.";

/// Verify, measure, back up, restore and copy the event log
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand, Debug)]
enum Task {
    /// Check every checksum and the chain of hashes; damage is named by segment and position
    Verify {
        #[command(flatten)]
        log: LogFolder,
        /// A mark printed earlier, position:hash: the log must still have it
        #[arg(long, value_name = "MARK")]
        expect: Option<Mark>,
    },
    /// Count events, streams, categories and bytes
    Stats {
        #[command(flatten)]
        log: LogFolder,
    },
    /// Copy the log, of a running shop (--url) or a stopped one (--data), into an empty folder
    Backup {
        /// The folder of the copy: empty, or not there yet
        dest: PathBuf,
        #[command(flatten)]
        access: Access,
        /// The data folder of a stopped shop, instead of a running one
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Put a copy back as the log of a data folder that has none; read models are rebuilt from it
    Restore {
        /// The folder of the copy
        src: PathBuf,
        #[command(flatten)]
        log: LogFolder,
    },
    /// Copy all events of a stopped shop into another event store, empty or the beginning of this one, and compare the two
    Copy {
        /// The event store to copy: log:DIR, mongodb://…, or `file:PATH`, a file with one of these, so that no list of processes shows a password
        from: String,
        /// The event store to copy to, named in the same way
        to: String,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(ClapArgs, Debug)]
struct LogFolder {
    #[command(flatten)]
    shop: stopped::Args,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.task {
        Task::Verify { log, expect } => verify(&log.shop.find()?, expect, log.json)?,
        Task::Stats { log } => stats(&log.shop.find()?, log.json)?,
        Task::Backup { dest, data: Some(data), json, .. } => {
            let shop = Stopped::at(&data)?;
            copy::require_apart(&dest, Some(&shop.log))?;
            if let (_, Some(lost)) = compared(&shop)? {
                term::note(format_args!("{lost}: it is missing in the copy too"));
            }
            print_copied(&eventlog::restore(&shop.log, &dest, &OsFiles)?, &dest, json)?;
        }
        Task::Backup { dest, access, data: None, json } => {
            copy::require_apart(&dest, None)?;
            let client = access.connect().await?;
            print_copied(&backup::fetch(&client, &dest).await?, &dest, json)?;
        }
        Task::Restore { src, log } => restore(&src, &log.shop.find()?, log.json)?,
        Task::Copy { from, to, json } => copy::run(&from, &to, json).await?,
    }
    Ok(Outcome::Done)
}

/// What the data folder knows of the log, and what of that the log no longer has.
fn compared(shop: &Stopped) -> anyhow::Result<(Option<Known>, Option<Lost>)> {
    let known = mark::of_log(&shop.data)?;
    events::embedded::require(shop, known.as_ref())?;
    let lost = known.map(|known| eventlog::compare(&shop.log, &OsFiles, &known)).transpose()?;
    Ok((known, lost.flatten()))
}

fn verify(shop: &Stopped, expect: Option<Mark>, json: bool) -> anyhow::Result<()> {
    let (known, lost) = compared(shop)?;
    if let Some(lost) = lost {
        return Err(mark::refusal(&lost));
    }
    let verified = eventlog::verify_known(&shop.log, &OsFiles, expect, known.as_ref())?;
    print_verified(&verified, json)?;
    Ok(())
}

/// The copy is what was asked for: without the report it is as good.
fn print_copied(copied: &Verified, dest: &Path, json: bool) -> anyhow::Result<()> {
    print_verified(copied, json).with_context(|| copy::unprinted(dest.display()))
}

fn print_verified(verified: &Verified, json: bool) -> anyhow::Result<()> {
    let Verified { mark, segments, streams, bytes, torn, missing, bad_indexes } = verified;
    if json {
        let torn = torn.map(|torn| json!({ "segment": torn.segment, "position": torn.position, "bytes": torn.bytes }));
        term::json(&json!({
            "head": mark.position, "mark": mark.to_string(), "segments": segments, "streams": streams, "bytes": bytes,
            "torn": torn, "missing": missing, "bad_indexes": bad_indexes,
        }))?;
        return Ok(());
    }
    term::line(format_args!(
        "whole: {} events in {streams} streams, {segments} segments, {bytes} bytes",
        mark.position
    ))?;
    if let Some(torn) = torn {
        term::line(format_args!(
            "torn:  a last batch of {} bytes at position {} in segment {}, never acknowledged; the next start truncates it",
            torn.bytes, torn.position, torn.segment
        ))?;
    }
    if *missing > 0 {
        term::line(format_args!(
            "short: the last segment lacks {missing} bytes of zeros at its end, and no events; the next start restores them"
        ))?;
    }
    if !bad_indexes.is_empty() {
        term::line(format_args!(
            "index: those of segments {bad_indexes:?} are missing or wrong; the next start rebuilds them"
        ))?;
    }
    term::line(format_args!("mark:  {mark}"))?;
    Ok(())
}

fn stats(shop: &Stopped, json: bool) -> anyhow::Result<()> {
    let store = events::embedded::open(shop)?;
    let stats = store.reader.log().stats()?;
    if json {
        term::json(&json!({
            "events": stats.events, "streams": stats.streams, "segments": stats.segments, "bytes": stats.bytes,
            "index_memory_bytes": stats.memory_bytes, "categories": stats.categories,
        }))?;
        return Ok(());
    }
    term::line(format_args!("{:>12} events", stats.events))?;
    for (category, events) in &stats.categories {
        term::line(format_args!("{events:>12}   {category}"))?;
    }
    term::line(format_args!("{:>12} streams", stats.streams))?;
    term::line(format_args!("{:>12} segments", stats.segments))?;
    term::line(format_args!("{:>12} bytes", stats.bytes))?;
    term::line(format_args!("{:>12} bytes of memory to find streams", stats.memory_bytes))?;
    Ok(())
}

/// The read models, indexes and snapshots that a shop keeps in its data folder, each with the name that its mark is made from.
fn databases() -> Vec<(String, &'static str)> {
    let models = registry::names().map(|name| (format!("{name}.db"), name));
    let snapshots = registry::names().map(|name| (process::snapshots(name), "snapshots"));
    let own = [("sessions.db", "sessions"), (process::CAUSES, "causes")];
    models.chain(own.map(|(file, mark)| (file.to_owned(), mark))).chain(snapshots).collect()
}

fn restore(src: &Path, shop: &Stopped, json: bool) -> anyhow::Result<()> {
    copy::require_log(src)?;
    copy::require_apart(&shop.log, Some(src))?;
    let Stopped { data, log } = shop;
    fs::create_dir_all(data).with_context(|| format!("{} cannot be made", data.display()))?;
    let _alone = Lock::alone(data)?;
    let models = models(data)?;
    let secret = DataFolder::kept_secret(data)?;
    copy::make_parent(log)?;
    let verified = eventlog::restore(src, log, &OsFiles)?;
    if let Some(secret) = secret {
        require_secret(shop, &secret)?;
    }
    // They belong to another log, or to a longer one.
    for path in models {
        fs::remove_file(&path).with_context(|| {
            format!(
                "the log is restored, but {} cannot be removed; remove it by hand",
                path.display()
            )
        })?;
    }
    // So is what was known of it; of this one, this is known.
    Noted::of_follower(data).forget()?;
    Noted::of_store(data).forget()?;
    let restored = events::embedded::open(shop)?;
    Noted::of_store(data).keep(restored.reader.log().known()?);
    print_copied(&verified, log, json)?;
    if secret.is_none() {
        term::note(format_args!(
            "{} has no secret: put the shop's own file `secret` there too, or no customer can log in",
            data.display()
        ));
    }
    Ok(())
}

/// The files of the models in a data folder. Anything else of their names is refused, and so left as it is.
fn models(data: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (name, model) in databases() {
        let is_ours = is_there(&data.join(&name))? && {
            let path = data.join(&name);
            let ours = sqlite::is_replaceable(&path, model);
            if !ours.with_context(|| format!("{} cannot be read", path.display()))? {
                return Err(foreign(&path));
            }
            found.push(path);
            true
        };
        for path in ["-wal", "-shm"].map(|end| data.join(format!("{name}{end}"))) {
            if is_there(&path)? {
                // It belongs to the database beside it.
                if !is_ours {
                    return Err(foreign(&path));
                }
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Whether there is a file, or a link that leads nowhere. A folder is refused.
fn is_there(path: &Path) -> anyhow::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            bail!("{} is a folder where the shop keeps a file; move it away first", path.display())
        }
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

fn foreign(path: &Path) -> anyhow::Error {
    anyhow!(
        "{} does not carry the mark of the shop's own file of this name, so it was left as it is, and nothing was restored; move it away, or \
         restore into another folder",
        path.display()
    )
}

/// Takes the restored log away again if its customers were registered under another secret than the folder's.
fn require_secret(shop: &Stopped, secret: &[u8; 32]) -> anyhow::Result<()> {
    let first = events::embedded::first_customer(shop)?;
    if first.is_none_or(|first| customer::Secrets::derive(secret).have_registered(&first)) {
        return Ok(());
    }
    fs::remove_dir_all(&shop.log)
        .with_context(|| format!("{} cannot be removed", shop.log.display()))?;
    bail!(
        "the copy belongs to a shop with another secret than the file `secret` in {}; nothing was restored. Put that shop's own \
         `secret` there, or restore into an empty folder",
        shop.data.display()
    )
}
