//! A manager's visit: an extractor of every page but the log-in, so that only managers see them.

use std::ops::Deref;

use axum::{extract::FromRequestParts, http::request::Parts};
use kernel::Timestamp;
use site::{Badge, Failure, Frame, Tone, Visit};

use crate::guide;

/// The visit of a manager. Other visitors are sent to log in, or refused.
#[derive(Clone)]
pub(crate) struct ManagerVisit {
    visit: Visit,
    low_stock: LowStock,
}

/// A product with this many units that can be ordered, or fewer, is low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowStock(pub i64);

impl Default for LowStock {
    fn default() -> Self {
        Self(5)
    }
}

impl LowStock {
    pub(crate) fn includes(self, available: i64) -> bool {
        available <= self.0
    }

    /// A word where few can be ordered, or none.
    pub(crate) fn badge(self, available: i64) -> Option<Badge> {
        if available <= 0 {
            Some(Badge::new("Sold out", Tone::Bad))
        } else {
            self.includes(available).then(|| Badge::new("Low", Tone::Warn))
        }
    }
}

impl ManagerVisit {
    /// The frame of a page, with the step of the tour that it was opened from.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        let frame = self.visit.frame(title);
        let guide = guide::along(&frame.address);
        Frame { guide, ..frame }
    }

    /// What is low stock where managers have not set it.
    pub(crate) fn low_stock_setting(&self) -> LowStock {
        self.low_stock
    }
}

impl Deref for ManagerVisit {
    type Target = Visit;
    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ManagerVisit {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, state).await?;
        visit.require_manager()?;
        let low_stock = parts.extensions.get().copied().unwrap_or_default();
        Ok(Self { visit, low_stock })
    }
}

/// What the gateway says of the field `from`, said of the field `to`: a form may show a sum where the gateway gets a difference.
pub(crate) fn renamed(failure: Failure, from: &str, to: &str) -> Failure {
    let Failure::Refused(mut refusal) = failure else { return failure };
    for error in refusal.errors.iter_mut().filter(|error| error.field == from) {
        to.clone_into(&mut error.field);
    }
    Failure::Refused(refusal)
}

/// A time in an address or a query; empty where there is none.
pub(crate) fn written(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}
