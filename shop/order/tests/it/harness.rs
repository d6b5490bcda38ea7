//! A shop with nothing but its order service; what the other services would record, the tests record.

mod others;

use std::{ops::Deref, time::Duration};

use kernel::{Event, Metadata, Position, StreamId};
use order::Config;
use runtime::Tasks;
use serde_json::{Value, json, value::RawValue};
use testing::{Answer, Testbed};
use uuid::Uuid;
use web::Service;

pub(crate) use testing::Person;

pub(crate) struct World(testing::Shop);

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A new shop, its settings changed by `change`.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let build = async |bed: &Testbed| instance(bed, "a", change).await;
        Self(testing::Shop::open(order::NAME, Tasks::inline(), build).await)
    }

    /// The same shop after a restart.
    pub(crate) async fn reopened(self) -> Self {
        Self(self.0.reopened(async |bed| instance(bed, "a", |_| {}).await).await)
    }

    /// One more instance of the service beside the first, with a read model of its own.
    pub(crate) async fn second_instance(&self) -> Service {
        let second = instance(self, "b", |_| {}).await;
        testing::ready(&second).await;
        second
    }

    /// Records an event at the end of any stream, and waits until the service has dealt with it.
    pub(crate) async fn record(&self, stream: StreamId, event: impl Event) -> Position {
        let recorded = self.0.record(stream, &event).await;
        self.settle().await;
        recorded
    }

    /// The same with an event of any kind, and with what is recorded beside it.
    pub(crate) async fn record_with(
        &self,
        stream: StreamId,
        kind: &str,
        data: Box<RawValue>,
        metadata: Metadata,
    ) -> Position {
        let recorded = self.record_raw(stream, kind, 1, data, metadata).await;
        self.settle().await;
        recorded
    }

    /// The types of an order's events.
    pub(crate) async fn kinds_of(&self, order: Uuid) -> Vec<String> {
        self.kinds(&contracts::order::stream(order)).await
    }

    pub(crate) async fn get(&self, path: &str, person: &Person) -> Answer {
        self.ask("GET", path).by(&*person.token).send().await
    }

    pub(crate) async fn post(&self, path: &str, person: &Person, body: Value) -> Answer {
        self.ask("POST", path).by(&*person.token).json(&body).send().await
    }

    pub(crate) async fn keyed(
        &self,
        path: &str,
        person: &Person,
        (key, body): (&str, Value),
    ) -> Answer {
        let ask = self.ask("POST", path).by(&*person.token).header("idempotency-key", key);
        ask.json(&body).send().await
    }

    /// Places an order of one piece and gives it as it was answered.
    pub(crate) async fn place(&self, person: &Person, product: Uuid) -> Value {
        let answer = self.post("/place-order", person, json!({ "ProductId": product })).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        self.settle().await;
        answer.body
    }

    /// The order as it stands.
    pub(crate) async fn single(&self, person: &Person, order: Uuid) -> Value {
        let answer = self.get(&format!("/get-orders?Type=Single&Id={order}"), person).await;
        answer.expect(200)["Items"][0].clone()
    }
}

impl Deref for World {
    type Target = testing::Shop;

    fn deref(&self) -> &testing::Shop {
        &self.0
    }
}

pub(crate) fn id_of(order: &Value) -> Uuid {
    Uuid::parse_str(order["OrderId"].as_str().expect("an id")).expect("a UUID")
}

async fn instance(bed: &Testbed, name: &str, change: impl FnOnce(&mut Config)) -> Service {
    let [model, snapshots] =
        ["model", "snapshots"].map(|kind| bed.database(&format!("{name}-{kind}")));
    let mut config = Config { model: model.into(), snapshots, deadline: Duration::from_secs(10) };
    change(&mut config);
    order::build(config, bed.deps.clone()).await.expect("it opens")
}
