//! The service's calls: what they share, and the mapping of refusals to problems.

mod categories;
mod manage;
mod products;
mod requests;
mod view;

use std::{sync::Arc, time::Duration};

use axum::Router;
use contracts::money::Currency;
use kernel::{Idempotency, Metadata, Position};
use runtime::{Aggregates, Done, ExecuteError, ModelError, Progress, Request};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::inspection;
use web::{At, Cache, Deps, POSITION_TIMEOUT, Problem};

use crate::{
    NAME,
    catalogue::{self, Catalogue},
    domain::{Command, Product, Rejection},
    model::Model,
};

/// Bytes of public lists kept ready: some hundred pages of the catalogue.
pub(crate) const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Shared by all calls.
pub(crate) struct Shop {
    pub(crate) deps: Deps,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) progress: Progress,
    pub(crate) products: Aggregates<Product>,
    pub(crate) catalogue: Aggregates<Catalogue>,
    /// The currency of all prices.
    pub(crate) currency: Currency,
    pub(crate) cache: Cache,
}

pub(crate) fn router(shop: &Arc<Shop>, followers: Vec<Progress>) -> Router {
    let api = OpenApiRouter::new()
        .routes(routes!(products::get_products))
        .routes(routes!(products::get_all_products))
        .routes(routes!(products::get_product_details))
        .routes(routes!(manage::add_new_product))
        .routes(routes!(manage::update_product))
        .routes(routes!(manage::delete_product))
        .routes(routes!(categories::get_categories))
        .routes(routes!(categories::get_category_details))
        .routes(routes!(categories::add_new_category))
        .routes(routes!(categories::update_category))
        .routes(routes!(categories::delete_category))
        .with_state(Arc::clone(shop));
    let deps = &shop.deps;
    web::Api::new(NAME, env!("CARGO_PKG_VERSION"), deps.http.clone())
        .reads(shop.progress.clone())
        .follows(followers)
        .metrics(deps.metrics.http())
        .finish(api.merge(inspection(&shop.model)))
}

impl Shop {
    /// Executes a command on a product, and waits until the model shows it.
    async fn change_product(
        &self,
        product: Uuid,
        command: Command,
        metadata: Metadata,
    ) -> Result<Done, ExecuteError<Rejection>> {
        let stream = contracts::product::stream(product);
        let done = self.products.execute(stream, Request { command, metadata }).await?;
        self.settle(done).await;
        Ok(done)
    }

    /// Executes a command on the categories, and waits until the model shows it.
    async fn change_catalogue(
        &self,
        command: catalogue::Command,
        metadata: Metadata,
    ) -> Result<Done, Problem> {
        let stream = contracts::catalogue::stream();
        let executed = self.catalogue.execute(stream, Request { command, metadata }).await;
        let done = executed.map_err(|error| refusal(error, |no| category_rejected(&no)))?;
        self.settle(done).await;
        Ok(done)
    }

    /// Waits until the model shows the change; continues after 2 s anyway, because it *is* recorded.
    async fn settle(&self, done: Done) {
        let Some(position) = done.position() else { return };
        if let Err(behind) = self.progress.wait_for(position, POSITION_TIMEOUT).await {
            tracing::warn!(behind, %position, "responding before the read model has caught up");
        }
    }

    /// The position that an answer holds for.
    fn at(&self, done: Done) -> At {
        At(done.position().unwrap_or_else(|| self.progress.position()))
    }

    /// What a request that creates something has created before, and where; 422 if its key came with another request.
    async fn created_before(
        &self,
        known: Option<&Idempotency>,
    ) -> Result<Option<(Uuid, Position)>, Problem> {
        let Some(known) = known else { return Ok(None) };
        match self.model.created(known.key).await.map_err(failed)? {
            None => Ok(None),
            Some((created, at)) if known.is_request(created.request) => {
                Ok(Some((created.subject, at)))
            }
            Some(_) => Err(key_reused()),
        }
    }
}

/// Maps a failed command to a problem; `rejected` maps what the rules refuse.
fn refusal<R>(error: ExecuteError<R>, rejected: impl FnOnce(R) -> Problem) -> Problem {
    match error {
        ExecuteError::Rejected(rejection) => rejected(rejection),
        ExecuteError::KeyReused => key_reused(),
        ExecuteError::Unavailable => unavailable(),
        ExecuteError::Refused(reason) => Problem::internal(reason),
    }
}

/// What the rules of a product refuse; `units` is the field that gave a number of units.
fn product_rejected(rejection: &Rejection, units: &'static str) -> Problem {
    match rejection {
        Rejection::Exists => {
            Problem::conflict("/problems/taken", "There is a product with this Code already.")
        }
        Rejection::Unknown => no_product(),
        Rejection::Stale { revision } => Problem::conflict(
            "/problems/stale-version",
            format!("The product was changed meanwhile; it is at Version {revision} now."),
        ),
        Rejection::BelowReserved { reserved } => Problem::field(
            units,
            format!("must leave the {reserved} units that are held for open orders"),
        ),
        Rejection::TooManyUnits => {
            Problem::field(units, "must not lead to more than 1000000000 units")
        }
    }
}

fn category_rejected(rejection: &catalogue::Rejection) -> Problem {
    match rejection {
        catalogue::Rejection::Unknown => no_category(),
        catalogue::Rejection::NameTaken => {
            Problem::conflict("/problems/taken", "There is a category of this name already.")
        }
    }
}

fn key_reused() -> Problem {
    Problem::field("Idempotency-Key", "was used for another request")
}

fn unavailable() -> Problem {
    Problem::unavailable(
        Duration::from_secs(1),
        "The event store is not responding. Whether this was recorded is unknown; with an Idempotency-Key it can be retried safely.",
    )
}

fn no_product() -> Problem {
    Problem::not_found("There is no such product.")
}

fn no_category() -> Problem {
    Problem::not_found("There is no such category.")
}

fn failed(error: ModelError) -> Problem {
    Problem::from(error)
}
