//! The parts that a process can run: all of them, or some of them beside other processes.

use std::{collections::BTreeSet, sync::LazyLock};

use clap::{ValueEnum, builder::PossibleValue};

/// A part of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    EventStore,
    /// A service of the list, by its name.
    Service(&'static str),
    Gateway,
    Storefront,
    Backoffice,
}

/// What one process runs.
#[derive(Clone, Debug)]
pub(crate) struct Parts(BTreeSet<Part>);

/// Every part, in the order in which they are listed.
static ALL: LazyLock<Vec<Part>> = LazyLock::new(|| {
    let sites = [Part::Gateway, Part::Storefront, Part::Backoffice];
    let services = registry::names().map(Part::Service);
    std::iter::once(Part::EventStore).chain(services).chain(sites).collect()
});

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.about()))
    }
}

impl Part {
    pub(crate) const CUSTOMER: Self = Self::Service(customer::NAME);
    pub(crate) const PRODUCT: Self = Self::Service(product::NAME);
    pub(crate) const ORDER: Self = Self::Service(order::NAME);

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EventStore => "event-store",
            Self::Service(name) => name,
            Self::Gateway => "gateway",
            Self::Storefront => "storefront",
            Self::Backoffice => "backoffice",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::EventStore => "Records events and hands them out",
            Self::Service(name) => registry::find(name).map_or("", |module| module.about),
            Self::Gateway => "One address for all services",
            Self::Storefront => "The shoppers' website",
            Self::Backoffice => "The managers' website",
        }
    }

    /// Whether it is a website: a client of the gateway, with no business on the bus.
    fn is_site(self) -> bool {
        matches!(self, Self::Storefront | Self::Backoffice)
    }
}

impl Parts {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self::of(ALL.iter().copied())
    }

    pub(crate) fn of(parts: impl IntoIterator<Item = Part>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// Whether nothing is missing.
    pub(crate) fn has_all(&self) -> bool {
        self.0.len() == ALL.len()
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }

    /// The services among them, in the order in which they are started.
    pub(crate) fn services(&self) -> impl Iterator<Item = &'static registry::Module> + use<'_> {
        registry::SERVICES.iter().copied().filter(|module| self.has(Part::Service(module.name)))
    }

    /// Whether any of them takes part in the bus.
    pub(crate) fn on_the_bus(&self) -> bool {
        self.0.iter().any(|part| !part.is_site())
    }

    pub(crate) fn has_site(&self) -> bool {
        self.0.iter().any(|part| part.is_site())
    }

    /// The names of all, for people.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> =
            ALL.iter().filter(|part| self.has(**part)).map(|part| part.name()).collect();
        names.join(", ")
    }
}
