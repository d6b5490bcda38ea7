//! `agora keys`: prints keys derived from the shop's secret, for processes that must not see the secret itself.

use anyhow::Context as _;
use clap::Args as ClapArgs;
use customer::Secrets;
use serde::Serialize;

use crate::{
    config::Flags,
    data_folder::{DataFolder, hex, parse_secret},
    outcome::Outcome,
    process::cookies,
    term,
};

const HELP: &str = "\
The customer service needs the shop's secret itself (shop-secret). The other services and the gateway only check tokens:
token-key, which is public, is enough for them. Websites need cookie-key, which seals their visitors' sessions.

Examples:
  AGORA_SHOP_SECRET_FILE=/run/secrets/shop agora keys
  agora keys --data ./agora-data --json

Exit codes: 0 printed, 1 there is no secret.";

/// Print the keys that derive from the shop's secret
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Flags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Keys {
    token_key: String,
    cookie_key: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let settings = args.settings.resolve()?;
    let secret = match settings.text("shop-secret") {
        Some(given) => parse_secret(given)
            .ok_or_else(|| settings.invalid("shop-secret", "must be 64 hex digits"))?,
        None => DataFolder::kept_secret(settings.text("data").unwrap_or_default().as_ref())
            ?.context("give the shop's secret (AGORA_SHOP_SECRET), or the data folder that contains it (--data)")?,
    };
    let keys = Keys {
        token_key: hex(&Secrets::derive(&secret).verifier().public_key()),
        cookie_key: hex(&cookies(&secret)),
    };
    if args.json {
        term::json(&keys)?;
    } else {
        term::line(format_args!("token-key  {}", keys.token_key))?;
        term::line(format_args!("cookie-key {}", keys.cookie_key))?;
    }
    Ok(Outcome::Done)
}
