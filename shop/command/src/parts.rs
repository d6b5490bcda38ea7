//! The parts that a process can run: all of them, or some of them beside other processes.

use std::collections::BTreeSet;

use clap::ValueEnum;

/// A part of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Part {
    /// Records events and hands them out
    EventStore,
    /// Accounts, sessions, credit
    Customer,
    /// Catalogue and stock
    Product,
    /// Orders and their saga
    Order,
    /// Invoices and revenue
    Accounting,
    /// One address for all services
    Gateway,
    /// The shoppers' website
    Storefront,
    /// The managers' website
    Backoffice,
}

/// What one process runs.
#[derive(Clone, Debug)]
pub(crate) struct Parts(BTreeSet<Part>);

impl Part {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EventStore => "event-store",
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Order => "order",
            Self::Accounting => "accounting",
            Self::Gateway => "gateway",
            Self::Storefront => "storefront",
            Self::Backoffice => "backoffice",
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
        Self(Part::value_variants().iter().copied().collect())
    }

    pub(crate) fn of(parts: impl IntoIterator<Item = Part>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// Whether nothing is missing.
    pub(crate) fn has_all(&self) -> bool {
        self.0.len() == Part::value_variants().len()
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
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
        let names: Vec<&str> = self.0.iter().map(|part| part.name()).collect();
        names.join(", ")
    }
}
