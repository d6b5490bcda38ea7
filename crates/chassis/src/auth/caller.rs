//! Extractors that let a caller in, or answer 401 and 403.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use kernel::Actor;
use uuid::Uuid;

use super::{Claims, Role, TokenError};
use crate::http::{Context, Problem};

/// Somebody with a token that holds; 401 for everybody else. As `Option<Caller>`, no token at all is fine too.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Claims>);

/// A manager with a token that holds; 403 for a customer.
#[derive(Clone, Debug)]
pub struct Manager(pub Caller);

impl Caller {
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.0
    }

    /// The caller's id as a customer.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.0.customer
    }

    /// The caller's user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.0.user
    }

    #[must_use]
    pub fn is_manager(&self) -> bool {
        self.0.role == Role::Manager
    }

    /// As whom the caller stands in events.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self.0.role {
            Role::Customer => Actor::Customer(self.id()),
            Role::Manager => Actor::Manager(self.id()),
        }
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
        if self.is_manager() {
            Ok(())
        } else {
            Err(Problem::forbidden("Only a manager may do this."))
        }
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
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts)?
            .ok_or_else(|| Problem::unauthorized("This needs a token: Authorization: Bearer …"))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        caller(parts)
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

/// Who sent the request; none without an `Authorization`, 401 with one that does not hold.
fn caller(parts: &Parts) -> Result<Option<Caller>, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let context = Context::of(&parts.extensions)?;
    let token = value.to_str().ok().filter(|_| values.next().is_none()).and_then(bearer);
    let token = token.ok_or_else(|| refused("Authorization must be one Bearer token."))?;
    let verified = context.border().auth.verify(token, context.now());
    let claims = verified.map_err(|error| match error {
        TokenError::Unknown => Problem::unavailable(Duration::from_secs(1), error.to_string()),
        _ => refused(&error.to_string()),
    })?;
    context.admit();
    Ok(Some(Caller(claims)))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

fn refused(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::unauthorized(detail).header(WWW_AUTHENTICATE, challenge)
}
