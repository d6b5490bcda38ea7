//! The session: encrypted in the visitor's own cookie, so that any instance of the site can read it.

use kernel::{Ids, Position, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A visitor as the customer service let them in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// The token for the gateway.
    pub token: String,
    pub user_name: String,
    pub manager: bool,
    pub expires_at: Timestamp,
}

/// The logged-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub manager: bool,
}

/// What a cookie holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Renewed at log-in and log-out; forms are bound to it.
    pub(crate) id: Uuid,
    pub(crate) login: Option<Login>,
    /// The highest position that this visitor's own changes were recorded at.
    pub(crate) position: Position,
    /// Said once, on the next page.
    pub(crate) notice: Option<String>,
}

impl Session {
    pub(crate) fn new(ids: &Ids, now: Timestamp) -> Self {
        Self { id: ids.uuid(now), login: None, position: Position(0), notice: None }
    }

    pub(crate) fn user(&self) -> Option<User> {
        let login = self.login.as_ref()?;
        Some(User { name: login.user_name.clone(), manager: login.manager })
    }
}
