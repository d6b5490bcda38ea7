//! What can be chosen about a system without changing its code: where its data, its bus, its event store and its read models are.

use std::{env, path::PathBuf, str::FromStr};

use anyhow::{Context as _, bail, ensure};

/// The longest name of a system.
const NAME_MAX: usize = 40;

/// The choices. [`Settings::from_env`] reads them from variables that begin with the system's name, such as `BANK_BUS`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the system is called: 1 to 40 of `a-z 0-9 -`, beginning with a letter.
    pub name: &'static str,
    /// `NAME_DATA`: the folder of everything that this process keeps, `NAME-data` by default.
    pub data: PathBuf,
    /// `NAME_BUS`: what joins several processes to one system.
    pub bus: Bus,
    /// `NAME_STORE`: where the events are.
    pub store: EventStore,
    /// `NAME_MODELS`: where read models are.
    pub models: Models,
    /// `NAME_LISTEN`: the address to answer at, in place of the one that the program names.
    pub listen: Option<String>,
}

/// What carries events and requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bus {
    /// `memory:`, within this process.
    #[default]
    Memory,
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST`, a RabbitMQ broker.
    RabbitMq(String),
}

/// Where the events are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventStore {
    /// The own log, in the folder `log` of the data folder.
    #[default]
    Own,
    /// `log:DIR`, the own log in another folder.
    Log(PathBuf),
    /// `mongodb://…`, a database.
    MongoDb(String),
    /// `bus:`, another process of the system has them and serves them on the bus.
    OnTheBus,
}

/// Where read models are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Models {
    /// A SQLite file for each, in the data folder.
    #[default]
    Own,
    /// `sqlite:DIR`, a SQLite file for each in another folder.
    Sqlite(PathBuf),
    /// `postgres://…`, a schema for each in a PostgreSQL database that all instances share.
    Postgres(String),
    /// In memory, under a name that nothing else in the process has: for tests.
    Memory(String),
}

impl Settings {
    /// The defaults: everything in one folder and one process.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            data: PathBuf::from(format!("{name}-data")),
            bus: Bus::default(),
            store: EventStore::default(),
            models: Models::default(),
            listen: None,
        }
    }

    /// The defaults, but for what the environment says.
    pub fn from_env(name: &'static str) -> anyhow::Result<Self> {
        Self::read(name, |variable| match env::var(variable) {
            Ok(value) => Ok(Some(value)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(error) => Err(error).with_context(|| variable.to_owned()),
        })
    }

    fn read(
        name: &'static str,
        given: impl Fn(&str) -> anyhow::Result<Option<String>>,
    ) -> anyhow::Result<Self> {
        let given = |what: &str| {
            let variable = format!("{}_{what}", name.to_uppercase().replace('-', "_"));
            given(&variable).map(|value| value.map(|value| Given { variable, value }))
        };
        let defaults = Self::new(name);
        defaults.check()?;
        Ok(Self {
            name,
            data: given("DATA")?.map_or(defaults.data, |given| given.value.into()),
            bus: given("BUS")?.map_or(Ok(defaults.bus), Given::parse)?,
            store: given("STORE")?.map_or(Ok(defaults.store), Given::parse)?,
            models: given("MODELS")?.map_or(Ok(defaults.models), Given::parse)?,
            listen: given("LISTEN")?.map(|given| given.value),
        })
    }

    /// Whether they can be used together.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            is_plain(self.name),
            "{:?} cannot name a system: give 1 to {NAME_MAX} of a-z, 0-9 and '-', beginning with a letter",
            self.name
        );
        if (&self.bus, &self.store) == (&Bus::Memory, &EventStore::OnTheBus) {
            bail!(
                "an event store on the bus needs a bus between processes; name it, such as amqp://…"
            );
        }
        Ok(())
    }
}

/// Whether a text can name a system or a read model, whatever engine holds it.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_MAX).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(plain)
}

/// A variable with its value.
struct Given {
    variable: String,
    value: String,
}

impl Given {
    fn parse<T: FromStr<Err = anyhow::Error>>(self) -> anyhow::Result<T> {
        // The value may hold a password.
        self.value.parse().with_context(|| format!("{} cannot be used", self.variable))
    }
}

impl FromStr for Bus {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text.split_once(':') {
            Some(("memory", "")) => Self::Memory,
            Some(("amqp", _)) => Self::RabbitMq(text.to_owned()),
            _ => bail!("a bus is memory: or amqp://USER:PASSWORD@HOST:PORT/VHOST"),
        })
    }
}

impl FromStr for EventStore {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text.split_once(':') {
            Some(("bus", "")) => Self::OnTheBus,
            Some(("log", folder)) if !folder.is_empty() => Self::Log(folder.into()),
            Some(("mongodb" | "mongodb+srv", _)) => Self::MongoDb(text.to_owned()),
            _ => bail!("an event store is log:DIR, mongodb://… or bus: (another process has it)"),
        })
    }
}

impl FromStr for Models {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text.split_once(':') {
            Some(("sqlite", folder)) if !folder.is_empty() => Self::Sqlite(folder.into()),
            Some(("postgres" | "postgresql", _)) => Self::Postgres(text.to_owned()),
            _ => bail!(
                "read models are at sqlite:DIR or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let values: Vec<(String, String)> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read("corner-bank", move |variable| {
            let found = values.iter().find(|(name, _)| name == variable);
            Ok(found.map(|(_, value)| value.clone()))
        })
    }

    #[test]
    fn urls_choose_engines() {
        let bare = read(&[]).expect("defaults");
        assert_eq!(
            (bare.bus, bare.store, bare.models),
            (Bus::Memory, EventStore::Own, Models::Own)
        );
        assert_eq!(bare.data, PathBuf::from("corner-bank-data"));
        let other = read(&[
            ("CORNER_BANK_BUS", "amqp://guest:guest@localhost"),
            ("CORNER_BANK_STORE", "bus:"),
            ("CORNER_BANK_MODELS", "postgres://localhost/bank"),
        ]);
        let other = other.expect("URLs");
        assert!(matches!(other.bus, Bus::RabbitMq(_)) && other.store == EventStore::OnTheBus);
        assert!(matches!(other.models, Models::Postgres(_)) && other.check().is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_value() {
        for (variable, value) in [
            ("BUS", "kafka://secret"),
            ("STORE", "log:"),
            ("STORE", "secret"),
            ("MODELS", "mysql://secret"),
        ] {
            let error = read(&[(&format!("CORNER_BANK_{variable}"), value)]).expect_err(value);
            let error = format!("{error:#}");
            assert!(
                error.starts_with(&format!("CORNER_BANK_{variable} cannot be used")),
                "{error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
        let alone = Settings { store: EventStore::OnTheBus, ..Settings::new("bank") };
        assert!(alone.check().is_err(), "no process serves the store");
        for name in ["", "Bank", "1bank", "a_b"] {
            assert!(Settings::new(name).check().is_err(), "{name:?}");
        }
    }
}
