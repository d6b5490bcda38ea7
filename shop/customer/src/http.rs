//! The service's calls: what they share, and the mapping of refusals to problems.

mod accounts;
mod credit;
mod fields;
mod limits;
mod sessions;
mod view;

use std::{sync::Arc, time::Duration};

use axum::Router;
use contracts::money::Money;
use contracts::rest::customer::User;
use identity::Auth;
use kernel::{Metadata, Position, Version};
use runtime::{Aggregates, Done, ExecuteError, ModelError, Progress, Request};
use store::Read;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::inspection;
use web::{At, Deps, POSITION_TIMEOUT, Problem};

pub use limits::Limits;

use crate::{
    NAME, Secrets,
    domain::{Command, Customer, Rejection},
    http::limits::Limiters,
    model::Model,
    password::Passwords,
};

/// Events of a customer that are read to answer a repeated request as the first one was.
const LOOK_BACK_MAX: u64 = 2000;

/// What every call works with.
pub(crate) struct Customers {
    pub(crate) deps: Deps,
    pub(crate) auth: Auth,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) progress: Progress,
    /// Ready once the secret is known to be this shop's and its manager is recorded.
    pub(crate) opened: Progress,
    pub(crate) aggregates: Aggregates<Customer>,
    pub(crate) passwords: Passwords,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) limiters: Limiters,
    pub(crate) welcome_credit: Money,
}

pub(crate) fn router(customers: &Arc<Customers>, followers: Vec<Progress>) -> Router {
    let api = OpenApiRouter::new()
        .routes(routes!(sessions::login_user))
        .routes(routes!(sessions::logout_user))
        .routes(routes!(accounts::add_user))
        .routes(routes!(accounts::update_user))
        .routes(routes!(accounts::get_user))
        .routes(routes!(accounts::get_all_users))
        .routes(routes!(credit::get_credit))
        .routes(routes!(credit::set_credit))
        .with_state(Arc::clone(customers));
    let deps = &customers.deps;
    web::Api::new(NAME, env!("CARGO_PKG_VERSION"), deps.http.clone())
        .reads(customers.progress.clone())
        .follows(followers)
        .metrics(deps.metrics.http())
        .finish(api.merge(inspection(&customers.model)))
}

impl Customers {
    /// 503 until the secret is known to be this shop's: under another one, a registration would be lost.
    fn must_be_open(&self) -> Result<(), Problem> {
        if self.opened.is_ready() {
            return Ok(());
        }
        Err(Problem::unavailable(Duration::from_secs(1), "The shop is still starting."))
    }

    /// Carries out a command and waits until the model shows its outcome.
    async fn execute(
        &self,
        customer: Uuid,
        command: Command,
        metadata: Metadata,
    ) -> Result<(Done, At), Problem> {
        let stream = contracts::customer::stream(customer);
        match self.aggregates.execute(stream, Request { command, metadata }).await {
            Ok(done) => Ok((done, At(self.settled(done).await))),
            Err(error) => Err(self.refusal(customer, error).await),
        }
    }

    /// Waits until the model shows the change; continues after 2 s anyway, because it *is* recorded.
    pub(crate) async fn settled(&self, done: Done) -> Position {
        let Some(position) = done.position() else { return self.progress.position() };
        if let Err(behind) = self.progress.wait_for(position, POSITION_TIMEOUT).await {
            tracing::warn!(behind, %position, "responding before the read model has caught up");
        }
        position
    }

    /// The customer as a response: for a retried request as of its first execution, else the current state.
    async fn shown(&self, customer: Uuid, done: Done) -> Result<User, Problem> {
        let user = match done {
            Done::Repeated { last, version } if self.can_look_back(customer, version).await? => {
                view::as_of(self, customer, Some(last)).await?
            }
            Done::Recorded { last, .. } if self.progress.position() < last => {
                view::as_of(self, customer, Some(last)).await?
            }
            _ => self.model.customer(customer).await.map_err(failed)?.map(view::user),
        };
        user.ok_or_else(unknown)
    }

    /// Whether it takes a look back, and a short one, to see a customer as it was at that version: a customer who has not changed
    /// since is as the model says, and so is shown one whose stream is too long to be read for each repetition.
    async fn can_look_back(&self, customer: Uuid, version: Version) -> Result<bool, Problem> {
        let last = Read::Last { stream: contracts::customer::stream(customer) };
        let page = self.deps.store().read_soon(last).await.map_err(|_| unavailable())?;
        let last = page.events.last().map_or(version, |event| event.version);
        Ok(last != version && version.0 < LOOK_BACK_MAX)
    }

    /// 422 for a position that the log has not reached.
    async fn must_be_recorded(&self, position: Position) -> Result<(), Problem> {
        if position <= self.progress.position() {
            return Ok(());
        }
        let end = Read::All { from: Position(u64::MAX), categories: Vec::new() };
        let head = self.deps.store().read_soon(end).await.map_err(|_| unavailable())?.head;
        if position <= head {
            return Ok(());
        }
        Err(Problem::field("AsOf", format!("is beyond {head}, the last recorded position")))
    }

    /// The customer at that revision or a later one.
    async fn current(&self, customer: Uuid, revision: u64) -> Result<Option<User>, Problem> {
        match self.model.customer(customer).await.map_err(failed)? {
            Some(shown) if shown.revision >= revision => Ok(Some(view::user(shown))),
            _ => view::as_of(self, customer, None).await,
        }
    }

    async fn refusal(&self, customer: Uuid, error: ExecuteError<Rejection>) -> Problem {
        match error {
            ExecuteError::Rejected(Rejection::Stale { revision }) => {
                let problem = Problem::conflict(
                    "/problems/stale-version",
                    "The customer was changed meanwhile; Current is what it is now.",
                );
                match self.current(customer, revision).await {
                    Ok(current) => problem.member("Current", current),
                    Err(unavailable) => unavailable,
                }
            }
            ExecuteError::Rejected(rejection) => rejected(&rejection),
            ExecuteError::KeyReused => {
                Problem::field("Idempotency-Key", "was used for another request")
            }
            ExecuteError::Unavailable => unavailable(),
            ExecuteError::Refused(reason) => Problem::internal(reason),
        }
    }
}

fn rejected(rejection: &Rejection) -> Problem {
    match rejection {
        Rejection::NameTaken => name_taken(),
        Rejection::Unknown => unknown(),
        Rejection::PasswordChangedMeanwhile => Problem::conflict(
            "/problems/password-changed",
            "The password was changed meanwhile by another request.",
        ),
        Rejection::Stale { .. } => {
            Problem::conflict("/problems/stale-version", "The customer was changed meanwhile.")
        }
        Rejection::BelowReserved { reserved } => Problem::field(
            "Credit",
            format!("must not be below {reserved}, which is reserved for open orders"),
        ),
        Rejection::TooMuchCredit => {
            Problem::field("Credit", format!("must not exceed {}", Money::LIMIT))
        }
    }
}

fn name_taken() -> Problem {
    Problem::conflict("/problems/name-taken", "This user name is taken.")
}

fn unknown() -> Problem {
    Problem::not_found("There is no such customer.")
}

fn unavailable() -> Problem {
    Problem::unavailable(Duration::from_secs(1), "The event store is not responding.")
}

fn failed(error: ModelError) -> Problem {
    Problem::from(error)
}
