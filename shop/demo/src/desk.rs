//! The calls of the services in this process, made as their clients make them.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode},
};
use contracts::{names, order::Channel};
use customer::Secrets;
use http_body_util::BodyExt as _;
use identity::{Holder, Role, TOKEN_LIFETIME};
use kernel::{Clock, Ids, Timestamp, sync};
use serde_json::Value;
use thiserror::Error;
use tower::ServiceExt as _;
use tracing::{Dispatch, instrument::WithSubscriber as _};
use uuid::Uuid;

/// A token that ends sooner than this is not used any more.
const FRESH: Duration = Duration::from_hours(1);
/// Later than any change of a password: the desk holds the shop's own key and needs none.
const REVISION: u64 = u32::MAX as u64;

/// How often a patient desk asks again, and after which pause: for longer than any order may take.
const REPEATS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// Where the people of the sample shop make their calls.
pub(crate) struct Desk {
    services: BTreeMap<&'static str, Router>,
    keys: Arc<Secrets>,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    /// The last position that an answer named: what is asked next is answered from there on.
    seen: AtomicU64,
    tokens: Mutex<BTreeMap<Uuid, (String, Timestamp)>>,
    /// How often it asks again.
    repeats: u32,
}

/// What goes along with a call.
#[derive(Clone, Copy)]
struct Sent<'a> {
    /// Null: nothing.
    body: &'a Value,
    key: Option<&'a str>,
}

/// Someone who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) user: Box<str>,
    pub(crate) role: Role,
}

/// A call that was refused.
#[derive(Clone, Debug, Error)]
#[error("{call} was answered with {status}: {body}")]
pub(crate) struct Refused {
    call: String,
    pub(crate) status: StatusCode,
    body: Value,
}

impl Refused {
    /// The service that was called.
    pub(crate) fn service(&self) -> &str {
        self.call.split('/').nth(1).unwrap_or_default()
    }

    /// What the problem says, if the answer is one.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.body.get("detail")?.as_str().filter(|detail| !detail.is_empty())
    }
}

impl Person {
    /// Where this one buys: a quarter of all use the app.
    fn channel(&self) -> Channel {
        let sum: u32 = self.user.bytes().map(u32::from).sum();
        if sum.is_multiple_of(4) { Channel::App } else { Channel::Site }
    }
}

impl Desk {
    pub(crate) fn new(
        services: impl IntoIterator<Item = (&'static str, Router)>,
        keys: Arc<Secrets>,
        deps: &web::ServiceDeps,
    ) -> Self {
        Self {
            services: services.into_iter().collect(),
            keys,
            clock: Arc::clone(&deps.clock),
            ids: Arc::clone(&deps.ids),
            seen: AtomicU64::new(0),
            tokens: Mutex::default(),
            repeats: 0,
        }
    }

    /// The same that asks again where the shop is busy or does not answer.
    pub(crate) fn patient(self) -> Self {
        Self { repeats: REPEATS, ..self }
    }

    /// The same shop with another instance of a service.
    pub(crate) fn replace(&mut self, service: &'static str, router: Router) {
        self.services.insert(service, router);
    }

    /// The customer or manager of that name.
    pub(crate) fn person(&self, user: &str, role: Role) -> Person {
        Person { id: self.keys.customer_id(user), user: user.into(), role }
    }

    /// Asks, such as `/order/get-orders?Limit=1`.
    pub(crate) async fn get(&self, call: &str, by: Option<&Person>) -> Result<Value, Refused> {
        let nothing = Sent { body: &Value::Null, key: None };
        self.ask(Method::GET, call, by, nothing).await
    }

    /// Has something done.
    pub(crate) async fn post(
        &self,
        call: &str,
        by: Option<&Person>,
        body: &Value,
    ) -> Result<Value, Refused> {
        // With one key, what was recorded without an answer is not done twice.
        let key = (self.repeats > 0).then(|| self.ids.uuid(self.clock.now()).to_string());
        for _ in 0..self.repeats {
            let asked = self.ask(Method::POST, call, by, Sent { body, key: key.as_deref() }).await;
            match asked {
                Err(refused) if refused.status == StatusCode::SERVICE_UNAVAILABLE => {}
                answered => return answered,
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.ask(Method::POST, call, by, Sent { body, key: key.as_deref() }).await
    }

    async fn ask(
        &self,
        method: Method,
        call: &str,
        by: Option<&Person>,
        Sent { body, key }: Sent<'_>,
    ) -> Result<Value, Refused> {
        let (service, path) =
            call.get(1..).and_then(|call| call.split_once('/')).unwrap_or((call, ""));
        let refused = |status, body| Refused { call: call.to_owned(), status, body };
        let Some(router) = self.services.get(service).cloned() else {
            return Err(refused(StatusCode::NOT_FOUND, Value::Null));
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/{path}"))
            .header("content-type", "application/json")
            .header(names::POSITION, self.seen.load(Ordering::Relaxed));
        if let Some(by) = by {
            request = request.header("authorization", format!("Bearer {}", self.token(by)));
            request = request.header(names::CHANNEL, by.channel().as_str());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let here = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let request = request.extension(here).body(body).expect("the parts are valid");
        // Nobody asked over the network: the log would be full of what the sample's people look at.
        let quiet = router.oneshot(request).with_subscriber(Dispatch::none());
        let response = quiet.await.unwrap_or_else(|never| match never {});
        let status = response.status();
        let position = response.headers().get(names::POSITION);
        if let Some(at) = position.and_then(|at| at.to_str().ok()?.parse().ok()) {
            self.seen.fetch_max(at, Ordering::Relaxed);
        }
        let bytes = response.into_body().collect().await;
        let bytes = bytes.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() { Ok(body) } else { Err(refused(status, body)) }
    }

    /// A token of someone's that expired so long ago.
    pub(crate) fn expired_token(&self, by: &Person, ago: Duration) -> String {
        let Person { id, user, role } = by;
        let holder = Holder { customer: *id, user, role: *role, version: REVISION };
        let then = self.clock.now() - TOKEN_LIFETIME - ago;
        self.keys.signer().issue(holder, then, &self.ids).0
    }

    /// A token of someone's, signed with the shop's own key: the people of the sample are not asked for a password at each call.
    fn token(&self, by: &Person) -> String {
        let now = self.clock.now();
        let mut tokens = sync::lock(&self.tokens);
        if let Some((token, ends)) = tokens.get(&by.id)
            && *ends > now + FRESH
        {
            return token.clone();
        }
        let Person { id, user, role } = by;
        let holder = Holder { customer: *id, user, role: *role, version: REVISION };
        let (token, claims) = self.keys.signer().issue(holder, now, &self.ids);
        tokens.insert(*id, (token.clone(), claims.expires_at));
        token
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::{http::HeaderMap, routing::post};
    use runtime::clock::RuntimeClock;
    use serde_json::json;

    use super::*;

    /// A shop that is busy twice, then takes a call; and the keys of the calls that it got.
    fn busy_twice() -> (Desk, Arc<Mutex<Vec<String>>>) {
        let keys: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&keys);
        let call = post(async move |headers: HeaderMap| {
            let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
            let mut seen = seen.lock().unwrap();
            seen.push(key.unwrap_or_default());
            if seen.len() > 2 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
        });
        let desk = Desk {
            services: [("order", Router::new().route("/place-order", call))].into(),
            keys: Arc::new(Secrets::derive(&[7; 32])),
            clock: Arc::new(RuntimeClock::starting_at(Timestamp::from_micros(0))),
            ids: Arc::new(Ids::from_seed([5; 32])),
            seen: AtomicU64::new(0),
            tokens: Mutex::default(),
            repeats: 0,
        };
        (desk, keys)
    }

    #[tokio::test(start_paused = true)]
    async fn a_patient_desk_asks_again_with_one_key() {
        let (desk, keys) = busy_twice();
        let placed = desk.patient().post("/order/place-order", None, &json!({})).await;
        placed.expect("the shop is busy for a moment only");
        let keys = keys.lock().unwrap();
        assert_eq!(keys.len(), 3);
        assert!(!keys[0].is_empty() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_desk_asks_once() {
        let (desk, keys) = busy_twice();
        let refused = desk.post("/order/place-order", None, &json!({})).await;
        let refused = refused.expect_err("the shop is busy");
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(*keys.lock().unwrap(), [""]);
    }
}
