//! The service's entry in the shop's list.

use ::module::{ModelSetting, Module, Setup, StartError, filled};
use runtime::Tasks;
use web::Service;

use crate::{Config, ModelLocation, NAME, build, open_model, project, tell::tell};

/// The product service.
pub const MODULE: Module = Module {
    name: NAME,
    about: "Catalogue and stock",
    without: "Products cannot be seen, searched or changed. Orders by app or API wait for it, and are canceled at their deadline; many at once are \
              refused.",
    model: ModelSetting {
        name: "product-model",
        default: "sqlite:DATA/product.db",
        help: "The product service's read model",
    },
    records: &[
        contracts::product::CATEGORY,
        contracts::catalogue::CATEGORY,
        contracts::picture::CATEGORY,
    ],
    check_model: |text| text.parse::<ModelLocation>().map(drop),
    open_model: |place, _| {
        Box::pin(async move {
            let location: ModelLocation = place.location()?;
            Ok(filled(NAME, open_model(location, &Tasks::inline()).await?, project))
        })
    },
    build: |setup| Box::pin(start(setup)),
    tell,
};

async fn start(setup: Setup) -> Result<Service, StartError> {
    let config = Config {
        model: setup.model.location()?,
        snapshots: setup.snapshots,
        currency: setup.shop.currency,
    };
    Ok(build(config, setup.deps).await?)
}
