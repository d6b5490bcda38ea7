//! The data folder: made private, with the shop's secret and what was fixed at the first start.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use kernel::Currency;
use serde::{Deserialize, Serialize};

/// What is fixed once the shop has begun.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fixed {
    currency: Currency,
}

/// The folder that a shop keeps everything in.
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// Makes the folder if it is not there, for its owner only, and sees that it can be written to.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| {
            format!("the data folder {} cannot be made; name another with --data", path.display())
        })?;
        let probe = path.join(".writable");
        let written = fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe));
        written.with_context(|| {
            format!("the data folder {} cannot be written to; give it to this user or name another with --data", path.display())
        })?;
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The secret from which the shop's keys are derived, drawn at the first start.
    pub(crate) fn secret(&self) -> anyhow::Result<[u8; 32]> {
        match Self::kept_secret(&self.0)? {
            Some(secret) => Ok(secret),
            None => self.draw_secret(&self.0.join("secret")),
        }
    }

    /// The secret that is kept in the folder at `path`, if there is one.
    pub(crate) fn kept_secret(path: &Path) -> anyhow::Result<Option<[u8; 32]>> {
        let path = path.join("secret");
        match fs::read_to_string(&path) {
            Ok(text) => parse_secret(text.trim()).map(Some).with_context(|| {
                format!(
                    "{} does not hold the shop's secret; put it back from a backup",
                    path.display()
                )
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    fn draw_secret(&self, path: &Path) -> anyhow::Result<[u8; 32]> {
        if self.0.join("log").exists() {
            bail!(
                "{} is missing, though the shop has a log: put it back from a backup, or nobody can log in any more",
                path.display()
            );
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).context("the system has no randomness")?;
        write_private(path, hex(&secret).as_bytes())?;
        Ok(secret)
    }

    /// Fixes what must not change from one start to the next, or says what was changed.
    pub(crate) fn fix(&self, currency: &Currency) -> anyhow::Result<()> {
        let path = self.0.join("shop.json");
        match fs::read(&path) {
            Ok(bytes) => {
                let fixed: Fixed = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                if fixed.currency != *currency {
                    bail!(
                        "the shop's currency is {}, fixed at its first start, and cannot become {currency}",
                        fixed.currency
                    );
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_private(
                &path,
                &serde_json::to_vec_pretty(&Fixed { currency: currency.clone() })?,
            ),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }
}

/// Writes a file for its owner only, whole or not at all, and durably.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let aside = path.with_extension("new");
    let write = || {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
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
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(&folder.path().join("shop")).expect("a new folder");
        let secret = data.secret().expect("drawn");
        assert_eq!(data.secret().expect("kept"), secret);
        let mode = fs::metadata(data.path().join("secret")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!((parse_secret("abc"), parse_secret(&"zz".repeat(32))), (None, None));
    }

    #[test]
    fn a_lost_secret_is_not_replaced_behind_the_shops_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(folder.path()).expect("the folder");
        fs::create_dir(folder.path().join("log")).expect("a log");
        assert!(data.secret().expect_err("missing").to_string().contains("backup"));
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
