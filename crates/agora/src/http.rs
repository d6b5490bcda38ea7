//! The HTTP side of a system: requests as commands, answers from read models, and a server around both.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    RequestExt as _,
    extract::{FromRequest, Request as HttpRequest},
};
use futures_util::future::{BoxFuture, FutureExt as _};
use kernel::{Actor, Position, sync};
use runtime::{Behind, ExecuteError, ModelError, Progress};
use serde::de::DeserializeOwned;
use store::{Address, Balance};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;
use web::{
    Api, At, Authenticate, Authenticated, Checkpoint, Context, Identity, Inspect, Keyed, Problem,
    Service, serve,
};

use crate::{Aggregate, Commands, Id, Model, Refused, System, Values, commands::Models};

/// The version that a system says it has.
const VERSION: &str = "1";
/// How soon to come back when the event store does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A command as a request brings it: JSON, with the caller and an `Idempotency-Key` if there are such. The last extractor of a handler.
///
/// Where callers are authenticated, one without a valid token gets a 401.
#[derive(Clone)]
pub struct Request<C> {
    /// The request's id, trace and client.
    pub context: Context,
    /// Who asks, where callers are authenticated.
    pub caller: Option<Identity>,
    body: Keyed<C>,
}

impl<C> Request<C> {
    /// What is asked for.
    #[must_use]
    pub fn command(&self) -> &C {
        &self.body.value
    }
}

impl<C: DeserializeOwned + Send, S: Send + Sync> FromRequest<S> for Request<C> {
    type Rejection = Problem;

    async fn from_request(mut request: HttpRequest, state: &S) -> Result<Self, Problem> {
        let context: Context = request.extract_parts_with_state(state).await?;
        let caller = if context.http().auth.is_some() {
            let Authenticated(caller) = request.extract_parts_with_state(state).await?;
            Some(caller)
        } else {
            None
        };
        let body = Keyed::from_request(request, state).await?;
        Ok(Self { context, caller, body })
    }
}

impl<A: Aggregate> Commands<A> {
    /// Carries out the command of a request, as [`execute`](Self::execute), and answers with its position. The same request with the same
    /// `Idempotency-Key` acts once.
    pub async fn answer(&self, id: &Id, request: Request<A::Command>) -> Result<At, Problem> {
        let Request { context, caller, body } = request;
        let name = caller.as_ref().map_or("", |caller| &*caller.name);
        let known = body.changes(Uuid::nil(), &format!("{} {id} {name}", A::CATEGORY));
        let actor = match &caller {
            Some(caller) => Actor::of("user", &caller.name).map_err(Problem::internal)?,
            None => Actor::anonymous(),
        };
        let metadata = context.metadata(actor, known);
        let done = self.execute(id, body.value, metadata).await.map_err(refusal)?;
        Ok(At(done.position().unwrap_or_default()))
    }
}

/// What a command that was not carried out is to its sender.
fn refusal(error: ExecuteError<Refused>) -> Problem {
    match error {
        ExecuteError::Rejected(Refused(reason)) => Problem::conflict("/problems/refused", reason),
        ExecuteError::KeyReused => {
            Problem::field("Idempotency-Key", "was used for another request")
        }
        ExecuteError::Unavailable => Problem::unavailable(
            RETRY_AFTER,
            "The event store is not responding. Whether the command was recorded is unknown; with an Idempotency-Key it can be retried safely.",
        ),
        ExecuteError::Refused(reason) => Problem::internal(reason),
        ExecuteError::Newer(event) => Problem::newer_version(&event),
        ExecuteError::Held(event) => Problem::upgrading(&event),
    }
}

impl Model {
    /// The row that a query finds; 404 if there is none.
    pub async fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: impl Values,
    ) -> Result<T, Problem> {
        let found = self.row(sql, values).await?;
        found.ok_or_else(|| Problem::not_found("Not found: the read model has no such row."))
    }

    /// Every row that a query finds.
    pub async fn all<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: impl Values,
    ) -> Result<Vec<T>, Problem> {
        Ok(self.rows(sql, values).await?)
    }
}

impl System {
    /// The same system, where `auth` decides who may come in, and who is an operator.
    #[must_use]
    pub fn authenticated_by(mut self, auth: impl Authenticate) -> Self {
        self.web = self.web.clone().authenticated_by(auth);
        self
    }

    /// The calls in `routes` as a service: with `/`, `/openapi.json`, `/health`, `/metrics`, problems for whatever fails, and answers that
    /// wait for the position that a request carries. What a follower could not take is in `/inbox`, where an operator retries or skips it
    /// with `/retry-event` and `/skip-event`; `/models/NAME/rebuild-model` builds a read model again while it answers, and
    /// `/models/NAME/model-generations` says how far that is.
    ///
    /// Who is an operator is decided by [`authenticated_by`](Self::authenticated_by); without authentication, those on this machine are. A
    /// path in `routes` that the system serves itself is an error.
    pub fn service(&self, routes: impl Into<OpenApiRouter>) -> anyhow::Result<Service> {
        let (name, followers) = (self.settings.name, self.progress());
        let (routes, operating) = (routes.into(), self.operating(&followers));
        let given = axum::Router::from(routes.clone());
        let own = operating.get_openapi().paths.paths.keys().map(String::as_str);
        let own = own.chain(web::OWN_ROUTES).chain([web::METRICS_ROUTE]);
        if let Some(taken) = own.into_iter().find(|path| web::has_route(&given, path)) {
            anyhow::bail!(
                "the program has a route {taken}, which the system serves itself; give the program's another path"
            );
        }
        let router = Api::new(name, VERSION, self.web.http.clone())
            .reads(AllModels(Arc::clone(&self.models)))
            .follows(followers.clone())
            .metrics(self.web.metrics.http())
            .finish(routes.merge(self.web.metrics.router().into()).merge(operating));
        let model: Arc<dyn Inspect> = Arc::new(AllModels(Arc::clone(&self.models)));
        Ok(Service { name, router, followers, model: Some(model), engine: None })
    }

    /// The calls of operators.
    fn operating(&self, followers: &[Progress]) -> OpenApiRouter {
        let inbox = web::inbox_calls(self.settings.name, self.web.clone(), followers.to_vec());
        sync::lock(&self.rebuilds).iter().fold(inbox, |calls, (model, rebuild, progress)| {
            let generations = web::generation_calls(rebuild.clone(), progress.clone());
            calls.nest(&format!("/models/{model}"), generations)
        })
    }

    /// Answers at `address`, or at the one that the settings name, until SIGTERM or Ctrl-C; then finishes what has begun.
    pub async fn serve(
        self,
        routes: impl Into<OpenApiRouter>,
        address: &str,
    ) -> anyhow::Result<()> {
        let served = match self.service(routes) {
            Ok(service) => self.serve_until_stopped(&service, address).await,
            Err(error) => Err(error),
        };
        let drained = self.shut_down().await;
        served?;
        anyhow::ensure!(
            !self.deps().tasks.failed(),
            "a part of the system failed; see the log above. What was acknowledged is recorded"
        );
        if !drained {
            tracing::warn!("some requests did not finish in time and were aborted");
        }
        tracing::info!("stopped");
        Ok(())
    }

    async fn serve_until_stopped(&self, service: &Service, address: &str) -> anyhow::Result<()> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let address = self.settings.listen.as_deref().unwrap_or(address);
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let tasks = &self.deps().tasks;
        tasks.spawn("http", serve(listener, service.router.clone(), tasks.stop_token()));
        let instance = self.deps().ids.uuid(self.deps().clock.now()).to_string();
        service.announce(&self.web, instance, Address::Http(url.clone()));
        tracing::info!("{} is listening on {url}", self.settings.name);
        tokio::select! {
            biased;
            _ = interrupt.recv() => tracing::info!("Ctrl-C received; finishing requests in progress"),
            _ = terminate.recv() => tracing::info!("SIGTERM received; finishing requests in progress"),
            () = tasks.stopped() => {}
        }
        Ok(())
    }
}

/// All read models of a process as one.
struct AllModels(Models);

impl AllModels {
    fn each(&self) -> Vec<(Model, Progress)> {
        sync::lock(&self.0).clone()
    }
}

impl Checkpoint for AllModels {
    fn position(&self) -> Position {
        self.each().iter().map(|(_, progress)| progress.position()).min().unwrap_or_default()
    }

    fn reach(&self, wanted: Position, timeout: Duration) -> BoxFuture<'static, Result<(), Behind>> {
        let models = self.each();
        let reaching = models
            .into_iter()
            .map(|(_, progress)| async move { progress.reach(wanted, timeout).await });
        futures_util::future::try_join_all(reaching.collect::<Vec<_>>())
            .map(|all| all.map(drop))
            .boxed()
    }
}

impl Inspect for AllModels {
    fn balances(&self) -> BoxFuture<'_, Result<Vec<Balance>, ModelError>> {
        async {
            let mut balances = Vec::new();
            for (model, _) in self.each() {
                balances.extend(model.balances().await?);
            }
            Ok(balances)
        }
        .boxed()
    }

    fn dump_at(&self) -> BoxFuture<'_, Result<(Position, Vec<String>), ModelError>> {
        async {
            loop {
                let before = self.position();
                let mut lines = Vec::new();
                for (model, _) in self.each() {
                    lines.extend(model.dump().await?);
                }
                // Several models have no moment in common but one in which none of them changes.
                if self.position() == before {
                    return Ok((before, lines));
                }
            }
        }
        .boxed()
    }

    fn warnings(&self) -> BoxFuture<'_, Vec<String>> {
        let strange = self
            .each()
            .into_iter()
            .filter_map(|(model, _)| model.engine().database().map(|database| database.strange()));
        futures_util::future::ready(strange.flatten().collect()).boxed()
    }

    fn engine(&self) -> &'static str {
        self.each().first().map_or("none", |(model, _)| model.engine().engine())
    }
}
