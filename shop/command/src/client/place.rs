//! Where the shop is that a tool talks to.

use std::{env, net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::config::Flags;

const VARIABLE: &str = "AGORA_URL";
const USUAL: &str = "http://127.0.0.1:8080";

/// The address of a shop's gateway.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// Where the shop's gateway answers
    #[arg(
        long,
        value_name = "URL",
        env = VARIABLE,
        hide_env_values = true,
        help = "Where the shop's gateway answers [default: where the settings here let it listen, else http://127.0.0.1:8080]"
    )]
    pub(crate) url: Option<String>,
}

impl Place {
    /// For a command that reads the variable for some of its options only.
    pub(crate) fn given(url: Option<String>) -> Self {
        let variable = || env::var(VARIABLE).ok().filter(|url| !url.is_empty());
        Self { url: url.or_else(variable) }
    }

    pub(crate) fn address(&self) -> String {
        self.url.clone().or_else(of_settings).unwrap_or_else(|| USUAL.to_owned())
    }
}

/// Where `agora up`, started here, would listen.
fn of_settings() -> Option<String> {
    let file = env::var_os("AGORA_CONFIG").map(PathBuf::from);
    // Settings that are wrong concern the shop, which says so; a tool may well work without them.
    let settings = Flags::given([], file).resolve().ok()?;
    let mut address: SocketAddr = settings.text("listen")?.parse().ok()?;
    if address.port() == 0 {
        return None;
    }
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        address.set_ip(loopback.parse().ok()?);
    }
    Some(format!("http://{address}"))
}
