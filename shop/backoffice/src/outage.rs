//! An outage of a part, as pages show it.

use std::time::Duration;

use kernel::Timestamp;
use serde::Deserialize;
use site::{Badge, Elapsed, Tone};
use web::watch;

/// A time in which a part did not work as it should.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Outage {
    #[serde(default)]
    pub(crate) part: String,
    pub(crate) state: State,
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum State {
    Degraded,
    Slow,
    NotReady,
    Away,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

/// A part that does not work as it should.
pub(crate) struct Trouble<'a> {
    pub(crate) name: &'a str,
    /// Whether it is one of the services that people's requests go to.
    pub(crate) is_service: bool,
    pub(crate) outage: &'a Outage,
    /// What people cannot do without it.
    pub(crate) without: &'a str,
}

impl<'a> Trouble<'a> {
    pub(crate) fn of(name: &'a str, outage: &'a Outage, without: &'a str) -> Self {
        Self { name, is_service: false, outage, without }
    }
}

impl State {
    /// Whether people cannot use the part.
    pub(crate) fn stops(self) -> bool {
        matches!(self, Self::NotReady | Self::Away)
    }

    pub(crate) fn badge(self) -> Badge {
        match self {
            Self::Degraded => Badge::new("Degraded", Tone::Warn),
            Self::Slow => Badge::new("Slow", Tone::Warn),
            Self::NotReady => Badge::new("Not ready", Tone::Bad),
            Self::Away => Badge::new("Does not answer", Tone::Bad),
            Self::Other => Badge::new("Not well", Tone::Warn),
        }
    }
}

impl Outage {
    /// How long it has lasted by `now`, or did last.
    pub(crate) fn lasted(&self, now: Timestamp) -> Elapsed {
        let seconds = self.until.unwrap_or(now).since(self.since).as_secs();
        Elapsed(Duration::from_secs(seconds.max(1)))
    }
}

impl From<watch::State> for State {
    fn from(state: watch::State) -> Self {
        match state {
            watch::State::Degraded => Self::Degraded,
            watch::State::Slow => Self::Slow,
            watch::State::NotReady => Self::NotReady,
            watch::State::Away => Self::Away,
            watch::State::Ready => Self::Other,
        }
    }
}

impl From<watch::Outage> for Outage {
    fn from(outage: watch::Outage) -> Self {
        let watch::Outage { part, state, reason, since, until } = outage;
        Self { part, state: state.into(), reason, since, until }
    }
}
