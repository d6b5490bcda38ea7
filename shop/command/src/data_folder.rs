//! The data folder: private to its owner, with the shop's secret and settings that are fixed at the first start.

pub(crate) mod lock;
pub(crate) mod mark;
pub(crate) mod outages;
mod watch;

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use contracts::money::Currency;
use serde::{Deserialize, Serialize};

use lock::Lock;
use watch::Watch;

/// The sessions that have ended, in the data folder.
pub(crate) const SESSIONS: &str = "sessions.db";

/// What is fixed once the shop has begun.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fixed {
    currency: Currency,
}

/// The folder that a shop keeps everything in.
pub(crate) struct DataFolder(PathBuf, #[expect(dead_code, reason = "it is held, not used")] Lock);

impl DataFolder {
    /// Makes the folder if it is not there, for its owner only, and sees that it can be written to and that nothing replaces it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| {
            format!("the data folder {} cannot be made; name another with --data", path.display())
        })?;
        let probe = path.join(aside(".writable")?);
        let written = fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe));
        written.with_context(|| {
            format!("the data folder {} cannot be written to; give it to this user or name another with --data", path.display())
        })?;
        let lock = Lock::shared(path)?;
        report_rights(path);
        Ok(Self(path.to_owned(), lock))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The secret from which the shop's keys are derived; none where no shop has begun yet, as far as the folder knows.
    pub(crate) fn secret(&self) -> anyhow::Result<Option<[u8; 32]>> {
        if let Some(secret) = Self::kept_secret(&self.0)? {
            return Ok(Some(secret));
        }
        let there = |name: &&str| self.0.join(name).exists();
        if let Some(name) = ["log", "shop.json", "log.json", "seen.json"].into_iter().find(there) {
            return self.needed_secret(&self.0.join(name).display().to_string()).map(Some);
        }
        if mark::reached(&self.0) > 0 {
            return self.needed_secret("read models").map(Some);
        }
        Ok(None)
    }

    /// The secret of a shop that has begun, as `what` it has shows.
    pub(crate) fn needed_secret(&self, what: &str) -> anyhow::Result<[u8; 32]> {
        // All else is made after the secret: what is there now may have come with a secret since we looked.
        Self::kept_secret(&self.0)?.with_context(|| {
            format!(
                "{} is missing, though the shop has {what}, so nothing was changed: restore it from a backup, or set AGORA_SHOP_SECRET to its value at \
                 the first start; without it no customer can log in",
                self.0.join("secret").display()
            )
        })
    }

    /// Draws the secret, at the first start. Of several first starts at once, even on several machines, one draws it and the others use
    /// that one.
    pub(crate) fn draw_secret(&self) -> anyhow::Result<[u8; 32]> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).context("the OS random generator failed")?;
        self.put_secret(&secret)
    }

    /// Keeps `secret`, unless another start has been faster; the one that is kept.
    pub(crate) fn put_secret(&self, secret: &[u8; 32]) -> anyhow::Result<[u8; 32]> {
        Self::keep_secret(&self.0, secret)
    }

    /// The same for a folder in which no shop runs.
    pub(crate) fn keep_secret(folder: &Path, secret: &[u8; 32]) -> anyhow::Result<[u8; 32]> {
        let path = folder.join("secret");
        create_private(&path, hex(secret).as_bytes())?;
        Self::kept_secret(folder)?
            .with_context(|| format!("{} was removed meanwhile", path.display()))
    }

    /// Keeps one more small file, unless there is one of that name.
    pub(crate) fn keep(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        create_private(&folder.join(name), bytes)
    }

    /// Refuses a secret other than the one that this folder's shop has.
    pub(crate) fn agree(&self, given: Option<&[u8; 32]>) -> anyhow::Result<()> {
        let Some(given) = given else { return Ok(()) };
        if Self::kept_secret(&self.0)?.is_some_and(|kept| kept != *given) {
            bail!(
                "the given shop-secret is not that of the shop in {0}; start it without shop-secret, to use the one in {0}/secret, \
                 or name another folder with --data",
                self.0.display()
            );
        }
        Ok(())
    }

    /// The secret that is kept in the folder at `path`, if there is one.
    pub(crate) fn kept_secret(path: &Path) -> anyhow::Result<Option<[u8; 32]>> {
        let path = path.join("secret");
        match read_file(&path) {
            Ok(text) => parse_secret(&String::from_utf8_lossy(text.trim_ascii()))
                .map(Some)
                .with_context(|| {
                    format!(
                        "{} does not contain the shop's secret; restore it from a backup",
                        path.display()
                    )
                }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Saves settings that must not change between starts; an error if one has changed.
    pub(crate) fn fix(&self, currency: &Currency) -> anyhow::Result<()> {
        let path = self.0.join("shop.json");
        if !path.exists() {
            let fixed = Fixed { currency: currency.clone() };
            create_private(&path, &serde_json::to_vec_pretty(&fixed)?)?;
        }
        let fixed = Self::currency(&self.0)?
            .with_context(|| format!("{} was removed while the shop started", path.display()))?;
        if fixed != *currency {
            bail!(
                "the shop's currency is {fixed}, fixed at its first start, and cannot become {currency}"
            );
        }
        Ok(())
    }

    /// The currency that is fixed in the folder at `path`, if a shop has begun there.
    pub(crate) fn currency(path: &Path) -> anyhow::Result<Option<Currency>> {
        let path = path.join("shop.json");
        let bytes = match read_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("{} cannot be read", path.display()))?,
        };
        let fixed = serde_json::from_slice::<Fixed>(&bytes).ok().with_context(|| {
            format!(
                "{} does not say the shop's currency; put it back from a backup, or remove it: the next start writes it again from the \
                 setting currency",
                path.display()
            )
        })?;
        Ok(Some(fixed.currency))
    }

    /// What is to be watched while the process runs: the folder's small files as they are now, and these databases.
    pub(crate) fn watch(&self, databases: Vec<PathBuf>) -> Watch {
        Watch::new(&self.0, databases)
    }
}

/// The content of a small file. Anything but a regular file is refused: a pipe would be waited on without end.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    fs::read(path)
}

/// Says so if others may enter a folder that was there before: its files are their owner's alone, but their names are not.
fn report_rights(path: &Path) {
    let Ok(folder) = fs::metadata(path) else { return };
    let mode = folder.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            "other users of this machine may enter the data folder {0} (mode {mode:o}), which holds personal data and the shop's secret: chmod 700 {0}",
            path.display()
        );
    }
}

/// A name for a file that no other process uses.
fn aside(name: &str) -> anyhow::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).context("the OS random generator failed")?;
    Ok(format!("{name}.{:016x}", u64::from_le_bytes(random)))
}

/// Creates a file for its owner only, whole and durable, unless there is one already: that one stays.
///
/// A hard link is what makes it atomic, between processes and between machines that share the folder.
fn create_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let aside = path.with_file_name(aside(name)?);
    let create = || {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match fs::hard_link(&aside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let created = create();
    let _not_there_if_it_failed_early = fs::remove_file(&aside);
    created
        .and_then(|()| fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all())
        .with_context(|| format!("{} cannot be created", path.display()))
}

/// Writes a file for its owner only in the place of the one that is there: whole or not at all, whatever happens meanwhile.
fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let aside = path.with_file_name(aside(name)?);
    let written = || {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&aside, path)
    };
    written().inspect_err(|_| _ = fs::remove_file(&aside))?;
    Ok(())
}

/// A key as 64 hex digits.
pub(crate) fn hex(key: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*key).to_hex().to_string()
}

/// A key of 64 hex digits.
pub(crate) fn parse_secret(hex: &str) -> Option<[u8; 32]> {
    let mut secret = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in secret.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_drawn_once_and_kept_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(&folder.path().join("shop")).expect("a new folder");
        assert_eq!(data.secret().expect("a new folder"), None);
        let secret = data.draw_secret().expect("drawn");
        assert_eq!(data.draw_secret().expect("another start was faster"), secret);
        assert_eq!(data.secret().expect("kept"), Some(secret));
        let mode = fs::metadata(data.path().join("secret")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!((parse_secret("abc"), parse_secret(&"zz".repeat(32))), (None, None));
    }

    #[test]
    fn a_lost_secret_is_not_replaced_behind_the_shops_back() {
        for left in ["log", "shop.json", "log.json", "seen.json"] {
            let folder = tempfile::tempdir().expect("a folder");
            let data = DataFolder::open(folder.path()).expect("the folder");
            fs::write(folder.path().join(left), "").expect("a file");
            let said = data.secret().expect_err(left).to_string();
            assert!(said.contains(left) && said.contains("backup"), "{said}");
        }
    }

    #[test]
    fn the_currency_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(folder.path()).expect("the folder");
        let [euro, franc] = ["EUR", "CHF"].map(|code| Currency::parse(code).expect("a code"));
        data.fix(&euro).expect("first");
        data.fix(&euro).expect("again");
        assert!(data.fix(&franc).expect_err("another").to_string().contains("EUR"));
    }
}
