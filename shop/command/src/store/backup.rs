//! `agora store backup`: a folder with all that a restore needs, the log and the shop's secret.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args as ClapArgs;
use eventlog::{BackupError, Mark, OpenError, OsFiles, Verified, VerifyError};

use super::{compared, print_copied, print_verified};
use crate::{
    backup,
    client::Access,
    config::{Flags, Settings},
    copy,
    data_folder::{DataFolder, parse_secret},
    events,
    stopped::Stopped,
    term,
};

#[derive(ClapArgs, Debug)]
pub(super) struct Args {
    /// The folder of the backup: empty or nonexistent
    dest: PathBuf,
    #[command(flatten)]
    access: Access,
    /// The data folder of a stopped shop, instead of a running one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The file with the shop's secret; by default, where the settings say
    #[arg(long, value_name = "FILE", conflicts_with = "without_secret")]
    secret: Option<PathBuf>,
    /// Leave the shop's secret out: a restore then needs it from elsewhere
    #[arg(long)]
    without_secret: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// A backup in its folder.
pub(super) struct Backup {
    pub(super) log: PathBuf,
    pub(super) secret: Option<[u8; 32]>,
    folder: PathBuf,
}

impl Backup {
    /// The backup in this folder. One of an older version is a log and nothing else.
    pub(super) fn at(folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("log");
        let log = if log.is_dir() { log } else { folder.to_owned() };
        if !copy::has_segments(&log) {
            bail!("there is no backup in {}: it has no log", folder.display());
        }
        let secret = DataFolder::kept_secret(folder)?;
        Ok(Self { log, secret, folder: folder.to_owned() })
    }

    /// Refuses a secret under which the customers of this backup were not registered.
    pub(super) fn require(&self, secret: &[u8; 32]) -> anyhow::Result<()> {
        let shop = Stopped { data: self.folder.clone(), log: self.log.clone() };
        if !events::embedded::is_of(&shop, secret)? {
            bail!(
                "the backup in {} has another shop's secret: its customers could not log in. Put the shop's own file `secret` there",
                self.folder.display()
            );
        }
        Ok(())
    }
}

/// Verifies a backup, with its secret.
pub(super) fn verify(backup: &Backup, expect: Option<Mark>, json: bool) -> anyhow::Result<()> {
    let verified = eventlog::verify_known(&backup.log, &OsFiles, expect, None)?;
    if let Some(secret) = &backup.secret {
        backup.require(secret)?;
    }
    print_verified(&verified, Some(backup.secret.is_some()), json)
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    back_up(args).await.map_err(of_running)
}

async fn back_up(args: Args) -> anyhow::Result<()> {
    let Args { dest, access, data, secret, without_secret, json } = args;
    let shop = data.as_deref().map(Stopped::at).transpose()?;
    copy::require_apart(&dest, shop.as_ref().map(|shop| &*shop.log))?;
    if let Some(shop) = &shop
        && let (_, Some(lost)) = compared(shop)?
    {
        term::note(format_args!("{lost}: it is missing in the copy too"));
    }
    let secret =
        if without_secret { None } else { Some(found_secret(secret.as_deref(), data.as_deref())?) };
    let made = if let Some(shop) = shop {
        make(&dest, secret.as_ref(), &shop.log)?
    } else {
        let client = access.connect().await?;
        let fetched = backup::fetch(&client, beside(&dest)).await?;
        make(&dest, secret.as_ref(), &fetched.path().join(backup::LOG))?
    };
    print_copied(&made, &dest, secret.is_some(), json)
}

/// A running shop lets no other program open its log, but sends a copy of it.
fn of_running(error: anyhow::Error) -> anyhow::Error {
    let of_copy = || match error.downcast_ref() {
        Some(BackupError::Verify(VerifyError::Open(open))) => Some(open),
        _ => None,
    };
    match error.downcast_ref().or_else(of_copy) {
        Some(OpenError::Locked(log)) => anyhow!(
            "a running shop has the log in {} open, so nothing was copied: back it up while it runs, with --url and its address in the place of \
             --data, or stop it first",
            log.display()
        ),
        _ => error,
    }
}

/// The secret of the shop: from the file that was named, else from where its settings say.
fn found_secret(file: Option<&Path>, data: Option<&Path>) -> anyhow::Result<[u8; 32]> {
    if let Some(file) = file {
        let text = fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        return parse_secret(text.trim())
            .with_context(|| format!("{} does not contain a shop's secret", file.display()));
    }
    let data = data.and_then(Path::to_str).map(|data| ("data", data.to_owned()));
    let settings: Settings = Flags::given(data, None).resolve()?;
    if let Some(given) = settings.text("shop-secret") {
        return parse_secret(given)
            .ok_or_else(|| settings.invalid("shop-secret", "must be 64 hex digits").into());
    }
    let data = settings.text("data").unwrap_or_default();
    DataFolder::kept_secret(data.as_ref())?.with_context(|| {
        format!(
            "{data} has no file `secret`, which a restore needs, so nothing was copied: name the file with --secret, or leave it out \
             with --without-secret"
        )
    })
}

/// Puts a backup of this log where `dest` is to be, the log last: without it there is no backup.
fn make(dest: &Path, secret: Option<&[u8; 32]>, log: &Path) -> anyhow::Result<Verified> {
    let is_empty = fs::read_dir(dest).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty {
        bail!("{} is not empty, so nothing was copied; name another folder", dest.display());
    }
    if let Some(secret) = secret {
        let shop = Stopped { data: dest.to_owned(), log: log.to_owned() };
        if !events::embedded::is_of(&shop, secret)? {
            bail!(
                "the secret that was found is not that of this shop, so nothing was copied: name the file of its own with --secret, or \
                 leave it out with --without-secret"
            );
        }
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dest);
    made.with_context(|| format!("{} cannot be made", dest.display()))?;
    if let Some(secret) = secret {
        DataFolder::keep_secret(dest, secret)?;
    }
    Ok(eventlog::restore(log, &dest.join("log"), &OsFiles)?)
}

/// The folder in which something new is put beside `dest`, on the same file system.
fn beside(dest: &Path) -> &Path {
    dest.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
