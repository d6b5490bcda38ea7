//! Where a read model lives: in a database of its own, or on a server.

use std::{convert::Infallible, marker::PhantomData, str::FromStr};

use crate::{LocationError, sqlite};

/// Where a read model lives: in a database of this instance's own, or on a server (`S`) that all instances share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelLocation<S> {
    /// A database of this instance's own.
    Sqlite(sqlite::Location),
    /// A server that all instances share.
    Server(S),
}

/// A read model's place on a server.
pub trait ServerLocation: FromStr<Err = LocationError> {
    /// What its address begins with.
    const SCHEMES: &'static [&'static str];
    /// All forms of a location, for error messages.
    const FORMS: &'static str;
}

impl<S> From<sqlite::Location> for ModelLocation<S> {
    fn from(location: sqlite::Location) -> Self {
        Self::Sqlite(location)
    }
}

impl<S: ServerLocation> FromStr for ModelLocation<S> {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => text.parse().map(Self::Sqlite),
            Some(scheme) if S::SCHEMES.contains(&scheme) => text.parse().map(Self::Server),
            _ => Err(LocationError::Scheme(S::FORMS)),
        }
    }
}

/// The place of a read model on a server whose engine this program was built without: it can be named, and not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut<E>(Infallible, PhantomData<E>);

/// An engine that a program can be built without.
pub trait Optional {
    /// The engine's name, for error messages.
    const ENGINE: &'static str;
    /// The feature of the program that adds it.
    const FEATURE: &'static str;
    /// As [`ServerLocation::SCHEMES`].
    const SCHEMES: &'static [&'static str];
    /// As [`ServerLocation::FORMS`].
    const FORMS: &'static str;
}

impl<E> LeftOut<E> {
    /// Nothing is there.
    pub fn never(&self) -> ! {
        match self.0 {}
    }
}

impl<E: Optional> ServerLocation for LeftOut<E> {
    const SCHEMES: &'static [&'static str] = E::SCHEMES;
    const FORMS: &'static str = E::FORMS;
}

impl<E: Optional> FromStr for LeftOut<E> {
    type Err = LocationError;

    fn from_str(_: &str) -> Result<Self, LocationError> {
        Err(LocationError::LeftOut(left_out(E::ENGINE, E::FEATURE)))
    }
}

/// What a user reads who names an engine that is not built in.
#[must_use]
pub fn left_out(engine: &str, feature: &str) -> String {
    format!(
        "needs {engine}, which this command was built without: build it with `cargo build --release --features {feature}`, or with \
         everything: `--features full`"
    )
}
