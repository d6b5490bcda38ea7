//! Address and credentials of the shop: flags shared by all tools.

use std::{env, fs, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;

use super::Client;

/// How to reach a shop.
#[derive(Args, Clone, Debug)]
pub(crate) struct Access {
    /// Where the shop's gateway answers
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) manager: Manager,
}

/// Who logs in.
///
/// The password comes from the variable `AGORA_ADMIN_PASSWORD`, from the file that `AGORA_ADMIN_PASSWORD_FILE` names, or
/// from a prompt; never from the command line, where every user of the machine could read it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Manager {
    /// The manager to log in as
    #[arg(
        long,
        default_value = "admin",
        value_name = "NAME",
        help = "The manager to log in as; the password comes from AGORA_ADMIN_PASSWORD, AGORA_ADMIN_PASSWORD_FILE or a prompt"
    )]
    pub(crate) user: String,
    /// How many seconds one request is repeated while the shop is away or busy
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) patience: u64,
}

impl Access {
    /// A client that is logged in as a manager.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        self.manager.log_in(&self.url).await
    }
}

impl Manager {
    pub(crate) async fn log_in(&self, url: &str) -> anyhow::Result<Client> {
        let client = Client::new(url, Duration::from_secs(self.patience))?;
        let password = self.password()?;
        client
            .log_in(&self.user, &password)
            .await
            .with_context(|| format!("logging in as {} failed", self.user))?;
        Ok(client)
    }

    fn password(&self) -> anyhow::Result<String> {
        if let Ok(password) = env::var("AGORA_ADMIN_PASSWORD") {
            return Ok(password);
        }
        if let Some(path) = env::var_os("AGORA_ADMIN_PASSWORD_FILE") {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("the password file {} cannot be read", path.display()))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        match rpassword::prompt_password(format!("Password of {}: ", self.user)) {
            Ok(password) => Ok(password),
            Err(_) => bail!(
                "no password: set AGORA_ADMIN_PASSWORD or AGORA_ADMIN_PASSWORD_FILE, or run this in a terminal"
            ),
        }
    }
}
