//! A shop with nothing but its customer service, and what its customers do and its orders record.

use std::{ops::Deref, sync::Arc};

use contracts::{
    money::Money,
    order::{Reason, Terms},
};
use customer::{Admin, Config, Cost, Limits, NewPassword, Secrets};
use identity::{Auth, ended};
use kernel::Position;
use runtime::Tasks;
use serde_json::{Value, json};
use testing::{Answer, Testbed, terms};
use uuid::Uuid;
use web::Service;

pub(crate) const ADMIN_PASSWORD: &str = "admin's own password";

pub(crate) struct World {
    alone: testing::Shop,
    auth: Auth,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) admin: Admin,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A new shop, its settings changed by `change`.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(Testbed::new(Tasks::inline()).await, [7; 32], change).await
    }

    /// A new shop with another secret.
    pub(crate) async fn start_with_secret(secret: [u8; 32]) -> Self {
        Self::start_in(Testbed::new(Tasks::inline()).await, secret, |_| {}).await
    }

    /// A new shop in which what blocks has threads of its own, so that requests meet.
    pub(crate) async fn start_with_threads() -> Self {
        Self::start_in(Testbed::new(Tasks::new()).await, [7; 32], |_| {}).await
    }

    /// A new shop that learns from the log which sessions have ended, as every process does.
    pub(crate) async fn start_with_ended_sessions() -> Self {
        let bed = Testbed::new(Tasks::inline()).await;
        let (secrets, auth) = keys(&bed, [7; 32]);
        let mut bed = bed.for_service(customer::NAME, auth.clone());
        let place = bed.database("sessions");
        let ended = ended::follow(&bed.deps, &auth, place, ended::session_end);
        bed.deps = bed.deps.clone().sharing(ended.expect("a database"));
        Self::on(bed, secrets, auth, |_| {}).await
    }

    /// The same shop after a restart.
    pub(crate) async fn reopened_with(self, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(self.alone.closed().await, [7; 32], change).await
    }

    async fn start_in(bed: Testbed, secret: [u8; 32], change: impl FnOnce(&mut Config)) -> Self {
        let (secrets, auth) = keys(&bed, secret);
        let bed = bed.for_service(customer::NAME, auth.clone());
        Self::on(bed, secrets, auth, change).await
    }

    async fn on(
        bed: Testbed,
        secrets: Arc<Secrets>,
        auth: Auth,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let (service, admin) = instance(&bed, "a", (&secrets, &auth), change).await;
        Self { alone: testing::Shop::of(bed, service), auth, secrets, admin }
    }

    /// One more instance of the service beside the first, with a read model of its own.
    pub(crate) async fn second_instance(&self) -> Service {
        instance(&self.alone, "b", (&self.secrets, &self.auth), |_| {}).await.0
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.ask("GET", path).by(token).send().await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        self.ask("POST", path).by(token).json(&body).send().await
    }

    pub(crate) async fn keyed(
        &self,
        path: &str,
        token: &str,
        (key, body): (&str, Value),
    ) -> Answer {
        self.ask("POST", path).by(token).header("idempotency-key", key).json(&body).send().await
    }

    /// Registers a customer (password `NAME's password`) and logs in.
    pub(crate) async fn customer(&self, name: &str) -> String {
        let added = self.post("/add-user", None, registration(name)).await;
        assert_eq!(added.status, 201, "{added:?}");
        self.log_in(name, &password(name)).await
    }

    pub(crate) async fn manager(&self) -> String {
        self.log_in("admin", ADMIN_PASSWORD).await
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> String {
        let answer = self.try_log_in(name, password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["Token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn try_log_in(&self, name: &str, password: &str) -> Answer {
        self.post("/login-user", None, json!({ "UserName": name, "Password": password })).await
    }

    /// The types of a customer's events.
    pub(crate) async fn kinds_of(&self, user: &str) -> Vec<String> {
        self.kinds(&contracts::customer::stream(self.secrets.customer_id(user))).await
    }

    pub(crate) fn order(&self, user: &str, price_minor: i64) -> Terms {
        let order = self.deps.ids.uuid(self.deps.clock.now());
        let customer = self.secrets.customer_id(user);
        terms(order, customer, Uuid::from_u128(1), 1, price_minor)
    }

    pub(crate) async fn place(&self, terms: &Terms) -> Position {
        let placed = self.placed(terms).await;
        self.settle().await;
        placed
    }

    pub(crate) async fn finalize(&self, terms: &Terms) {
        self.finalized(terms).await;
        self.settle().await;
    }

    pub(crate) async fn deny(&self, terms: &Terms) {
        self.denied(terms, Reason::OutOfStock).await;
        self.settle().await;
    }
}

impl Deref for World {
    type Target = testing::Shop;

    fn deref(&self) -> &testing::Shop {
        &self.alone
    }
}

/// The shop's keys, and who checks its tokens.
fn keys(bed: &Testbed, secret: [u8; 32]) -> (Arc<Secrets>, Auth) {
    let secrets = Arc::new(Secrets::derive(&secret));
    let auth = Auth::new(secrets.verifier(), Arc::clone(&bed.deps.clock));
    (secrets, auth)
}

pub(crate) fn registration(name: &str) -> Value {
    json!({
        "UserName": name,
        "Password": password(name),
        "FullName": format!("{name} of Test"),
        "Email": format!("{name}@example.com"),
    })
}

pub(crate) fn password(name: &str) -> String {
    format!("{name}'s password")
}

async fn instance(
    bed: &Testbed,
    name: &str,
    (secrets, auth): (&Arc<Secrets>, &Auth),
    change: impl FnOnce(&mut Config),
) -> (Service, Admin) {
    let model = bed.database(&format!("{name}-model"));
    let snapshots = bed.database(&format!("{name}-snapshots"));
    let mut config = Config {
        model: model.into(),
        snapshots,
        secrets: Arc::clone(secrets),
        auth: auth.clone(),
        admin_password: NewPassword::parse(ADMIN_PASSWORD.to_owned()).ok(),
        welcome_credit: Money::from_minor(10_000),
        hashing: Cost::TINY,
        limits: Limits::default(),
    };
    change(&mut config);
    let (service, bootstrap) = customer::build(config, bed.deps.clone()).await.expect("it opens");
    let admin = bootstrap.outcome().await.expect("the service runs");
    if !matches!(admin, Admin::Refused) {
        testing::ready(&service).await;
    }
    (service, admin)
}
