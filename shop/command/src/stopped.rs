//! A stopped shop on this machine: its data folder, and the log that its settings name.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args as ClapArgs;

use crate::{
    config::{Flags, Settings},
    process::{Store, event_store},
};

/// Where everything of a stopped shop is.
pub(crate) struct Stopped {
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
}

/// The settings by which a stopped shop is found. They are read as `agora up` reads them.
#[derive(ClapArgs, Debug)]
pub(crate) struct Args {
    /// The shop's data folder [default: ./agora-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The shop's event store, log:DIR [default: log:DATA/log]
    #[arg(long, value_name = "URL")]
    event_store: Option<String>,
    /// A file of settings (TOML) instead of ./agora.toml
    #[arg(long, value_name = "FILE", env = "AGORA_CONFIG")]
    config: Option<PathBuf>,
}

impl Args {
    pub(crate) fn find(self) -> anyhow::Result<Stopped> {
        let data = self.data.as_deref().map(text).transpose()?.map(|data| ("data", data));
        let store = self.event_store.map(|store| ("event-store", store));
        Stopped::of(&Flags::given(data.into_iter().chain(store), self.config).resolve()?)
    }
}

impl Stopped {
    /// The shop in this data folder; its log is where the settings of `agora up` say.
    pub(crate) fn at(data: &Path) -> anyhow::Result<Self> {
        Self::of(&Flags::given([("data", text(data)?)], None).resolve()?)
    }

    /// What else the settings say.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Flags::given([("data", text(&self.data)?)], None).resolve()?)
    }

    /// The shop that these settings are of.
    pub(crate) fn of(settings: &Settings) -> anyhow::Result<Self> {
        settings.check_addresses()?;
        let data = PathBuf::from(settings.text("data").unwrap_or_default());
        match event_store(settings)? {
            Store::Log(log) => Ok(Self { data, log }),
            Store::MongoDb(_) => Err(settings
                .invalid(
                    "event-store",
                    "this command works on a shop's own log, not on a MongoDB server: use the server's own tools, or first copy its events \
                     into a log with `agora store copy`",
                )
                .into()),
        }
    }
}

fn text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8 text", path.display()))?;
    Ok(text.to_owned())
}
