//! What defines a service of the shop, in one place: everything that the command, the worlds and the tests know of it.
//!
//! Each service has a `module.rs` with its [`Module`]; the crate `registry` lists them.

mod filled;
mod steps;

use std::{fmt, str::FromStr, time::Duration};

use contracts::money::{Currency, Money};
use futures_util::future::BoxFuture;
use identity::Auth;
use jiff::tz::TimeZone;
use kernel::Recorded;
use runtime::{LocationError, ModelError, sqlite::Location};
use web::{Service, ServiceDeps};

pub use axum::http::Extensions;
pub use filled::{Filled, filled};
pub use steps::{Step, Steps};

/// A service of the shop.
pub struct Module {
    /// The first part of its routes, and its name on the command line, on the bus and in settings.
    pub name: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// What people cannot do while it does not answer, in a sentence or two: for those who run the shop.
    pub without: &'static str,
    /// The setting that says where its read model lives.
    pub model: ModelSetting,
    /// The categories of the streams that it records.
    pub records: &'static [&'static str],
    /// Whether its read model can live there.
    pub check_model: fn(&str) -> Result<(), LocationError>,
    /// Opens its read model by itself, such as one to rebuild or to compare with.
    pub open_model: fn(ModelPlace, &TimeZone) -> Starting<Box<dyn Filled>>,
    /// Builds it and spawns its tasks.
    pub build: fn(Setup) -> Starting<Service>,
    /// What an event in one of its streams means to people who watch the shop: a line, if it is worth one.
    pub tell: fn(&Recorded) -> Option<String>,
}

/// Something that will have started, unless it cannot.
pub type Starting<T> = BoxFuture<'static, Result<T, StartError>>;

/// The setting of a read model's place.
#[derive(Clone, Copy, Debug)]
pub struct ModelSetting {
    /// `NAME-model`.
    pub name: &'static str,
    /// `DATA` stands for the data folder.
    pub default: &'static str,
    pub help: &'static str,
}

/// Where a read model lives.
#[derive(Clone, Debug)]
pub enum ModelPlace {
    /// As its setting says.
    Named(String),
    /// In this embedded database.
    Embedded(Location),
}

impl ModelPlace {
    /// The place as the service writes it.
    pub fn location<L>(self) -> Result<L, LocationError>
    where
        L: FromStr<Err = LocationError> + From<Location>,
    {
        match self {
            Self::Named(text) => text.parse(),
            Self::Embedded(location) => Ok(location.into()),
        }
    }
}

/// What a service is built with.
pub struct Setup {
    /// Its surroundings, with figures and traces of its own.
    pub deps: ServiceDeps,
    pub auth: Auth,
    pub model: ModelPlace,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
    pub shop: ShopSettings,
    /// What one service alone is given, by its type.
    pub own: Extensions,
}

/// What holds for the whole shop.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    pub currency: Currency,
    /// In which years and months begin.
    pub time_zone: TimeZone,
    /// What every new customer may spend.
    pub welcome_credit: Money,
    /// How long an order may take before it is denied.
    pub order_deadline: Duration,
}

/// Why a service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Location(#[from] LocationError),
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A required dependency was not given.
    #[error("the {0} service is missing a required dependency: {1}")]
    Missing(&'static str, &'static str),
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({})", self.name)
    }
}

impl PartialEq for Module {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Module {}
