//! Logging in and out.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use contracts::{
    customer::{self, Role},
    rest::customer::{LoggedOut, Session},
};
use identity::{self, Caller, Holder};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{At, Context, Json, Problem, Text};

use super::Calls;
use crate::{domain::Command, model::Credentials, password::Password, turns::Owner};

/// Retries for a customer whose revision changes meanwhile, before a log-in is refused with 503.
const LOOKS_MAX: usize = 8;
const RETRY: Duration = Duration::from_secs(1);

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct LogIn {
    #[schema(inline)]
    user_name: Text<1, 64>,
    #[schema(inline)]
    password: Password,
}

/// Begins a session: returns a token valid for 12 hours.
#[utoipa::path(post, path = "/login-user", tag = "customer", request_body = LogIn, responses(
    (status = 200, body = Session),
    (status = 401, description = "There is no such user, or the password is wrong."),
    (status = 429, description = "Too many failed log-ins by this name or from this address."),
))]
pub(super) async fn login_user(
    State(calls): State<Arc<Calls>>,
    context: Context,
    Json(LogIn { user_name, password }): Json<LogIn>,
) -> Result<Json<Session>, Problem> {
    let customer = calls.secrets.customer_id(&user_name);
    let (version, known) = calls.credentials(customer).await?;
    let sealed = known.as_ref().map(|known| &*known.password);
    let proof = Proof { user: &user_name, sealed, password: &password };
    let proven = calls.prove(&context, proof).await?;
    let Some(Credentials { role, .. }) = known.filter(|_| proven) else {
        return Err(Problem::unauthorized("There is no such user, or the password is wrong.")
            .kind("/problems/wrong-credentials"));
    };
    let (now, ids) = (context.now(), &calls.deps.ids);
    let holder = Holder { customer, user: &user_name, role: token_role(role), version };
    let (token, claims) = calls.secrets.signer().issue(holder, now, ids);
    let user_name = user_name.into_string();
    Ok(Json(Session { token, expires_at: claims.expires_at, user_name, role }))
}

/// Ends the session of the token in the request: it is refused everywhere from now on.
#[utoipa::path(post, path = "/logout-user", tag = "customer", security(("token" = [])), responses(
    (status = 200, body = LoggedOut),
))]
pub(super) async fn logout_user(
    State(calls): State<Arc<Calls>>,
    context: Context,
    caller: Caller,
) -> Result<(At, Json<LoggedOut>), Problem> {
    let identity::Claims { token, expires_at: expires, .. } = *caller.claims();
    let command = Command::LogOut(customer::LoggedOut { token, expires });
    let metadata = context.metadata(caller.actor(), None);
    // No model shows a session, so none is waited for.
    let (_, at) = calls.record(caller.id(), command, metadata).await?;
    // Other processes learn of it from the log; here it takes effect at once.
    calls.auth.sessions().revoke_token(token, expires);
    Ok((at, Json(LoggedOut { user_name: caller.user().to_owned() })))
}

/// A password given as proof of identity, and the sealed hash that it must match.
pub(super) struct Proof<'a> {
    pub(super) user: &'a str,
    pub(super) sealed: Option<&'a str>,
    pub(super) password: &'a Password,
}

impl Calls {
    /// What a log-in is checked by, and the customer's revision with it: should the password be changed while it is checked, that
    /// is a later one, and voids the session.
    async fn credentials(&self, customer: Uuid) -> Result<(u64, Option<Credentials>), Problem> {
        let mut before = self.revision(customer).await?;
        for _ in 0..LOOKS_MAX {
            let known = self.model.credentials(customer).await?;
            let after = self.revision(customer).await?;
            if after == before {
                return Ok((before, known));
            }
            before = after;
        }
        Err(Problem::unavailable(
            RETRY,
            "The customer is being changed by too many requests at once.",
        ))
    }

    async fn revision(&self, customer: Uuid) -> Result<u64, Problem> {
        let known = self.model.customer(customer).await?;
        Ok(known.map_or(0, |known| known.revision))
    }

    /// Whether the proof holds; takes as long for an unknown user. Failures are counted, with 429 once they are too many.
    pub(super) async fn prove(&self, context: &Context, proof: Proof<'_>) -> Result<bool, Problem> {
        let Proof { user, sealed, password } = proof;
        let attempt = self.limiters.try_log_in(user, context.client().into())?;
        let turn = match self.passwords.turn(owner(context)).await {
            Ok(turn) => turn,
            Err(busy) => {
                attempt.withdraw();
                return Err(busy);
            }
        };
        let customer = self.secrets.customer_id(user);
        let holds = self.passwords.verify(&turn, customer, sealed, password).await;
        if holds {
            attempt.succeeded();
        }
        Ok(holds)
    }
}

/// The owner of a request's turn at hashing.
pub(super) fn owner(context: &Context) -> Owner {
    Owner::Address(context.client().into())
}

fn token_role(role: Role) -> identity::Role {
    match role {
        Role::Customer => identity::Role::Customer,
        Role::Manager => identity::Role::Manager,
    }
}
