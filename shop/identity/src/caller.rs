//! Extractors that authenticate and authorize a caller, or respond with 401 or 403.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use contracts::actor;
use kernel::Actor;
use runtime::ModelError;
use uuid::Uuid;

use web::{Authenticated, Identity, Problem};

use super::{Claims, Role};

/// Why a customer is refused what only managers may do.
pub(crate) const MANAGERS_ONLY: &str = "Only a manager may do this.";

/// A caller with a valid token; 401 without one. As `Option<Caller>`, a request without any token is accepted too.
#[derive(Clone, Debug)]
pub struct Caller {
    claims: Arc<Claims>,
    identity: Identity,
}

/// A manager with a token that holds; 403 for a customer.
#[derive(Clone, Debug)]
pub struct Manager(pub Caller);

impl Claims {
    /// The holder of the token as the actor of events.
    pub(crate) fn actor(&self) -> Actor {
        match self.role {
            Role::Customer => actor::customer(self.customer),
            Role::Manager => actor::manager(self.customer),
        }
    }
}

impl Caller {
    fn of(Authenticated(identity): Authenticated) -> Result<Self, Problem> {
        let claims = Arc::clone(&identity.claims).downcast();
        let claims = claims.map_err(|_| Problem::internal("claims of another authentication"))?;
        Ok(Self { claims, identity })
    }

    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The caller as the HTTP side knows it, such as for event streams.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The caller's id as a customer.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.claims.customer
    }

    /// The caller's user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.claims.user
    }

    #[must_use]
    pub fn is_manager(&self) -> bool {
        self.claims.role == Role::Manager
    }

    /// The caller as the actor of events.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.claims.actor()
    }

    /// 403 unless the caller is the user of that name, or a manager.
    pub fn must_be(&self, user: &str) -> Result<(), Problem> {
        self.allowed(self.user() == user)
    }

    /// 403 unless the caller is the customer of that id, or a manager.
    pub fn must_be_customer(&self, customer: Uuid) -> Result<(), Problem> {
        self.allowed(self.id() == customer)
    }

    /// 403 unless the caller is a manager.
    pub fn must_be_manager(&self) -> Result<(), Problem> {
        if self.is_manager() { Ok(()) } else { Err(Problem::forbidden(MANAGERS_ONLY)) }
    }

    /// The id of the customer of that user name, whom the caller must be or manage: the caller's own, or the one that `find` finds; 404
    /// if there is none.
    pub async fn customer(
        &self,
        user: &str,
        find: impl Future<Output = Result<Option<Uuid>, ModelError>>,
    ) -> Result<Uuid, Problem> {
        self.must_be(user)?;
        if self.user() == user {
            return Ok(self.id());
        }
        find.await?.ok_or_else(|| Problem::not_found("There is no such customer."))
    }

    fn allowed(&self, own: bool) -> Result<(), Problem> {
        if own || self.is_manager() {
            return Ok(());
        }
        Err(Problem::forbidden("Only the customer in question or a manager may do this."))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found =
            <Authenticated as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Self::of(found)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        let found =
            <Authenticated as OptionalFromRequestParts<S>>::from_request_parts(parts, state)
                .await?;
        found.map(Self::of).transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Manager {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = <Caller as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        caller.must_be_manager()?;
        Ok(Self(caller))
    }
}
