//! `agora login` and `agora logout`: a session that later commands use, so that none of them needs a password.

use clap::Args as ClapArgs;

use crate::{
    client::{Access, Client, Error, Place, Request, sessions},
    outcome::Outcome,
    term,
};

const LOGIN_HELP: &str = "\
The session is kept in a file of the user's own (mode 600) in $XDG_CONFIG_HOME/agora/sessions, else ~/.config/agora/sessions,
one for each shop. It holds a token that is valid for 12 hours, never the password. A password in AGORA_ADMIN_PASSWORD or
AGORA_ADMIN_PASSWORD_FILE takes precedence over a session.

Examples:
  agora login
  agora login --url http://shop:8080 --user ada

Exit codes: 0 logged in, 1 failed, 2 wrong usage.";

const LOGOUT_HELP: &str = "\
From then on the shop refuses the session's token, including copies of it.

Examples:
  agora logout

Exit codes: 0 logged out, 1 failed, 2 wrong usage.";

/// Log in once, for the commands that follow
#[derive(ClapArgs, Debug)]
#[command(after_help = LOGIN_HELP)]
pub(crate) struct LogIn {
    #[command(flatten)]
    access: Access,
}

/// End the session that `agora login` began
#[derive(ClapArgs, Debug)]
#[command(after_help = LOGOUT_HELP)]
pub(crate) struct LogOut {
    #[command(flatten)]
    place: Place,
}

pub(crate) async fn log_in(args: LogIn) -> anyhow::Result<Outcome> {
    let access = args.access;
    let (client, session) = access.manager.log_in_with_password(&access.place.address()).await?;
    let address = client.address();
    let kept = sessions::save(&address, &session)?;
    term::line(format_args!(
        "Logged in at {address} as {} until {}; `agora logout` ends it. The session is kept in {}",
        session.user_name,
        session.expires_at,
        kept.display()
    ))?;
    Ok(Outcome::Done)
}

pub(crate) async fn log_out(args: LogOut) -> anyhow::Result<Outcome> {
    let client = Client::new(&args.place.address(), std::time::Duration::ZERO)?;
    let address = client.address();
    let Some(session) = sessions::load(&address)? else {
        term::line(format_args!("No session at {address} is kept here."))?;
        return Ok(Outcome::Done);
    };
    client.resume(&session.token)?;
    let ended = client.send(&Request::post("/customer/logout-user", &())).await;
    sessions::forget(&address)?;
    match ended {
        Ok(_) => term::line(format_args!("Logged out at {address}."))?,
        Err(Error::SessionEnded { .. }) => {
            term::line(format_args!("The session at {address} had already ended."))?;
        }
        Err(error) => term::line(format_args!(
            "The session is no longer kept here, but the shop could not be asked to end it: it is valid until {}. {error}",
            session.expires_at
        ))?,
    }
    Ok(Outcome::Done)
}
