//! A system's environment: clock, randomness, files and bus. The machine's in production, simulated in a test kit's world.

use std::sync::Arc;

use anyhow::Context as _;
use eventlog::{Files, Options, OsFiles};
use kernel::{Clock, Ids};
use runtime::{Tasks, clock::SystemClock};
use store::Transport;

/// The surroundings of a system.
pub struct Environment {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids and random bytes.
    pub ids: Arc<Ids>,
    /// Runs the tasks of the system, and stops them.
    pub tasks: Tasks,
    /// Where the own log is kept.
    pub files: Arc<dyn Files>,
    /// How the own log is opened.
    pub log: Options,
    /// The bus, in place of the one that the settings name.
    pub transport: Option<Arc<dyn Transport>>,
}

impl Environment {
    /// This machine, with its clock, its randomness and its disk.
    pub fn real() -> anyhow::Result<Self> {
        let (mut seed, mut salt) = ([0; 32], [0; 16]);
        getrandom::fill(&mut seed).context("the OS random generator failed")?;
        getrandom::fill(&mut salt).context("the OS random generator failed")?;
        Ok(Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(Ids::from_seed(seed)),
            tasks: Tasks::new(),
            files: Arc::new(OsFiles),
            log: Options::new(salt),
            transport: None,
        })
    }
}
