//! The service's entry in the shop's list.

use ::module::{ModelSetting, Module, Setup, StartError, filled};
use runtime::Tasks;
use web::Service;

use crate::{Config, ModelLocation, NAME, build, open_model, project, tell::tell};

/// The accounting service.
pub const MODULE: Module = Module {
    name: NAME,
    about: "Invoices and revenue",
    without: "Invoices and revenue cannot be seen. Orders continue; their invoices follow once it is back.",
    model: ModelSetting {
        name: "accounting-model",
        default: "sqlite:DATA/accounting.db",
        help: "The accounting service's read model",
    },
    records: &[contracts::accounting::CATEGORY],
    check_model: |text| text.parse::<ModelLocation>().map(drop),
    open_model: |place, time_zone| {
        let time_zone = time_zone.clone();
        Box::pin(async move {
            let location: ModelLocation = place.location()?;
            Ok(filled(NAME, open_model(location, &Tasks::inline(), time_zone).await?, project))
        })
    },
    build: |setup| Box::pin(start(setup)),
    tell,
};

async fn start(setup: Setup) -> Result<Service, StartError> {
    let config = Config {
        model: setup.model.location()?,
        snapshots: setup.snapshots,
        time_zone: setup.shop.time_zone,
    };
    Ok(build(config, setup.deps).await?)
}
