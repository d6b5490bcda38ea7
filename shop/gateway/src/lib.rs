//! The gateway: one address for all services, which it knows only by what they announce.
//!
//! ```text
//!  client ─▶ border ─┬─▶ own: /  /health  /openapi.json  /docs  /system
//!                    └─▶ /PREFIX/call ─▶ table ─┬─▶ router of this process
//!                              ▲                └─▶ pooled HTTP ─▶ instance, another, ...
//!                              └── announcements
//! ```

mod address;
mod docs;
mod document;
mod forward;
mod positions;
mod refusals;
mod status;
mod table;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, Request, State},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{
    Uri,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY},
    http::uri::PathAndQuery,
};
use store::{Announcement, Heard, Message, Transport};
use tokio::sync::Notify;
use web::{Api, Context, HttpConfig, Problem, RouteName, metrics::HttpMetrics, watch::Watch};

pub use docs::book::has_book;
pub use table::is_name;

use crate::{
    document::Documents,
    forward::Forwarder,
    positions::Positions,
    refusals::{Asked, Refusals},
    table::Table,
};

/// One address for all services. A cheap clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    http: HttpConfig,
    table: Table,
    forwarder: Forwarder,
    positions: Positions,
    documents: Documents,
    expected: Vec<Expected>,
    transport: Arc<dyn Transport>,
    watch: Watch,
    refusals: Refusals,
    /// Told of every announcement.
    learned: Notify,
}

/// A service without which the shop is not ready.
#[derive(Clone, Debug)]
pub struct Expected {
    pub name: String,
    /// What people cannot do while it is away, in a sentence or two.
    pub without: String,
}

impl Gateway {
    /// A gateway that is ready once all services that are `expected` are. Others that announce themselves are guests: asked under
    /// their own prefix, and not waited for. Announcements come over `transport`.
    #[must_use]
    pub fn new(
        http: HttpConfig,
        transport: Arc<dyn Transport>,
        expected: impl IntoIterator<Item = Expected>,
    ) -> Self {
        Self(Arc::new(Inner {
            positions: Positions::new(http.names.clone()),
            http,
            table: Table::default(),
            forwarder: Forwarder::new(),
            documents: Documents::default(),
            expected: expected.into_iter().collect(),
            transport,
            watch: Watch::of(status::GATEWAY),
            refusals: Refusals::default(),
            learned: Notify::new(),
        }))
    }

    /// The router that `Address::Local` means where `service` announces it: called directly, without a network.
    pub fn register(&self, service: &str, router: Router) {
        self.0.table.register(service, router);
    }

    /// Records the announcement of an instance; it is valid for 5 s.
    pub fn learn(&self, announcement: Arc<Announcement>) {
        self.0.table.learn(announcement, &*self.0.http.clock);
        self.0.learned.notify_waiters();
    }

    /// What it knows of the parts that do not work as they should, to be kept over a restart.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.0.watch
    }

    /// Forgets what it warns of: what caused it is known to be over.
    pub fn forget_warnings(&self) {
        self.0.refusals.forget();
    }

    /// Waits until all services that are expected have announced that they are ready.
    pub async fn wait_ready(&self) {
        loop {
            let learned = self.0.learned.notified();
            if status::is_ready(self) {
                return;
            }
            learned.await;
        }
    }

    /// Learns from a subscription to [`store::Topic::Services`], and notices who is silent, until the gateway shuts down.
    pub async fn follow(&self, mut announcements: store::Receiver) {
        let shutdown = self.0.http.shutdown.clone();
        let learning = async {
            loop {
                match tokio::time::timeout(LOOK_EVERY, announcements.next()).await {
                    Ok(Some(Heard::Message(Message::Service(announcement)))) => {
                        self.learn(announcement);
                    }
                    Ok(None) => return,
                    Ok(Some(_)) | Err(_) => {}
                }
                status::look(self);
            }
        };
        shutdown.run_until_cancelled(learning).await;
    }

    /// The whole gateway as a router.
    pub fn router(&self, metrics: HttpMetrics) -> Router {
        let own = Router::new()
            .route("/", get(status::what_is_here))
            .route("/health/live", get(status::live))
            .route("/health/ready", get(status::ready))
            .route("/system/get-status", get(status::get_status))
            .route("/system/get-timeline", get(status::get_timeline))
            .route("/openapi.json", get(document::answer))
            .route("/docs", get(docs::entrance))
            .route("/docs/{file}", get(docs::file))
            .route("/docs/book", get(docs::book::entrance))
            .route("/docs/book/{*file}", get(docs::book::file))
            .fallback(forward)
            .with_state(self.clone());
        Api::new("gateway", env!("CARGO_PKG_VERSION"), self.0.http.clone())
            .metrics(metrics)
            .quiet()
            .guard(own)
            .layer(middleware::map_response(secured))
    }
}

/// Hands a request to the service of its first path segment.
async fn forward(
    State(Gateway(gateway)): State<Gateway>,
    context: Context,
    mut request: Request,
) -> Response {
    let Some((prefix, path)) = split(request.uri()) else { return unknown() };
    let Some(route) = gateway.table.route(prefix) else {
        // Right after a start no announcement has arrived yet.
        let expected =
            gateway.expected.iter().any(|one| prefix.strip_prefix('/') == Some(&one.name));
        return if expected { forward::no_instance() } else { unknown() };
    };
    let (path, instance) = addressed(path);
    let Ok(path) = PathAndQuery::try_from(path) else { return unknown() };
    if let Err(too_large) = context.check_announced_length(request.headers()) {
        return too_large.into_response();
    }
    let asked = Asked::of(request.headers(), request.uri());
    let headers = request.headers_mut();
    forward::end_to_end(headers);
    let holder = gateway.positions.carry(headers);
    let elapsed = gateway.http.clock.elapsed();
    let targets = match instance {
        None => route.targets(path.path(), elapsed),
        Some(name) => match route.instance(&name, elapsed) {
            Some(target) => vec![target],
            None => return no_such_instance(),
        },
    };
    let mut response = gateway.forwarder.forward(&targets, request, path, &context).await;
    gateway.refusals.note(&asked, &context, &response, gateway.http.clock.elapsed());
    forward::end_to_end(response.headers_mut());
    let admitted = gateway.http.names.take_admitted(response.headers_mut());
    if let Some(holder) = holder {
        gateway.positions.note(holder, response.headers(), admitted);
    }
    response.extensions_mut().insert(RouteName(Arc::clone(&route.prefix)));
    forward::ending_with(&gateway.http.shutdown, response)
}

/// `/product/get-products?Limit=1` as `/product` and `/get-products?Limit=1`.
fn split(uri: &Uri) -> Option<(&str, String)> {
    let path = uri.path();
    let end = path.get(1..)?.find('/').map_or(path.len(), |at| at + 1);
    let (prefix, rest) = path.split_at_checked(end)?;
    let rest = if rest.is_empty() { "/" } else { rest };
    Some((prefix, uri.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"))))
}

/// The calls about what each instance may have of its own.
const OF_AN_INSTANCE: [&str; 4] =
    ["/model-generations", "/rebuild-model", "/switch-model", "/drop-model"];

/// Takes `Instance=NAME` out of the query of such a call: the name of the one instance that is to answer.
fn addressed(path: String) -> (String, Option<String>) {
    const INSTANCE: &str = "Instance=";
    let Some((before, query)) = path.split_once('?') else { return (path, None) };
    if !OF_AN_INSTANCE.contains(&before) {
        return (path, None);
    }
    let (named, others): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|part| part.starts_with(INSTANCE));
    let decoded = |named: &&str| {
        let uri = Uri::try_from(format!("/?{named}")).ok()?;
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
        pairs.into_iter().next().map(|(_, name)| name)
    };
    let name = named.first().and_then(decoded);
    let end = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    if name.is_none() { (path, None) } else { (format!("{before}{end}"), name) }
}

fn no_such_instance() -> Response {
    Problem::not_found("No such instance of this service is here; get-status lists them.")
        .into_response()
}

fn unknown() -> Response {
    Problem::not_found("No such endpoint; / lists the services.").into_response()
}

/// Headers under which a browser does nothing with an answer but show it to who asked.
async fn secured(mut response: Response) -> Response {
    const STRICT: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
    const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    let strict = HeaderValue::from_static(STRICT);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(strict);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// How soon to come back to a gateway that is not ready yet.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The pause between two looks at who is silent; announcements come every 2 s.
const LOOK_EVERY: Duration = Duration::from_secs(1);
