//! A user's visit: an extractor of the pages that are for people who are logged in.

use std::ops::Deref;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{Failure, User, Visit};

/// The visit of a logged-in user. Other visitors are sent to log in.
///
/// A page that takes a [`Form`](crate::Form) takes it first: it knows best what to tell someone whose session is over.
#[derive(Clone)]
pub struct UserVisit {
    pub user: User,
    visit: Visit,
}

impl Deref for UserVisit {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserVisit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, state).await?;
        Ok(Self { user: visit.require_user()?, visit })
    }
}
