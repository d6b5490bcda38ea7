//! How the services of a process are built: from what the settings chose, and again where a service is started again.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context as _;
use identity::Auth;
use registry::{Extensions, ModelPlace, Module, Setup, ShopSettings};
use runtime::sqlite::Location;
use web::{Service, ServiceDeps, metrics::Metrics};

use super::{currency, places};
use crate::figures;

/// Builds services.
#[derive(Clone)]
pub(super) struct Builder {
    pub(super) auth: Auth,
    /// Of the process.
    pub(super) metrics: Metrics,
    pub(super) models: BTreeMap<&'static str, ModelPlace>,
    /// The data folder.
    pub(super) data: PathBuf,
    pub(super) shop: ShopSettings,
    /// Whether the log is a folder of this process, which has been looked through.
    pub(super) log_is_here: bool,
    /// What one service alone is given.
    pub(super) own: Extensions,
}

impl Builder {
    /// Builds a service, and begins to run it with these dependencies.
    pub(super) async fn service(
        &self,
        module: &Module,
        deps: ServiceDeps,
    ) -> anyhow::Result<Service> {
        let model = self.models.get(module.name).context("each service has its place")?;
        let setup = Setup {
            deps: deps.clone(),
            auth: self.auth.clone(),
            model: model.clone(),
            snapshots: Location::File(self.data.join(places::snapshots(module.name))),
            shop: self.shop.clone(),
            own: self.own.clone(),
        };
        let mut service = (module.build)(setup).await?;
        if module.name == product::NAME && !self.log_is_here {
            service.followers.push(currency::spawn(&deps, self.shop.currency.clone()));
        }
        Ok(self.finished(&deps, service))
    }

    /// Empties the read model of a service that does not run.
    pub(super) async fn empty_model(&self, module: &Module) -> anyhow::Result<()> {
        let model = self.models.get(module.name).context("each service has its place")?;
        let model = (module.open_model)(model.clone(), &self.shop.time_zone).await?;
        Ok(model.reset().await?)
    }

    /// What every service has, the event store's included.
    pub(super) fn finished(&self, deps: &ServiceDeps, service: Service) -> Service {
        figures::spawn_of(deps, &self.metrics, service.clone());
        service
    }
}
