//! The services of the shop: the one list that everything else reads.
//!
//! Every service listed here is run, rebuilt, checked, compared, logged, awaited by the gateway and part of every seeded world. What
//! must be named by hand all the same (the files in `deploy/`, `docs/asyncapi.yaml`) is held against this list by
//! `cargo xtask test rules` and `deploy`.

pub use module::{
    Extensions, Filled, ModelPlace, ModelSetting, Module, Setup, ShopSettings, StartError,
};

/// All services, in the order in which they are started.
pub const SERVICES: &[&Module] = &[
    &customer::MODULE,
    &product::MODULE,
    &order::MODULE,
    &accounting::MODULE,
    #[cfg(feature = "loyalty")]
    &loyalty::MODULE,
];

/// The names of all services.
pub fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|module| module.name)
}

/// The service of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Module> {
    SERVICES.iter().find(|module| module.name == name).copied()
}
