//! The service's entry in the shop's list.

use ::module::{ModelSetting, Module, Setup, StartError, filled};
use runtime::Tasks;
use web::Service;

use crate::{Config, ModelLocation, NAME, build, open_model, project, tell::tell};

/// The loyalty service.
pub const MODULE: Module = Module {
    name: NAME,
    about: "Points and rewards",
    without: "Points cannot be seen or redeemed. What was earned meanwhile is counted once it is back.",
    model: ModelSetting {
        name: "loyalty-model",
        default: "sqlite:DATA/loyalty.db",
        help: "The loyalty service's read model",
    },
    records: &[contracts::loyalty::CATEGORY],
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
    let config = Config { model: setup.model.location()?, snapshots: setup.snapshots };
    Ok(build(config, setup.deps).await?)
}
