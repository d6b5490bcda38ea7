//! The process's version: which schemas of events it reads, and what is therefore recorded.

use std::env;

use anyhow::Context as _;
use faults::Outdated;
use runtime::{
    Schemas, Upgrade, upgrade,
    upgrade::{Finished, Others},
};
use web::ServiceDeps;

use super::{
    choices::{Bus, Choices},
    store::OpenStore,
};

/// Makes a program of the version before of this one: `TYPE=SCHEMA`, such as `order.placed=1`, up to which it reads. For tests.
const OLDER: &str = "AGORA_TEST_READS";

/// Gives a process its version.
pub(super) fn set(deps: &mut ServiceDeps) -> anyhow::Result<()> {
    deps.base.schemas = Schemas::of(contracts::types());
    let Ok(older) = env::var(OLDER) else { return Ok(()) };
    let older = older.split_once('=').and_then(|(kind, reads)| Some((kind, reads.parse().ok()?)));
    let (kind, reads) = older.with_context(|| format!("{OLDER} is not TYPE=SCHEMA"))?;
    Outdated::reading(kind, reads).becomes(&mut deps.base, contracts::types());
    Ok(())
}

/// What ends upgrades of the shop that this process is, or belongs to. A log that a newer version has recorded in is refused before
/// anything is built on it.
pub(super) async fn upgrade(
    choices: &Choices,
    deps: &ServiceDeps,
    store: Option<&OpenStore>,
) -> anyhow::Result<Upgrade> {
    if let Some(store) = store {
        Finished::of(&store.read(&upgrade::last()).await?).apply(deps)?;
    }
    let others = if choices.bus == Bus::Memory { Others::None } else { Others::OnTheBus };
    Ok(Upgrade::new(deps, env!("CARGO_PKG_VERSION"), others, choices.upgrade_ends))
}
