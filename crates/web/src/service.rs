//! A service as its process sees it: its router, its followers, and what it announces.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use axum::{Router, extract::State};
use futures_util::future::{BoxFuture, select_all};
use kernel::{Position, Timestamp};
use serde::Serialize;
use store::{Address, Announcement, Balance, Kept, Message};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Json, Operator, Problem, ServiceDeps, recent::Recent, still::Still};
use runtime::{ModelError, Progress, ReadModel};

/// Interval of announcements.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(2);

/// A running service: its tasks are spawned, its router waits to be called.
#[derive(Clone)]
pub struct Service {
    /// Its name on the bus; its routes begin with it.
    pub name: &'static str,
    /// Answers its requests.
    pub router: Router,
    /// Its projectors and reactors, and whatever else it depends on; it is ready while all of them are.
    pub followers: Vec<Progress>,
    /// What an operator can ask of its read model.
    pub model: Option<Arc<dyn Inspect>>,
    /// The name of the engine that keeps its data, if that is no read model, such as `MongoDB` of an event store.
    pub engine: Option<&'static str>,
}

/// The name of the subscriber that takes a service's read model through the log.
#[must_use]
pub fn projector_of(service: &str) -> String {
    format!("{service}.projector")
}

/// Operations on a read model that an operator can ask for.
pub trait Inspect: Send + Sync {
    /// The sums of promise 6 that the service can vouch for.
    fn balances(&self) -> BoxFuture<'_, Result<Vec<Balance>, ModelError>>;

    /// Everything in the model at one position as lines of text in a fixed order, and that position.
    fn dump_at(&self) -> BoxFuture<'_, Result<(Position, Vec<String>), ModelError>>;

    /// The name of the engine that keeps it, such as `SQLite`.
    fn engine(&self) -> &'static str;

    /// What is in its database that the program did not make, or lacks, each in a sentence or two.
    fn warnings(&self) -> BoxFuture<'_, Vec<String>>;
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.name)
    }
}

impl Service {
    /// Whether all its followers can work; else why not. The one definition of readiness: routes and announcements ask here,
    /// and everything else believes the announcements.
    pub fn ready(followers: &[Progress]) -> Result<(), String> {
        followers.iter().find_map(Progress::trouble).map_or(Ok(()), Err)
    }

    /// Entries in the inboxes of its followers. The service is ready all the same, and degraded.
    #[must_use]
    pub fn set_aside_count(followers: &[Progress]) -> u64 {
        followers.iter().map(Progress::set_aside_count).sum()
    }

    /// Returns when a follower turns ready or stops being it; never without followers.
    fn turns(&self) -> impl Future<Output = ()> + Send + use<> {
        let turns: Vec<_> =
            self.followers.iter().map(|follower| Box::pin(follower.turns())).collect();
        async {
            if turns.is_empty() {
                std::future::pending::<()>().await;
            } else {
                select_all(turns).await;
            }
        }
    }

    /// Waits until the service is ready.
    pub async fn wait_ready(&self) {
        for follower in &self.followers {
            follower.wait_ready().await;
        }
    }

    /// Announces the service on the bus every 2 s, until the tasks stop.
    pub fn announce(&self, deps: &ServiceDeps, instance: String, address: Address) {
        let (service, tasks, deps) = (self.clone(), &deps.tasks, deps.clone());
        tasks.spawn("announcer", async move {
            let announcing = service.announce_on(&deps, &instance, &address);
            deps.tasks.unless_stopped(announcing).await;
            // Clients must not send more requests to an instance that is stopping.
            let leaving = service.announcement(&deps, &instance, &address, false).await;
            deps.transport.publish(Message::Service(Arc::new(leaving))).await;
        });
    }

    async fn announce_on(&self, deps: &ServiceDeps, instance: &str, address: &Address) {
        let mut before: Option<(Timestamp, u64)> = None;
        let mut still = Still::default();
        loop {
            let now = deps.clock.now();
            let position =
                self.followers.iter().map(|follower| follower.position().0).max().unwrap_or(0);
            let throughput = before
                .map_or(0.0, |(then, at)| per_second(position.saturating_sub(at), now.since(then)));
            before = Some((now, position));
            let turns = self.turns();
            let ready = Self::ready(&self.followers).is_ok();
            let (said, lag) = (
                self.announcement(deps, instance, address, ready).await,
                still.look(&self.followers, deps.clock.elapsed()),
            );
            let announcement = Announcement { throughput, lag, ..said };
            deps.transport.publish(Message::Service(Arc::new(announcement))).await;
            // Gateways learn of it at once, not at the next announcement.
            let _either = tokio::time::timeout(ANNOUNCE_EVERY, turns).await;
        }
    }

    async fn announcement(
        &self,
        deps: &ServiceDeps,
        instance: &str,
        address: &Address,
        ready: bool,
    ) -> Announcement {
        Announcement {
            name: self.name.to_owned(),
            instance: instance.to_owned(),
            address: address.clone(),
            routes: vec![format!("/{}", self.name)],
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ready,
            trouble: Self::ready(&self.followers).err(),
            warnings: self.warnings().await,
            slow: self.followers.iter().find_map(Progress::slow),
            clock: Some(deps.clock.now()),
            model: self.kept(),
            lag: BTreeMap::new(),
            set_aside: Self::set_aside_count(&self.followers),
            throughput: 0.0,
            balances: self.balances().await,
            reads: deps.schemas.announced(),
        }
    }

    /// What keeps its read model or its other data.
    fn kept(&self) -> Option<Kept> {
        let Some(model) = &self.model else {
            let engine = self.engine?.to_owned();
            return Some(Kept { engine, trouble: Self::ready(&self.followers).err() });
        };
        let engine = model.engine().to_owned();
        let projector = projector_of(self.name);
        let mut own = self.followers.iter().filter(|follower| follower.name() == projector);
        let trouble = own.find_map(Progress::database_trouble);
        Some(Kept { engine, trouble })
    }

    /// What is not as it should be although it answers.
    async fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> =
            self.followers.iter().flat_map(Progress::warnings).collect();
        if let Some(model) = &self.model {
            warnings.extend(model.warnings().await);
        }
        warnings
    }

    async fn balances(&self) -> Vec<Balance> {
        let Some(model) = &self.model else { return Vec::new() };
        model.balances().await.unwrap_or_else(|error| {
            // This runs every 2 s; the projector reports once that the model cannot be used.
            tracing::debug!(service = self.name, %error, "the balances are unknown");
            Vec::new()
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
fn per_second(events: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() {
        0.0
    } else {
        (events as f64 / elapsed.as_secs_f64() * 10.0).round() / 10.0
    }
}

/// What a model holds, in one line.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct ModelDigest {
    /// The position up to which the model holds everything.
    position: u64,
    /// A hash (BLAKE3) of every row.
    #[schema(min_length = 64, max_length = 64)]
    digest: String,
    rows: u64,
}

/// The call by which an operator compares a running model with a rebuilt one; every service has it.
pub(crate) fn inspection(model: Arc<dyn Inspect>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(model_digest)).with_state(model)
}

/// What an operator can ask of a model.
pub(crate) fn inspected<M: ReadModel + ?Sized>(model: Arc<M>) -> Arc<dyn Inspect> {
    Arc::new(ModelOf { model, recent: Recent::default() })
}

/// A read model whatever its changes are.
struct ModelOf<M: ?Sized> {
    model: Arc<M>,
    recent: Recent,
}

impl<M: ReadModel + ?Sized> Inspect for ModelOf<M> {
    fn balances(&self) -> BoxFuture<'_, Result<Vec<Balance>, ModelError>> {
        // Sums over the whole model: every process asks each second.
        Box::pin(self.recent.balances(self.model.balances()))
    }

    fn dump_at(&self) -> BoxFuture<'_, Result<(Position, Vec<String>), ModelError>> {
        Box::pin(self.model.dump_at())
    }

    fn engine(&self) -> &'static str {
        self.model.engine()
    }

    fn warnings(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async {
            let warnings = self.model.database().map(|database| database.strange());
            warnings.unwrap_or_default()
        })
    }
}

/// A digest of the service's read model, to compare with that of a rebuilt one.
#[utoipa::path(get, path = "/model-digest", security(("token" = [])), responses((status = 200, body = ModelDigest)))]
async fn model_digest(
    State(model): State<Arc<dyn Inspect>>,
    _operator: Operator,
) -> Result<Json<ModelDigest>, Problem> {
    let (position, lines) = model.dump_at().await?;
    let (digest, rows) = (digest(&lines), lines.len() as u64);
    Ok(Json(ModelDigest { position: position.0, digest, rows }))
}

/// A hash over the lines of a model's dump.
#[must_use]
pub fn digest(lines: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for line in lines {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}
