//! Settings: one table of names, and for each the value from the nearest of flag, `AGORA_…` variable, `agora.toml`, default.

mod file;
mod mask;
mod sources;
mod table;

use std::{fmt, path::PathBuf};

pub(crate) use mask::masked;
pub(crate) use sources::{AllFlags, Flags, Settings};
pub(crate) use table::{SETTINGS, Setting};

/// Why the settings cannot be used; names the setting and where its value came from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{setting} = {value:?} ({origin}): {reason}")]
    Invalid { setting: String, value: String, origin: Origin, reason: String },
    #[error("{file}: {reason}")]
    File { file: PathBuf, reason: String },
    #[error("{file} has an unknown setting {name:?}; `agora config` lists all settings")]
    UnknownInFile { file: PathBuf, name: String },
    #[error("there is no setting for the variable {0}; `agora config` lists all settings")]
    UnknownVariable(String),
    #[error("{0} and {0}_FILE are both set: give only one of them")]
    SecretTwice(String),
    #[error("the value of the variable {0} is not UTF-8 text")]
    NotText(String),
}

impl ConfigError {
    /// Whether it is about the value of this setting.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        matches!(self, Self::Invalid { setting, .. } if setting == name)
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}
