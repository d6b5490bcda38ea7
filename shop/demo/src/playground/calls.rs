//! The calls of the playground, for managers alone.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use contracts::rest::{
    drill,
    playground::{self, Preset, Rates},
};
use identity::Manager;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Authenticate, Count, HttpConfig, Json, Problem, Service, Whole};

use super::{NAME, Playground, auth::ByIssuersClock, mend};

/// How long a preset lasts unless the caller says so.
const LASTS_SECONDS: i64 = 60;
/// When to ask again for what cannot be done now.
const RETRY: Duration = Duration::from_secs(1);

#[derive(OpenApi)]
#[openapi(info(title = "playground"))]
struct Document;

type Answer = Result<Json<playground::Playground>, Problem>;

pub(super) fn service(playground: &Playground) -> Service {
    let deps = &playground.0.toys.deps;
    let api = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(get_playground))
        .routes(routes!(set_messages))
        .routes(routes!(set_part))
        .routes(routes!(cut_power))
        .routes(routes!(set_traffic))
        .routes(routes!(hold_sale))
        .routes(routes!(play))
        .routes(routes!(begin_drill))
        .routes(routes!(heal));
    let service = web::Api::new(NAME, env!("CARGO_PKG_VERSION"), http(playground))
        .metrics(deps.metrics.http());
    let router = service.finish(api.with_state(playground.clone()));
    Service { name: NAME, router, followers: Vec::new(), model: None, engine: None }
}

/// What requests may do, as everywhere, but for whose clock a token must hold by.
fn http(playground: &Playground) -> HttpConfig {
    let http = playground.0.toys.deps.http.clone();
    let skew = playground.part(contracts::customer::CATEGORY).map(|part| part.skew().clone());
    let auth = http.auth.clone().zip(skew);
    let auth =
        auth.map(|(auth, skew)| Arc::new(ByIssuersClock { auth, skew }) as Arc<dyn Authenticate>);
    HttpConfig { auth: auth.or(http.auth.clone()), ..http }
}

/// The faults now, and their effects.
#[utoipa::path(get, path = "/get-playground", tag = "playground", security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn get_playground(State(playground): State<Playground>, _: Manager) -> Answer {
    Ok(Json(playground.state()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetMessages {
    #[schema(inline)]
    seed: Count,
    rates: Rates,
}

/// Lets so many of a thousand messages be lost, repeated, delayed and reordered from now on.
#[utoipa::path(post, path = "/set-messages", tag = "playground", request_body = SetMessages, security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn set_messages(
    State(playground): State<Playground>,
    _: Manager,
    Json(asked): Json<SetMessages>,
) -> Answer {
    if asked.rates.each().into_iter().any(|rate| rate > 1000) {
        return Err(Problem::field("Rates", "must each be at most 1000 (thousandths)"));
    }
    playground.begin(asked.seed.get().unsigned_abs());
    playground.set_rates(asked.rates);
    Ok(Json(playground.state()))
}

/// What is done to a part.
#[derive(Clone, Copy, Deserialize, ToSchema)]
enum Deed {
    /// It finishes what it has begun, and ends.
    Stop,
    /// It is dropped where it is.
    Kill,
    /// It is frozen.
    Freeze,
    /// It takes `SlowMs` over each event.
    Slow,
    /// It is killed, its read model is emptied, and it is started again: it reads the whole log. The event store has none.
    Rebuild,
    /// It is as it should be: started again, going on, as fast as it can be.
    Mend,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetPart {
    /// A service, or `events`, the event store.
    name: String,
    r#do: Deed,
    /// Milliseconds over each event; 0 is as fast as it can be.
    #[schema(inline)]
    slow_ms: Option<Whole<0, 10_000>>,
}

/// Stops, kills, freezes, slows or rebuilds a part, or mends it.
#[utoipa::path(post, path = "/set-part", tag = "playground", request_body = SetPart, security(("token" = [])), responses(
    (status = 200, body = playground::Playground),
    (status = 503, description = "It could not be started again; the answer says why."),
))]
async fn set_part(
    State(playground): State<Playground>,
    _: Manager,
    Json(asked): Json<SetPart>,
) -> Answer {
    let Some(part) = playground.part(&asked.name) else {
        return Err(Problem::field("Name", "is not a part of this shop"));
    };
    match asked.r#do {
        Deed::Stop => part.stop().await,
        Deed::Kill => part.kill().await,
        Deed::Freeze => part.freeze(),
        Deed::Mend => mend(part).await.map_err(|error| unstarted(&error))?,
        Deed::Rebuild if !part.has_database() => {
            return Err(Problem::field("Name", "is a part without a read model"));
        }
        Deed::Rebuild => part.rebuild().await.map_err(|error| unstarted(&error))?,
        Deed::Slow => {
            let millis = asked.slow_ms.map_or(0, Whole::get).unsigned_abs();
            part.slowness().set(Duration::from_millis(millis));
        }
    }
    Ok(Json(playground.state()))
}

fn unstarted(error: &str) -> Problem {
    Problem::unavailable(RETRY, format!("It could not be started: {error}"))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CutPower {
    #[schema(inline)]
    seed: Count,
}

/// Cuts the power of the event store's disk in the middle of a write, and with it that of all parts; then gives it back. Answered at
/// once; everything is there again when all parts are up and `Cuts` has risen.
#[utoipa::path(post, path = "/cut-power", tag = "playground", request_body = CutPower, security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn cut_power(
    State(playground): State<Playground>,
    _: Manager,
    Json(asked): Json<CutPower>,
) -> Answer {
    let seed = asked.seed.get().unsigned_abs();
    playground.begin(seed);
    let cutting = playground.clone();
    // Starting everything again takes longer than anyone waits for an answer.
    playground.0.toys.deps.tasks.spawn("playground-power", async move {
        cutting.cut_power(seed).await;
    });
    Ok(Json(playground.state()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetTraffic {
    /// Visits in a minute; without it, customers come as they do without faults.
    #[schema(inline)]
    visits: Option<Whole<0, 6000>>,
    #[schema(inline)]
    seed: Count,
}

/// Lets sample customers come at this rate.
#[utoipa::path(post, path = "/set-traffic", tag = "playground", request_body = SetTraffic, security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn set_traffic(
    State(playground): State<Playground>,
    _: Manager,
    Json(asked): Json<SetTraffic>,
) -> Answer {
    playground.begin(asked.seed.get().unsigned_abs());
    let visits = asked.visits.and_then(|visits| u32::try_from(visits.get()).ok());
    playground.set_traffic(visits);
    Ok(Json(playground.state()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct HoldSale {
    #[schema(inline)]
    shoppers: Whole<1, 1000>,
    #[schema(inline)]
    units: Whole<0, 1000>,
    #[schema(inline)]
    seed: Count,
}

/// Lets so many shoppers in at once, who all want the few units of one product.
#[utoipa::path(post, path = "/hold-sale", tag = "playground", request_body = HoldSale, security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn hold_sale(
    State(playground): State<Playground>,
    _: Manager,
    Json(asked): Json<HoldSale>,
) -> Answer {
    let count = |of: i64| u32::try_from(of).unwrap_or_default();
    let seed = asked.seed.get().unsigned_abs();
    playground.begin(seed);
    let (shoppers, units) = (count(asked.shoppers.get()), count(asked.units.get()));
    let held = playground.hold_sale(shoppers, units, seed).await;
    held.map_err(|why| Problem::conflict("/problems/conflict", why))?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Play {
    preset: Preset,
    #[schema(inline)]
    seed: Count,
    /// How long it lasts; a minute unless it is said.
    #[schema(inline)]
    seconds: Option<Whole<1, 600>>,
}

/// Plays a preset; all other faults end first, and all faults when it is over.
#[utoipa::path(post, path = "/play", tag = "playground", request_body = Play, security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn play(State(playground): State<Playground>, _: Manager, Json(asked): Json<Play>) -> Answer {
    let seconds = asked.seconds.map_or(LASTS_SECONDS, Whole::get).unsigned_abs();
    let seed = asked.seed.get().unsigned_abs();
    playground.play(asked.preset, seed, Duration::from_secs(seconds)).await;
    Ok(Json(playground.state()))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BeginDrill {
    /// One of the drills, such as `lost-broker`.
    name: String,
    #[schema(inline)]
    seed: Count,
}

/// Prepares an incident; all other faults end first. It lasts until faults end.
#[utoipa::path(post, path = "/begin-drill", tag = "playground", request_body = BeginDrill, security(("token" = [])), responses(
    (status = 200, body = playground::Playground),
    (status = 422, description = "There is no such drill, or it cannot be prepared here; the answer says why, and no fault is on."),
))]
async fn begin_drill(
    State(playground): State<Playground>,
    _: Manager,
    Json(asked): Json<BeginDrill>,
) -> Answer {
    let Some(drill) = drill::named(&asked.name) else {
        return Err(Problem::field("Name", "is not the name of a drill"));
    };
    let begun = playground.begin_drill(drill, asked.seed.get().unsigned_abs()).await;
    begun.map_err(|error| Problem::field("Name", format!("cannot be prepared: {error}")))?;
    Ok(Json(playground.state()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Heal {}

/// Ends every fault: what is down is started again, what is frozen goes on, messages arrive.
#[utoipa::path(post, path = "/heal", tag = "playground", request_body = Heal, security(("token" = [])), responses((status = 200, body = playground::Playground)))]
async fn heal(State(playground): State<Playground>, _: Manager, Json(_): Json<Heal>) -> Answer {
    playground.heal().await;
    Ok(Json(playground.state()))
}
