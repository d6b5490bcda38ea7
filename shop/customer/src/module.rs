//! The service's entry in the shop's list.

use ::module::{ModelSetting, Module, Setup, StartError, filled};
use std::sync::{Arc, Mutex};

use kernel::sync;
use runtime::Tasks;
use web::Service;

use crate::{
    Bootstrap, Config, Cost, Limits, ModelLocation, NAME, NewPassword, Secrets, build, open_model,
    project, tell::tell,
};

/// What this service alone is given, as one of [`Setup::own`](::module::Setup::own).
pub struct Given {
    pub secrets: Arc<Secrets>,
    /// The password of the manager `admin`, in force from the start on; generated for a new shop if none is given.
    pub admin_password: Mutex<Option<NewPassword>>,
    /// What a password's hash costs to compute.
    pub hashing: Cost,
    pub limits: Limits,
    /// Receives the bootstrap result once the service is built.
    pub bootstrap: Mutex<Option<Bootstrap>>,
}

impl Given {
    /// A shop's usual settings.
    #[must_use]
    pub fn new(secrets: Arc<Secrets>, admin_password: Option<NewPassword>) -> Self {
        Self {
            secrets,
            admin_password: Mutex::new(admin_password),
            hashing: Cost::default(),
            limits: Limits::default(),
            bootstrap: Mutex::default(),
        }
    }

    /// What has become of the manager `admin`, once.
    #[must_use]
    pub fn bootstrap(&self) -> Option<Bootstrap> {
        sync::lock(&self.bootstrap).take()
    }
}

/// The customer service.
pub const MODULE: Module = Module {
    name: NAME,
    about: "Accounts, sessions, credit",
    without: "Nobody can log in or register. Orders of those who are logged in wait for it, and are canceled at their deadline; many at once are \
              refused.",
    model: ModelSetting {
        name: "customer-model",
        default: "sqlite:DATA/customer.db",
        help: "The customer service's read model",
    },
    records: &[contracts::customer::CATEGORY],
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
    let given = setup.own.get::<Arc<Given>>();
    let given = given.ok_or(StartError::Missing(NAME, "customer::Given"))?;
    let password = sync::lock(&given.admin_password).take();
    let config = Config {
        model: setup.model.location()?,
        snapshots: setup.snapshots,
        secrets: Arc::clone(&given.secrets),
        auth: setup.auth,
        admin_password: password,
        welcome_credit: setup.shop.welcome_credit,
        hashing: given.hashing,
        limits: given.limits,
    };
    let (service, bootstrap) = build(config, setup.deps).await?;
    *sync::lock(&given.bootstrap) = Some(bootstrap);
    Ok(service)
}
