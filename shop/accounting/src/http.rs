//! The service's calls: all read-only, because invoices are issued in reaction to orders.

mod invoices;
mod revenue;
mod view;

use std::{ops::Deref, sync::Arc};

use utoipa_axum::{router::OpenApiRouter, routes};
use web::ServiceContext;

use crate::{calendar::Calendar, model::Model};

/// Shared by all calls.
pub(crate) struct Calls {
    pub(crate) service: ServiceContext<dyn Model>,
    pub(crate) calendar: Calendar,
}

impl Deref for Calls {
    type Target = ServiceContext<dyn Model>;

    fn deref(&self) -> &ServiceContext<dyn Model> {
        &self.service
    }
}

pub(crate) fn calls(calls: &Arc<Calls>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(revenue::get_revenue))
        .routes(routes!(revenue::get_daily_revenue))
        .routes(routes!(revenue::get_time_zone))
        .routes(routes!(invoices::get_invoices))
        .routes(routes!(invoices::get_invoice))
        .with_state(Arc::clone(calls))
}
