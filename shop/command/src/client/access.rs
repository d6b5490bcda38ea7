//! Address and credentials of the shop: flags shared by all tools.

use std::{env, fs, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{Client, Place, sessions};

/// Who logs in unless another user is named.
const ADMIN: &str = "admin";

/// How to reach a shop.
#[derive(Args, Clone, Debug)]
pub(crate) struct Access {
    #[command(flatten)]
    pub(crate) place: Place,
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
        value_name = "NAME",
        help = "Whose session of `agora login` is used, or who logs in with the password of AGORA_ADMIN_PASSWORD, AGORA_ADMIN_PASSWORD_FILE or a prompt [default: admin]"
    )]
    pub(crate) user: Option<String>,
    /// How many seconds a request is retried while the shop is down or busy
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) patience: u64,
}

impl Access {
    /// A client that is logged in as a manager.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        self.manager.log_in(&self.place.address()).await
    }

    /// A client with the kept session, if there is one: it is good also while nobody can log in.
    pub(crate) fn kept(&self) -> anyhow::Result<Option<Client>> {
        let client = self.manager.client(&self.place.address())?;
        let Some(session) = self.manager.kept(&client)? else { return Ok(None) };
        client.resume(&session.token)?;
        Ok(Some(client))
    }
}

impl Manager {
    /// A client with the given password's session, the kept one, or one of a password that is asked for.
    pub(crate) async fn log_in(&self, url: &str) -> anyhow::Result<Client> {
        let client = self.client(url)?;
        if let Some(password) = given_password()? {
            self.begin(&client, &password).await?;
            return Ok(client);
        }
        match self.kept(&client)? {
            Some(session) => client.resume(&session.token)?,
            None => _ = self.begin(&client, &self.ask()?).await?,
        }
        Ok(client)
    }

    /// Logs in with a password, even if a session is kept: what the shop said of it.
    pub(crate) async fn log_in_with_password(
        &self,
        url: &str,
    ) -> anyhow::Result<(Client, sessions::Session)> {
        let client = self.client(url)?;
        let password = match given_password()? {
            Some(password) => password,
            None => self.ask()?,
        };
        let session = self.begin(&client, &password).await?;
        Ok((client, session))
    }

    fn kept(&self, client: &Client) -> anyhow::Result<Option<sessions::Session>> {
        let kept = sessions::load(&client.address())?;
        Ok(kept.filter(|kept| self.user.as_ref().is_none_or(|user| *user == kept.user_name)))
    }

    fn client(&self, url: &str) -> anyhow::Result<Client> {
        Ok(Client::new(url, Duration::from_secs(self.patience))?)
    }

    fn user(&self) -> &str {
        self.user.as_deref().unwrap_or(ADMIN)
    }

    async fn begin(&self, client: &Client, password: &str) -> anyhow::Result<sessions::Session> {
        let user = self.user();
        let session = client.log_in(user, password).await;
        session.with_context(|| format!("logging in as {user} failed"))
    }

    fn ask(&self) -> anyhow::Result<String> {
        match rpassword::prompt_password(format!("Password of {}: ", self.user())) {
            Ok(password) => Ok(password),
            Err(_) => bail!(
                "no password: log in once with `agora login`, set AGORA_ADMIN_PASSWORD or AGORA_ADMIN_PASSWORD_FILE, or run this in a terminal"
            ),
        }
    }
}

fn given_password() -> anyhow::Result<Option<String>> {
    if let Ok(password) = env::var("AGORA_ADMIN_PASSWORD") {
        return Ok(Some(password));
    }
    let Some(path) = env::var_os("AGORA_ADMIN_PASSWORD_FILE") else { return Ok(None) };
    let text = fs::read_to_string(&path)
        .with_context(|| format!("the password file {} cannot be read", path.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}
