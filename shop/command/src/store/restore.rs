//! `agora store restore`: a backup becomes the shop of a data folder that has none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use eventlog::OsFiles;
use runtime::sqlite;

use super::{backup::Backup, print_copied};
use crate::{
    copy,
    data_folder::{DataFolder, SESSIONS, lock::Lock, mark::Mark as Noted},
    events, process,
    stopped::Stopped,
    term,
};

/// The read models, indexes and snapshots that a shop keeps in its data folder, each with the name that its mark is made from.
fn databases() -> Vec<(String, &'static str)> {
    let models = registry::names().map(|name| (format!("{name}.db"), name));
    let snapshots = registry::names().map(|name| (process::snapshots(name), "snapshots"));
    let own = [(SESSIONS, "sessions"), (process::CAUSES, "causes")];
    models.chain(own.map(|(file, mark)| (file.to_owned(), mark))).chain(snapshots).collect()
}

pub(super) fn restore(src: &Path, shop: &Stopped, json: bool) -> anyhow::Result<()> {
    let backup = Backup::at(src)?;
    copy::require_apart(&shop.log, Some(&backup.log))?;
    let Stopped { data, log } = shop;
    fs::create_dir_all(data).with_context(|| format!("{} cannot be made", data.display()))?;
    let _alone = Lock::alone(data)?;
    let models = models(data)?;
    let kept = DataFolder::kept_secret(data)?;
    if let Some(secret) = backup.secret {
        backup.require(&secret)?;
    }
    copy::make_parent(log)?;
    let verified = eventlog::restore(&backup.log, log, &OsFiles)?;
    if let Some(secret) = kept {
        require_secret(shop, &secret)?;
    }
    let secret = kept.or(backup.secret);
    if let Some(secret) = secret {
        DataFolder::keep_secret(data, &secret)?;
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
    print_copied(&verified, log, secret.is_some(), json)?;
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
        found.extend(sqlite::beside(&data.join(&name), model));
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
    if events::embedded::is_of(shop, secret)? {
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
