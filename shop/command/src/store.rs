//! `agora store`: verifying, copying, backing up and restoring the log.

mod backup;
mod restore;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};
use eventlog::{Known, Lost, Mark, OsFiles, Verified};
use serde_json::json;

use self::backup::Backup;
use crate::{
    copy,
    data_folder::mark,
    events,
    outcome::Outcome,
    stopped::{self, Stopped},
    term::{self, Colour, paint},
};

const HELP: &str = "\
verify and stats read a stopped shop's log without changing it. verify compares it with what the data folder knows of it, and
prints the head's mark, position:hash: kept elsewhere, it later proves with --expect that nothing up to that head has changed since.

backup copies all that a restore needs: the log and the shop's secret, in files of mode 600. Anyone who can read a backup can do whatever
the shop can. The secret of a running shop is read on this machine, from where the settings say it is or from the file of --secret;
no call of the shop returns it. verify and restore take a backup by its folder.

copy accepts the same addresses as the setting event-store, and keeps every position, id and time; run again, it resumes where
it was interrupted. A copied shop needs the file `secret` of its data folder too.

Examples:
  agora store verify --data ./agora-data
  agora store verify --expect 1042:8d1f…
  agora store backup ./copy
  agora store backup ./copy --url http://shop:8080 --secret ./shop-secret
  agora store verify ./copy
  agora store restore ./copy --data ./new-data
  agora store copy log:./agora-data/log mongodb://user:password@host/agora

Exit codes: 0 done and intact, 1 damaged or failed, 2 wrong usage.";

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
        /// A backup, instead of the shop's own log
        #[arg(value_name = "BACKUP", conflicts_with_all = ["data", "event_store", "config"])]
        backup: Option<PathBuf>,
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
    /// Copy the log and the secret of a running shop (--url) or a stopped one (--data) into an empty folder
    Backup(backup::Args),
    /// Put a backup back as the shop of a data folder that has none; read models are rebuilt from it
    Restore {
        /// The folder of the backup
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
        Task::Verify { backup: Some(backup), expect, log } => {
            backup::verify(&Backup::at(&backup)?, expect, log.json)?;
        }
        Task::Verify { backup: None, log, expect } => verify(&log.shop.find()?, expect, log.json)?,
        Task::Stats { log } => stats(&log.shop.find()?, log.json)?,
        Task::Backup(args) => backup::run(args).await?,
        Task::Restore { src, log } => restore::restore(&src, &log.shop.find()?, log.json)?,
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
    print_verified(&verified, None, json)
}

/// The copy is what was asked for: without the report it is as good.
fn print_copied(copied: &Verified, dest: &Path, secret: bool, json: bool) -> anyhow::Result<()> {
    print_verified(copied, Some(secret), json).with_context(|| copy::unprinted(dest.display()))
}

/// What a log was found to be; of a backup also whether the shop's secret is with it.
fn print_verified(verified: &Verified, secret: Option<bool>, json: bool) -> anyhow::Result<()> {
    let Verified { mark, segments, streams, bytes, torn, missing, bad_indexes } = verified;
    if json {
        let torn = torn.map(|torn| json!({ "segment": torn.segment, "position": torn.position, "bytes": torn.bytes }));
        term::json(&json!({
            "head": mark.position, "mark": mark.to_string(), "segments": segments, "streams": streams, "bytes": bytes,
            "torn": torn, "missing": missing, "bad_indexes": bad_indexes, "secret": secret,
        }))?;
        return Ok(());
    }
    let whole = paint(Colour::Good, "whole:");
    term::line(format_args!(
        "{whole} {} events in {streams} streams, {segments} segments, {bytes} bytes",
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
    match secret {
        None => {}
        Some(true) => term::line("secret: included, so keep this where nobody else can read it")?,
        Some(false) => {
            term::line("secret: not included; a restore needs the shop's own file `secret` too")?;
        }
    }
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
