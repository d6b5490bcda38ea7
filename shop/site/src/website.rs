//! Another website, or the gateway, watched from this one.

use std::time::Duration;

use axum::{body::Body, extract::Request};

use crate::{Gateway, client::Client};

/// A website that runs answers at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// Another website, or the gateway. A cheap clone.
#[derive(Clone)]
pub struct Website(Option<Client>);

impl Website {
    /// What is at an address; none if it is not known where it is.
    #[must_use]
    pub fn at(address: Option<Gateway>) -> Self {
        Self(address.map(Client::new))
    }

    /// Whether it is known where it is.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it answers now; none if it is not known where it is.
    pub async fn answers(&self) -> Option<bool> {
        let request = Request::get("/health/live").body(Body::empty()).ok()?;
        let answer = tokio::time::timeout(PATIENCE, self.0.as_ref()?.send(request)).await;
        Some(answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status().is_success())))
    }
}
