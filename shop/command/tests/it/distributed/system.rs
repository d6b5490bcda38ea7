//! What the tests do with a distributed shop.

use servers::System;
use tokio::process::Command;

use crate::{
    run::program,
    shop::{PASSWORD, Person, visitor},
};

/// The built command.
pub(super) const AGORA: &str = env!("CARGO_BIN_EXE_agora");

pub(super) async fn manager(system: &System) -> Person {
    visitor(system.url()).log_in("admin", PASSWORD).await
}

/// A command against the system's gateway, as its manager.
pub(super) fn tool(system: &System, args: &[&str]) -> Command {
    let mut command = program();
    command.env("AGORA_ADMIN_PASSWORD", PASSWORD).args(args).args(["--url", system.url()]);
    command
}
