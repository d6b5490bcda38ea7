//! The service's calls: what they share, and the mapping of refusals to problems.

mod accounts;
mod credit;
mod fields;
mod limits;
mod register;
mod sessions;
mod view;

use std::{ops::Deref, sync::Arc, time::Duration};

use contracts::money::Money;
use contracts::rest::customer::User;
use identity::Auth;
use kernel::{Metadata, Version};
use runtime::{Aggregates, CommandRequest, Done, ExecuteError, Progress};
use store::Read;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{At, Problem, ServiceContext};

pub use limits::Limits;

use crate::{
    Secrets,
    domain::{Command, Customer, Rejection},
    http::limits::Limiters,
    model::Model,
    password::Passwords,
};

/// Events of a customer that are read to answer a repeated request as the first one was.
const LOOK_BACK_MAX: u64 = 2000;

/// Shared by all calls.
pub(crate) struct Calls {
    pub(crate) service: ServiceContext<dyn Model>,
    pub(crate) auth: Auth,
    /// Ready once the secret is known to be this shop's and its manager is recorded.
    pub(crate) opened: Progress,
    pub(crate) customers: Aggregates<Customer>,
    pub(crate) passwords: Passwords,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) limiters: Limiters,
    pub(crate) welcome_credit: Money,
}

impl Deref for Calls {
    type Target = ServiceContext<dyn Model>;

    fn deref(&self) -> &ServiceContext<dyn Model> {
        &self.service
    }
}

pub(crate) fn calls(calls: &Arc<Calls>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(sessions::login_user))
        .routes(routes!(sessions::logout_user))
        .routes(routes!(register::add_user))
        .routes(routes!(register::add_manager))
        .routes(routes!(accounts::update_user))
        .routes(routes!(accounts::get_user))
        .routes(routes!(accounts::get_all_users))
        .routes(routes!(credit::get_credit))
        .routes(routes!(credit::set_credit))
        .with_state(Arc::clone(calls))
}

impl Calls {
    /// 503 until the secret is known to be this shop's: under another one, a registration would be lost.
    fn must_be_open(&self) -> Result<(), Problem> {
        if self.opened.is_ready() {
            return Ok(());
        }
        Err(Problem::unavailable(Duration::from_secs(1), "The shop is still starting."))
    }

    /// Carries out a command and waits until the model shows its outcome: the answer is the whole customer, whom the model has in one read
    /// and the log in a stream of any length; and after a registration or a new password the next request is a log-in, which has no token
    /// that a gateway could know a position by.
    async fn change_customer(
        &self,
        customer: Uuid,
        command: Command,
        metadata: Metadata,
    ) -> Result<(Done, At), Problem> {
        let (done, at) = self.record(customer, command, metadata).await?;
        self.wait_until_shown(done).await;
        Ok((done, at))
    }

    /// Carries out a command; answers as soon as its outcome is recorded.
    async fn record(
        &self,
        customer: Uuid,
        command: Command,
        metadata: Metadata,
    ) -> Result<(Done, At), Problem> {
        let stream = contracts::customer::stream(customer);
        match self.customers.execute(stream, CommandRequest { command, metadata }).await {
            Ok(done) => Ok((done, self.at(done))),
            Err(error) => Err(self.refusal(customer, error).await),
        }
    }

    /// The customer as a response: for a retried request as of its first execution, else the current state.
    async fn shown(&self, customer: Uuid, done: Done) -> Result<User, Problem> {
        let user = match done {
            Done::Repeated { last, version } if self.can_look_back(customer, version).await? => {
                self.customer_as_of(customer, Some(last)).await?
            }
            Done::Recorded { last, .. } if self.progress.position() < last => {
                self.customer_as_of(customer, Some(last)).await?
            }
            _ => self.model.customer(customer).await?.map(view::user),
        };
        user.ok_or_else(no_customer)
    }

    /// Whether earlier events must be read, and are few, to see a customer as it was at that version: a customer who has not changed
    /// since is as the model says, and so is shown one whose stream is too long to be read for each repetition.
    async fn can_look_back(&self, customer: Uuid, version: Version) -> Result<bool, Problem> {
        let last = Read::Last { stream: contracts::customer::stream(customer) };
        let page = self.deps.store().read_soon(last).await?;
        let last = page.events.last().map_or(version, |event| event.version);
        Ok(last != version && version.0 < LOOK_BACK_MAX)
    }

    /// The customer at that revision or a later one.
    async fn current(&self, customer: Uuid, revision: u64) -> Result<Option<User>, Problem> {
        match self.model.customer(customer).await? {
            Some(shown) if shown.revision >= revision => Ok(Some(view::user(shown))),
            _ => self.customer_as_of(customer, None).await,
        }
    }

    async fn refusal(&self, customer: Uuid, error: ExecuteError<Rejection>) -> Problem {
        let ExecuteError::Rejected(Rejection::Stale { revision }) = error else {
            return error.into();
        };
        let problem = Problem::conflict(
            "/problems/stale-version",
            "The customer was changed meanwhile; Current is what it is now.",
        );
        match self.current(customer, revision).await {
            Ok(current) => problem.member("Current", current),
            Err(unavailable) => unavailable,
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NameTaken => name_taken(),
            Rejection::Unknown => no_customer(),
            Rejection::PasswordChangedMeanwhile => Self::conflict(
                "/problems/password-changed",
                "The password was changed meanwhile by another request.",
            ),
            Rejection::Stale { .. } => {
                Self::conflict("/problems/stale-version", "The customer was changed meanwhile.")
            }
            Rejection::BelowReserved { reserved } => Self::field(
                "Credit",
                format!("must not be below {reserved}, which is reserved for open orders"),
            ),
            Rejection::TooMuchCredit => {
                Self::field("Credit", format!("must not exceed {}", Money::LIMIT))
            }
        }
    }
}

fn name_taken() -> Problem {
    Problem::conflict("/problems/name-taken", "This user name is taken.")
}

fn no_customer() -> Problem {
    Problem::not_found("There is no such customer.")
}
