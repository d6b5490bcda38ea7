//! The list of ended sessions: no token is accepted before it is loaded, and it works even if the disk fails.

use std::{fs, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use identity::{
    Auth, Caller, Holder, Role, Signer, TokenError, ended, ended::Ended, ended::EndedSessions,
};
use kernel::{
    Actor, EventType, Expected, Ids, Metadata, NewEvent, Position, Recorded, StreamId, Timestamp,
};
use runtime::event_store::Figures;
use runtime::{ReadModel as _, Tasks, Unfit, clock::RuntimeClock, sqlite::Location};
use serde_json::value::to_raw_value;
use store::Append;
use store::LogStore;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;
use web::ServiceDeps;

const CUSTOMER: Uuid = Uuid::from_u128(3);
const PATIENCE: Duration = Duration::from_secs(30);

struct World {
    signer: Signer,
    deps: ServiceDeps,
    auth: Auth,
    folder: tempfile::TempDir,
}

/// The event of these tests: all sessions of a version before that of its schema end.
#[expect(clippy::unnecessary_wraps, reason = "not every event ends a session elsewhere")]
fn all_before(event: &Recorded) -> Result<Option<Ended>, Unfit> {
    Ok(Some(Ended::All { customer: CUSTOMER, version: event.schema.into() }))
}

impl World {
    fn new() -> Self {
        let signer = Signer::from_secret([9; 32]);
        let epoch = Timestamp::from_micros(1_767_225_600_000_000);
        let clock = Arc::new(RuntimeClock::starting_at(epoch));
        let ids = Arc::new(Ids::from_seed([5; 32]));
        let auth = Auth::new(signer.verifier(), clock.clone());
        let deps = ServiceDeps::new(runtime::Deps {
            clock,
            ids,
            transport: Arc::new(store::Memory::new()),
            tasks: Tasks::inline(),
            traces: runtime::Traces::default(),
            budget: runtime::Budget::default(),
            schemas: runtime::Schemas::default(),
        })
        .authenticated_by(auth.clone());
        Self { signer, deps, auth, folder: tempfile::tempdir().expect("a folder") }
    }

    async fn serve_store(&self) {
        let options = eventlog::Options::new([7; 16]);
        let log = self.folder.path().join("log");
        let store = LogStore::open(&log, Arc::new(eventlog::OsFiles), options).expect("a log");
        runtime::event_store::serve(&self.deps, store.writer, store.reader, Figures::default())
            .await;
    }

    async fn end_before(&self, version: u32) -> kernel::Position {
        let now = self.deps.clock.now();
        let event = NewEvent {
            id: self.deps.ids.event_id(now),
            kind: EventType::parse("test.ended").expect("a type"),
            schema: version,
            metadata: Metadata::of(Actor::anonymous(), self.deps.ids.uuid(now)),
            data: to_raw_value(&serde_json::json!({})).expect("an object"),
        };
        let stream = StreamId::parse(&format!("test-{version}")).expect("a stream");
        let append = Append { stream, expected: Expected::None, events: vec![event].into() };
        let store::Appended::Recorded { last, .. } = self.deps.store().append(append).await else {
            panic!("it is not recorded");
        };
        last
    }

    fn token(&self, version: u64) -> String {
        let holder = Holder { version, ..Holder::new(CUSTOMER, "ann", Role::Manager) };
        self.signer.issue(holder, self.deps.clock.now(), &self.deps.ids).0
    }

    fn verify(&self, token: &str) -> Result<(), TokenError> {
        self.auth.verify(token, self.deps.clock.now()).map(drop)
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_is_believed_and_nothing_is_ready_before_the_ended_sessions_are_known() {
    let world = World::new();
    let location = Location::File(world.folder.path().join("sessions.db"));
    let followed =
        ended::follow(&world.deps, &world.auth, location, all_before).expect("a database");
    let call = async |caller: Caller| caller.user().to_owned();
    let router = OpenApiRouter::new().route("/who", axum::routing::get(call));
    let service = web::Api::new("test", "1", world.deps.http.clone()).finish(router);
    let token = world.token(1);
    let get = async |path: &str| {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        service.clone().oneshot(request).await.expect("an answer")
    };
    let refused = get("/who").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(get("/health/ready").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.verify("nonsense"), Err(TokenError::Invalid), "what is no token stays none");
    world.serve_store().await;
    tokio::time::timeout(PATIENCE, followed.wait_ready()).await.expect("it catches up");
    assert_eq!(get("/who").await.status(), StatusCode::OK);
    assert_eq!(get("/health/ready").await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_though_the_database_cannot_be_written() {
    let world = World::new();
    world.serve_store().await;
    let path = world.folder.path().join("sessions.db");
    let followed =
        ended::follow(&world.deps, &world.auth, Location::File(path.clone()), all_before);
    let followed = followed.expect("a database");
    tokio::time::timeout(PATIENCE, followed.wait_ready()).await.expect("it catches up");
    let other = rusqlite::Connection::open(&path).expect("the same database");
    let refuse =
        "CREATE TRIGGER full BEFORE INSERT ON customer BEGIN SELECT RAISE(FAIL, 'full'); END";
    other.execute_batch(refuse).expect("a trigger");
    let (first, second) = (world.token(1), world.token(2));
    let mut changed = world.auth.sessions().changed();
    for version in [2, 3] {
        let position = world.end_before(version).await;
        followed.wait_for(position, PATIENCE).await.expect("nothing holds it up");
        let token = if version == 2 { &first } else { &second };
        assert_eq!(world.verify(token), Err(TokenError::Revoked));
        assert!(changed.has_changed().expect("it is there"), "streams hear of it");
        changed.mark_unchanged();
    }
    other.execute_batch("DROP TRIGGER full").expect("room again");
    let position = world.end_before(4).await;
    followed.wait_for(position, PATIENCE).await.expect("it goes on");
    let stored: i64 = other
        .query_row("SELECT version FROM customer", [], |row| row.get(0))
        .expect("what was left is written");
    assert_eq!(stored, 4);
    let checkpoint: u64 =
        other.query_row("SELECT position FROM checkpoint", [], |row| row.get(0)).expect("a row");
    assert_eq!(checkpoint, position.0);
}

#[tokio::test]
async fn a_damaged_database_is_begun_again_wherever_the_damage_is() {
    let world = World::new();
    let path = world.folder.path().join("sessions.db");
    let open = || EndedSessions::open(Location::File(path.clone()), world.auth.clone());
    let ends: Vec<Ended> = (0..500)
        .map(|number| Ended::All { customer: Uuid::from_u128(number), version: 7 })
        .collect();
    let sessions = open().expect("a new database");
    sessions.apply(Position::START, &ends, Position(500)).await.expect("they are taken");
    drop(sessions);
    let whole = fs::read(&path).expect("a file");
    let pages = whole.len() / 4096;
    assert!(pages > 4, "{pages} pages");
    for page in 0..pages {
        let mut damaged = whole.clone();
        damaged.iter_mut().skip(page * 4096).take(4096).for_each(|byte| *byte = !*byte);
        fs::write(&path, damaged).expect("damage");
        let sessions = open().unwrap_or_else(|error| panic!("page {page}: {error}"));
        let at = sessions.checkpoint().await.expect("it can be used");
        assert!([Position::START, Position(500)].contains(&at), "page {page}: {at}");
    }
}
