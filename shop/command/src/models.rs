//! The read models by the services that own them, as arguments and as places to open.

use std::sync::LazyLock;

use clap::{ValueEnum, builder::PossibleValue};
use jiff::tz::TimeZone;
use registry::{Filled, ModelPlace, Module};
use runtime::sqlite::Location;

use crate::config::Settings;

/// A read model by the service that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model(&'static Module);

/// The read models of all services.
static ALL: LazyLock<Vec<Model>> =
    LazyLock::new(|| registry::SERVICES.iter().copied().map(Model).collect());

impl ValueEnum for Model {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl Model {
    pub(crate) fn of(module: &'static Module) -> Self {
        Self(module)
    }

    /// The service.
    pub(crate) fn module(self) -> &'static Module {
        self.0
    }

    /// The models of all services.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        ALL.iter().copied()
    }

    /// The setting that says where the model lives.
    pub(crate) fn setting(self) -> &'static str {
        self.0.model.name
    }

    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    /// Opens the model that the settings name, and returns how to fill it; years and months begin in `time_zone`.
    pub(crate) async fn open(
        self,
        settings: &Settings,
        time_zone: &TimeZone,
    ) -> anyhow::Result<Box<dyn Filled>> {
        let setting = self.setting();
        settings.read(setting, self.0.check_model)?;
        let place = ModelPlace::Named(settings.text(setting).unwrap_or_default().to_owned());
        Ok((self.0.open_model)(place, time_zone).await?)
    }

    /// An empty model in memory to compare with.
    pub(crate) async fn fresh(
        self,
        name: &str,
        time_zone: &TimeZone,
    ) -> anyhow::Result<Box<dyn Filled>> {
        self.open_at(Location::Memory(name.to_owned()), time_zone).await
    }

    /// The model in a database.
    pub(crate) async fn open_at(
        self,
        location: Location,
        time_zone: &TimeZone,
    ) -> anyhow::Result<Box<dyn Filled>> {
        Ok((self.0.open_model)(ModelPlace::Embedded(location), time_zone).await?)
    }
}
