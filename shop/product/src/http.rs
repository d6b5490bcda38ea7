//! The service's calls: what they share, and the mapping of refusals to problems.

mod categories;
mod code;
pub(crate) mod files;
mod low_stock;
mod manage;
mod pictures;
mod products;
mod view;

use std::{ops::Deref, sync::Arc};

use contracts::money::Currency;
use kernel::{Idempotency, Metadata, Position};
use runtime::{Aggregates, CommandRequest, Done, ExecuteError};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{Cache, Problem, ServiceContext};

use files::Files;

use crate::{
    catalogue::{self, Catalogue},
    domain::{Command, Product, Rejection, UnitsChange},
    model::Model,
    picture::Album,
};

/// Bytes of public lists kept ready: some hundred pages of the catalogue.
pub(crate) const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Shared by all calls.
pub(crate) struct Calls {
    pub(crate) service: ServiceContext<dyn Model>,
    pub(crate) products: Aggregates<Product>,
    pub(crate) catalogue: Aggregates<Catalogue>,
    pub(crate) album: Aggregates<Album>,
    /// Recently read pictures.
    pub(crate) files: Files,
    /// The currency of all prices.
    pub(crate) currency: Currency,
    pub(crate) cache: Cache,
}

impl Deref for Calls {
    type Target = ServiceContext<dyn Model>;

    fn deref(&self) -> &ServiceContext<dyn Model> {
        &self.service
    }
}

pub(crate) fn calls(calls: &Arc<Calls>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(products::get_products))
        .routes(routes!(products::get_all_products))
        .routes(routes!(products::get_product_details))
        .routes(routes!(products::get_currency))
        .routes(routes!(manage::add_new_product))
        .routes(routes!(manage::update_product))
        .routes(routes!(manage::delete_product))
        .routes(routes!(pictures::set_picture))
        .routes(routes!(pictures::remove_picture))
        .routes(routes!(pictures::get_picture))
        .routes(routes!(categories::get_categories))
        .routes(routes!(categories::get_category_details))
        .routes(routes!(categories::add_new_category))
        .routes(routes!(categories::update_category))
        .routes(routes!(categories::delete_category))
        .routes(routes!(low_stock::get_low_stock))
        .routes(routes!(low_stock::set_low_stock))
        .with_state(Arc::clone(calls))
}

impl Calls {
    /// Executes a command on a product, and waits until the model shows it: the catalogue is read without a token, so no gateway knows a
    /// position by which a visitor would wait for what a manager has been told is there; and the answer to a change is the whole product,
    /// which the model has in one read and the log in a stream of any length.
    async fn change_product(
        &self,
        product: Uuid,
        command: Command,
        metadata: Metadata,
    ) -> Result<Done, ExecuteError<Rejection>> {
        let stream = contracts::product::stream(product);
        self.execute(&self.products, stream, CommandRequest { command, metadata }).await
    }

    /// Executes a command on the categories, and waits until the model shows it, as for a product.
    async fn change_catalogue(
        &self,
        command: catalogue::Command,
        metadata: Metadata,
    ) -> Result<Done, Problem> {
        let stream = contracts::catalogue::stream();
        Ok(self.execute(&self.catalogue, stream, CommandRequest { command, metadata }).await?)
    }

    /// What a request that creates something has created before, and where; 422 if its key came with another request.
    async fn created_before(
        &self,
        known: Option<&Idempotency>,
    ) -> Result<Option<(Uuid, Position)>, Problem> {
        let Some(known) = known else { return Ok(None) };
        match self.model.created(known.key).await? {
            None => Ok(None),
            Some((created, at)) if known.is_request(created.request) => {
                Ok(Some((created.subject, at)))
            }
            Some(_) => Err(ExecuteError::<Problem>::KeyReused.into()),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Exists => {
                Self::conflict("/problems/taken", "A product with this Code already exists.")
            }
            Rejection::Unknown => no_product(),
            Rejection::Stale { revision } => Self::conflict(
                "/problems/stale-version",
                format!("The product was changed meanwhile; it is at Version {revision} now."),
            ),
            Rejection::BelowReserved { reserved, asked } => Self::field(
                units_field(asked),
                format!("must not go below the {reserved} units reserved for open orders"),
            ),
            Rejection::TooManyUnits { asked } => Self::field(
                units_field(asked),
                "must not bring the stock above 1,000,000,000 units",
            ),
        }
    }
}

impl From<catalogue::Rejection> for Problem {
    fn from(rejection: catalogue::Rejection) -> Self {
        match rejection {
            catalogue::Rejection::Unknown => no_category(),
            catalogue::Rejection::NameTaken => {
                Self::conflict("/problems/taken", "A category with this name already exists.")
            }
        }
    }
}

/// The field of a request that says how many units.
fn units_field(asked: UnitsChange) -> &'static str {
    match asked {
        UnitsChange::To(_) => "UnitsInStock",
        UnitsChange::By(_) => "UnitsChange",
    }
}

fn no_product() -> Problem {
    Problem::not_found("There is no such product.")
}

fn no_category() -> Problem {
    Problem::not_found("There is no such category.")
}
