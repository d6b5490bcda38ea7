//! The service's entry in the shop's list.

use ::module::{ModelSetting, Module, Setup, StartError, filled};
use runtime::Tasks;
use web::Service;

use crate::{Config, ModelLocation, NAME, build, open_model, project, tell::tell};

/// The order service.
pub const MODULE: Module = Module {
    name: NAME,
    about: "Orders and their saga",
    without: "Nobody can order or look at orders. Everything else works.",
    model: ModelSetting {
        name: "order-model",
        default: "sqlite:DATA/order.db",
        help: "The order service's read model",
    },
    records: &[contracts::order::CATEGORY],
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
        deadline: setup.shop.order_deadline,
    };
    Ok(build(config, setup.deps).await?)
}
