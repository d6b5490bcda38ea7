//! A stand-in for a shop: the part of the REST API that the tools use, in memory, with faults on demand.

mod orders;
mod routes;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

pub(crate) const PASSWORD: &str = "a manager's password";

/// A stand-in shop on a port of its own; gone when dropped.
pub(crate) struct Stub {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

pub(crate) struct Shared {
    shop: Mutex<Shop>,
    /// The number of stream messages so far.
    told: watch::Sender<usize>,
}

/// What goes wrong with the next request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Another client does the same a moment before.
    Overtaken,
    /// 503 with `Retry-After: 0`; nothing is done.
    Busy,
    /// It is done, but the answer breaks off.
    AnswerLost,
    /// 401, as if the token had expired.
    Expired,
}

/// How placed orders go on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Saga {
    /// Everything is streamed at once, even before the placing is answered; who asks learns nothing new.
    #[default]
    Told,
    /// All happens, but without notifications.
    Untold,
    /// The invoice is issued, and a denied order's reservation released, only when a client asks for the order.
    EndsWhenAsked,
    /// An order never gets its invoice.
    NeverEnds,
}

/// The shop's state, for tests to arrange and to look at.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) saga: Saga,
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
    /// The stream is cut after each so many messages.
    pub(crate) cut_stream_every: Option<usize>,
    pub(crate) categories: BTreeMap<String, Value>,
    /// By code.
    pub(crate) products: BTreeMap<String, Value>,
    /// By user name.
    pub(crate) customers: BTreeMap<String, Value>,
    pub(crate) passwords: HashMap<String, String>,
    /// In the order in which they were placed.
    pub(crate) orders: Vec<Value>,
    pub(crate) history: Vec<Value>,
    pub(crate) recorded: Vec<Value>,
    /// What was sent on the stream.
    pub(crate) messages: Vec<String>,
    /// Each request: method, path with query, idempotency key.
    pub(crate) requests: Vec<(String, String, String)>,
    /// Each request's path and the `Agora-Position` that it handed on; answers carry the number of requests so far.
    pub(crate) positions: Vec<(String, Option<u64>)>,
    /// The `Last-Event-ID` of each subscription.
    pub(crate) subscriptions: Vec<Option<String>>,
    /// Whether the manager gets in with any password, and the last one given.
    pub(crate) any_password: bool,
    pub(crate) logged_in_with: String,
    /// By service, what is in its inbox; or the status of its refusal.
    pub(crate) inboxes: BTreeMap<String, Result<Value, u16>>,
    /// What was answered to an idempotency key.
    answered: HashMap<String, (Value, Value)>,
    tokens: u32,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (told, _) = watch::channel(0);
        let shared = Arc::new(Shared { shop: Mutex::default(), told });
        let routes = routes::router(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        Self { url, shared, _server: server }
    }

    pub(crate) fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shared.shop.lock().expect("no test panicked with it")
    }

    /// Records an event and notifies followers.
    pub(crate) fn record(&self, event: Value) {
        self.shared.shop().record(event);
        self.shared.tell();
    }
}

impl Shared {
    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().expect("no test panicked with it")
    }

    fn tell(&self) {
        let messages = self.shop().messages.len();
        self.told.send_replace(messages);
    }
}

impl Shop {
    /// How often this path was asked for, whatever the query.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.requests.iter().filter(|(_, asked, _)| asked.split('?').next() == Some(path)).count()
    }

    pub(crate) fn add_category(&mut self, name: &str) -> Value {
        let category = json!({ "CategoryId": id(self.categories.len()), "Name": name });
        self.categories.insert(name.to_owned(), category.clone());
        category
    }

    pub(crate) fn add_product(&mut self, fields: &Value) -> Value {
        let mut product = fields.clone();
        product["ProductId"] = id(1000 + self.products.len());
        product["Version"] = json!(0);
        let code = product["Code"].as_str().expect("tools give codes").to_owned();
        self.products.insert(code, product.clone());
        product
    }

    pub(crate) fn add_customer(&mut self, name: &str, credit: &Value) -> Value {
        let customer = json!({ "UserName": name, "Credit": credit, "Reserved": 0.00 });
        self.customers.insert(name.to_owned(), customer.clone());
        customer
    }

    pub(crate) fn record(&mut self, mut event: Value) {
        let position = self.recorded.len() + 1;
        event["Position"] = json!(position);
        self.messages.push(event.to_string());
        self.recorded.push(event);
    }
}

/// The id of the thing of this number.
pub(crate) fn id(number: usize) -> Value {
    let number = u128::try_from(number).expect("small");
    json!(uuid::Uuid::from_u128(0xa60a_0000_0000_0000_0000_0000_0000_0000 + number))
}

/// An amount in minor units, exactly.
pub(crate) fn minor(amount: &Value) -> i64 {
    let text = amount.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{decimals:0<2}").parse().expect("an amount")
}
