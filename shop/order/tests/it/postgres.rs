//! The read model in PostgreSQL: against the contract of its port and against SQLite, on a real server that is killed, stopped and
//! shared.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use contracts::order::Reason;
use kernel::Position;
use order::{
    Model, ModelLocation,
    model::{OrderQuery, Within},
};
use runtime::{ModelError, ReadModel, SetAside, Tasks, model::conformance};
use servers::Postgres;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::harness::{World, id_of};

/// One server for all tests that leave it alone.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| Postgres::start().expect("a server"));
static MADE: AtomicU32 = AtomicU32::new(0);

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a request waits for a server that is not there, on a machine that is busy with other things too; what waits
/// without an end, or for the server's own timeouts, takes longer still.
const SOON: Duration = Duration::from_secs(8);

/// A place of its own on the shared server.
fn place() -> String {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{}?schema=test_{number}", SERVER.url())
}

fn parse(url: &str) -> ModelLocation {
    url.parse().expect("a URL")
}

async fn open(url: &str) -> Arc<dyn Model> {
    order::open_model(parse(url), &Tasks::new()).await.expect("it opens")
}

async fn lines(model: &dyn Model) -> Vec<String> {
    ReadModel::dump(model).await.expect("a dump")
}

/// A shop whose own model is at `location`. Time is real here and no other service answers orders, which closes the door to further
/// ones within a fraction of the deadline: it is a long one.
async fn world_at(location: Option<&str>) -> World {
    World::start_with(|config| {
        config.deadline = Duration::from_hours(1);
        if let Some(url) = location {
            config.model = parse(url);
        }
    })
    .await
}

/// A shop with orders that went every way; its own model is at `location`.
async fn busy_world(location: Option<&str>) -> World {
    let world = world_at(location).await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let (lamp, desk) = (world.product("Lamp", 5).await, world.product("Desk", 7).await);
    for (person, product) in [(&ada, lamp), (&bob, desk), (&ada, desk)] {
        let [kept, dropped, open] = [
            world.place(person, product).await,
            world.place(person, product).await,
            world.place(person, product).await,
        ];
        world.stock_reserved(product, id_of(&kept)).await;
        world.credit_reserved(person.id, id_of(&kept)).await;
        world.stock_denied(product, id_of(&dropped), Reason::PriceChanged).await;
        world.stock_reserved(product, id_of(&open)).await;
    }
    world.settle().await;
    world
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    order::model::conformance::suite(async || open(&place()).await).await;
}

#[tokio::test]
async fn postgres_can_be_shared() {
    let place = place();
    conformance::shared(&*open(&place).await, &*open(&place).await).await;
    let place = self::place();
    conformance::generations(&*open(&place).await, &*open(&place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_a_model_rebuilt_in_sqlite_equals_the_live_one_in_postgres() {
    let url = place();
    let world = busy_world(Some(&url)).await;
    let rebuilt: Arc<dyn Model> =
        order::open_model(testing::in_memory(), &Tasks::inline()).await.expect("memory");
    let lines_of_it = world.rebuilt(&rebuilt, order::project).await;
    let live = open(&url).await;
    assert_eq!(lines(&*live).await, lines_of_it);

    // What is asked of them is answered alike.
    let list = || OrderQuery { count: 100, ..OrderQuery::default() };
    assert_eq!(
        live.orders(list()).await.expect("a list"),
        rebuilt.orders(list()).await.expect("a list")
    );
    let all = Within::default();
    let statistics = live.statistics(all).await.expect("statistics");
    assert_eq!(statistics, rebuilt.statistics(all).await.expect("statistics"));
    let changes = live.changes(None, Position::START, 1000).await.expect("changes");
    assert!(changes.len() > 20, "{changes:?}");
    assert_eq!(changes, rebuilt.changes(None, Position::START, 1000).await.expect("changes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_built_in_one_go_equals_one_built_step_by_step() {
    let world = busy_world(None).await;
    let (at_once, one_by_one) = (open(&place()).await, open(&place()).await);
    let events = world.events().await;
    let changes: Vec<_> =
        events.iter().filter_map(|event| order::project(event).expect("it is fit")).collect();
    let head = events.last().map_or(Position::START, |event| event.position);
    at_once.apply(Position::START, &changes, head).await.expect("they are taken");
    for event in &events {
        let change: Vec<_> = order::project(event).expect("it is fit").into_iter().collect();
        let before = Position(event.position.0 - 1);
        one_by_one.apply(before, &change, event.position).await.expect("it is taken");
    }
    assert_eq!(lines(&*at_once).await, lines(&*one_by_one).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_projectors_one_projects_and_the_other_takes_over() {
    let world = busy_world(None).await;
    let place = place();
    let models = [open(&place).await, open(&place).await];
    let [(first, one), (_second, two)] =
        [0, 1].map(|number| world.follow(&models[number], order::project));
    let (ada, lamp) = (world.person("eve").await, world.product("Chair", 5).await);
    for _ in 0..5 {
        world.place(&ada, lamp).await;
        let head = world.store().head().await;
        for progress in [&one, &two] {
            progress.wait_for(head, PATIENCE).await.expect("both see it");
        }
    }
    first.kill().await;
    world.place(&ada, lamp).await;
    world.settle().await;
    let head = world.store().head().await;
    two.wait_for(head, PATIENCE).await.expect("it takes over");
    let live = testing::dump(&world.service).await;
    assert_eq!(lines(&*models[1]).await, live, "nothing twice, nothing left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_freezes_within_a_transaction_does_not_keep_its_locks() {
    let place = place();
    let namespace = place.split("schema=").last().expect("a name");
    let (frozen, other) = (open(&place).await, open(&place).await);
    let (client, connection) =
        tokio_postgres::connect(&SERVER.url(), tokio_postgres::NoTls).await.expect("it connects");
    let tasks = Tasks::new();
    tasks.spawn("connection", async move { drop(connection.await) });
    // It locks the checkpoint, and then waits for the table that we hold.
    let hold = format!("BEGIN; LOCK TABLE {namespace}.aside");
    client.batch_execute(&hold).await.expect("it is ours");
    let waits = format!(
        "SELECT FROM pg_locks WHERE NOT granted AND relation = '{namespace}.aside'::regclass"
    );
    let unfit = SetAside {
        position: Position(1),
        stream: contracts::order::stream(uuid::Uuid::from_u128(1)),
        version: kernel::Version(0),
        reason: "unfit".to_owned(),
    };
    let mut change = frozen.set_aside(&unfit);
    tokio::select! {
        ended = &mut change => panic!("it went through: {ended:?}"),
        () = async { while client.query(&waits, &[]).await.expect("locks").is_empty() {} } => {}
    }
    // It is not polled from here on: it is frozen; what it asked for succeeds, so its session is idle within a transaction.
    client.batch_execute("COMMIT").await.expect("it is over");
    timeout(PATIENCE, async {
        while other.apply(Position::START, &[], Position(5)).await.is_err() {}
    })
    .await
    .expect("the other one takes over");
    assert!(change.await.is_err(), "it lost its session, and changed nothing");
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), Position(5));
    assert!(other.aside().await.expect("a list").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_waited_for_and_has_forgotten_nothing() {
    let mut server = Postgres::start().expect("a server");
    let world = world_at(Some(&server.url())).await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let placed = world.place(&ada, lamp).await;
    world.settle().await;
    let ask = async || world.get("/get-orders?Type=Customer", &ada).await;
    let seen = ask().await;
    assert_eq!(seen.status, 200, "{seen:?}");
    server.kill();
    let begun = Instant::now();
    let away = ask().await;
    assert_eq!(away.status, 503, "{away:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    // It is recorded, and seen once the server is back.
    let back = async { server.restart().expect("it starts again") };
    tokio::join!(world.stock_reserved(lamp, id_of(&placed)), back);
    let again = ask().await;
    assert_eq!(again.status, 200, "{again:?}");
    let (before, after) = (seen.body.to_string(), again.body.to_string());
    assert!(!before.contains("Reserved") && after.contains("Reserved"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_given_up_soon() {
    let server = Postgres::start().expect("a server");
    let model = open(&server.url()).await;
    server.signal("STOP").expect("it stops");
    let begun = Instant::now();
    // On connections that exist and on new ones.
    let asked = (0..20).map(|number| model.order(Uuid::from_u128(number)));
    let asked = futures_util::future::join_all(asked).await;
    assert!(asked.iter().all(|one| matches!(one, Err(ModelError::Unavailable(_)))), "{asked:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    server.signal("CONT").expect("it goes on");
    model.order(Uuid::nil()).await.expect("it answers again");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_shape_are_replaced_at_the_start_and_left_alone_later() {
    let place = place();
    let model = open(&place).await;
    model.apply(Position::START, &[], Position(5)).await.expect("it moves");
    let namespace = place.split("schema=").last().expect("a name");
    let (client, connection) =
        tokio_postgres::connect(&SERVER.url(), tokio_postgres::NoTls).await.expect("it connects");
    let tasks = Tasks::new();
    tasks.spawn("connection", async move { drop(connection.await) });
    let change = format!("UPDATE {namespace}.checkpoint SET schema = 1");
    client.batch_execute(&change).await.expect("it is changed");
    let asked = model.checkpoint().await;
    assert!(matches!(asked, Err(ModelError::Unavailable(_))), "{asked:?}");
    let late = model.apply(Position(5), &[], Position(6)).await;
    assert!(matches!(late, Err(ModelError::Stale)), "{late:?}");
    let again = open(&place).await;
    assert_eq!(again.checkpoint().await.expect("a checkpoint"), Position::START);
    // Tables that were dropped are created again.
    client.batch_execute(&format!("DROP SCHEMA {namespace} CASCADE")).await.expect("it is gone");
    assert!(again.checkpoint().await.is_err());
    assert_eq!(again.checkpoint().await.expect("a checkpoint"), Position::START);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_other_programs_are_left_as_they_are() {
    let (client, connection) =
        tokio_postgres::connect(&SERVER.url(), tokio_postgres::NoTls).await.expect("it connects");
    let tasks = Tasks::new();
    tasks.spawn("connection", async move { drop(connection.await) });
    let precious = async |namespace: &str, table: &str| {
        let rows =
            client.query_one(&format!("SELECT count(*) FROM {namespace}.{table}"), &[]).await;
        rows.expect("the table is there").get::<_, i64>(0)
    };
    let make = async |namespace: &str, table: &str| {
        let sql = format!(
            "CREATE SCHEMA IF NOT EXISTS {namespace}; CREATE TABLE {namespace}.{table} (a INT); INSERT INTO {namespace}.{table} VALUES (1)"
        );
        client.batch_execute(&sql).await.expect("it is made");
    };
    // Beside ours, whatever becomes of ours.
    let beside = place();
    let namespace = beside.split("schema=").last().expect("a name");
    make(namespace, "precious").await;
    open(&beside).await.apply(Position::START, &[], Position(5)).await.expect("it moves");
    let change = format!("UPDATE {namespace}.checkpoint SET schema = 1");
    client.batch_execute(&change).await.expect("it is changed");
    assert_eq!(open(&beside).await.checkpoint().await.expect("built again"), Position::START);
    assert_eq!(precious(namespace, "precious").await, 1);
    // In our place.
    for table in ["product", "checkpoint"] {
        let taken = place();
        let namespace = taken.split("schema=").last().expect("a name");
        make(namespace, table).await;
        let opened = order::open_model(parse(&taken), &Tasks::new()).await;
        let Err(ModelError::Refused(sentence)) = opened else { panic!("it is refused") };
        assert!(sentence.contains(table) && sentence.contains("order-model"), "{sentence}");
        assert_eq!(precious(namespace, table).await, 1);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_location_is_said_in_a_sentence() {
    let wrong = |url: &str| url.parse::<ModelLocation>().expect_err(url).to_string();
    assert!(wrong("mysql://here").starts_with("this read model can be at sqlite:FILE or postgres"));
    assert_eq!(wrong("sqlite:"), "sqlite: names no file");
    assert_eq!(wrong("postgres://me@here"), "the URL names no database");
    assert_eq!(wrong("postgres:///shop"), "the URL names no server");
    assert_eq!(
        wrong("postgres://here/shop?schema=A"),
        "a schema name is lower-case letters, digits and _"
    );
    assert!(wrong("postgres://here/shop?sslmode=require").contains("without TLS"));
    assert!(wrong("postgres://here/shop?colour=red").contains("colour"));

    let refused = async |url: String| {
        let opened = order::open_model(parse(&url), &Tasks::new()).await;
        opened.err().expect("it is refused").to_string()
    };
    let port = SERVER.port();
    let address = format!("the PostgreSQL server at 127.0.0.1:{port}");
    let none = refused(format!("postgres://postgres@127.0.0.1:{port}/postgres")).await;
    assert_eq!(none, format!("{address} requires a password"));
    let other = refused(format!("postgres://postgres:wrong@127.0.0.1:{port}/postgres")).await;
    assert_eq!(other, format!("{address} refuses the user or the password"));
    let database = refused(format!("postgres://postgres:secret@127.0.0.1:{port}/shop")).await;
    let expected =
        format!("there is no database \"shop\" at 127.0.0.1:{port}; CREATE DATABASE makes it");
    assert_eq!(database, expected);
}
