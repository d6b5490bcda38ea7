//! The read model in Redis: against the contract of its port and against SQLite, on a real server that is killed, stopped and
//! shared.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use contracts::customer::Role;
use contracts::money::Money;
use customer::{
    Model, ModelLocation,
    model::{Change, Customer, CustomerQuery, Moved, RegisteredRow, Sort, What},
};
use kernel::Position;
use runtime::{ModelError, ReadModel, Tasks, model::conformance};
use serde_json::json;
use servers::Redis;
use tokio::time::Instant;
use uuid::Uuid;

use crate::harness::{World, registration};

/// One server for all tests that leave it alone.
static SERVER: LazyLock<Redis> = LazyLock::new(|| Redis::start().expect("a Redis server"));
static MADE: AtomicU32 = AtomicU32::new(0);

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a request waits for a server that is not there, on a machine that is busy with other things too; what waits
/// without an end, or for the server's own timeouts, takes longer still.
const SOON: Duration = Duration::from_secs(8);

/// A place of its own on the shared server.
fn place() -> ModelLocation {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    parse(&format!("{}/0?prefix={{test-{number}}}", SERVER.url()))
}

fn parse(url: &str) -> ModelLocation {
    url.parse().expect("a URL")
}

async fn open(location: ModelLocation) -> Arc<dyn Model> {
    customer::open_model(location, &Tasks::new()).await.expect("it opens")
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

fn registered(number: u64) -> Change {
    let registered = RegisteredRow {
        user: format!("user{:04}", number * 7919 % 10_000),
        full_name: format!("Žofie Ünlü {number}"),
        email: format!("{number}@Example.com"),
        role: if number == 1 { Role::Manager } else { Role::Customer },
        password: format!("sealed {number}"),
        credit: Money::from_minor(i64::try_from(number % 5).expect("small") * 1000),
    };
    change(number, number, What::Registered(registered))
}

fn change(position: u64, number: u64, what: What) -> Change {
    Change { position: Position(position), customer: id(number), what }
}

/// People, and what happens to them; some end below zero.
fn history(people: u64) -> Vec<Change> {
    let money = Money::from_minor;
    let mut changes: Vec<Change> = (1..=people).map(registered).collect();
    for number in 1..=people / 2 {
        let amount = i64::try_from(number).expect("small");
        let moved =
            Moved { reserved: money(amount), available: money(-amount), ..Moved::default() };
        let spent = Moved {
            credit: money(-amount),
            reserved: money(-amount),
            spent: money(amount),
            ..Moved::default()
        };
        let name = Some(format!("ŽOFIE {number}"));
        changes.extend([
            change(people + 5 * number, number, What::Moved(moved)),
            change(people + 5 * number + 1, number, What::Granted(money(amount * 3))),
            change(people + 5 * number + 2, number, What::Moved(spent)),
            change(people + 5 * number + 3, number, What::Profile { full_name: name, email: None }),
            change(people + 5 * number + 4, number, What::Password("sealed again".to_owned())),
        ]);
    }
    changes
}

/// Takes the model on by all changes, a thousand at a time.
async fn fill(model: &dyn Model, changes: &[Change]) {
    for some in changes.chunks(1000) {
        let from = model.checkpoint().await.expect("a checkpoint");
        let to = some.last().map_or(from, |change| change.position);
        model.apply(from, some, to).await.expect("the changes are taken");
    }
}

async fn sqlite() -> Arc<dyn Model> {
    customer::open_model(testing::in_memory(), &Tasks::inline()).await.expect("memory")
}

async fn lines(model: &dyn Model) -> Vec<String> {
    ReadModel::dump(model).await.expect("a dump")
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    customer::model::conformance::suite(async || open(place()).await).await;
}

#[tokio::test]
async fn redis_can_be_shared() {
    let place = place();
    conformance::shared(&*open(place.clone()).await, &*open(place).await).await;
    let place = self::place();
    conformance::generations(&*open(place.clone()).await, &*open(place).await).await;
}

#[tokio::test]
async fn redis_holds_and_lists_what_sqlite_does() {
    let (redis, sqlite) = (open(place()).await, sqlite().await);
    let changes = history(2500);
    fill(&*redis, &changes).await;
    fill(&*sqlite, &changes).await;
    assert_eq!(lines(&*redis).await, lines(&*sqlite).await);
    assert_eq!(
        redis.balances().await.expect("balances"),
        sqlite.balances().await.expect("balances")
    );
    for sort in [Sort::UserName, Sort::Credit, Sort::CreditDown, Sort::Newest] {
        for search in [None, Some("žofie 1"), Some("nobody at all")] {
            let [ours, theirs] = [&redis, &sqlite].map(|model| pages(&**model, sort, search));
            assert_eq!(ours.await, theirs.await, "{sort:?} {search:?}");
        }
    }
}

/// A whole list, by pages.
async fn pages(model: &dyn Model, sort: Sort, search: Option<&str>) -> Vec<Customer> {
    let mut all: Vec<Customer> = Vec::new();
    loop {
        let after = all.last().map(|last| sort.cursor(last));
        let list = CustomerQuery { search: search.map(str::to_owned), sort, after, count: 300 };
        let page = model.customers(list).await.expect("a list");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_whole_while_the_model_moves() {
    let place = place();
    let (model, writer) = (open(place.clone()).await, open(place).await);
    fill(&*model, &history(3000)).await;
    let search = Some("99@example");
    let whole = pages(&*model, Sort::UserName, search).await;
    assert_eq!(whole.len(), 30);
    let searching = async {
        for _ in 0..10 {
            assert_eq!(pages(&*model, Sort::UserName, search).await, whole);
        }
    };
    let moving = async {
        loop {
            let at = writer.checkpoint().await.expect("a checkpoint");
            writer.apply(at, &[], at.next()).await.expect("it moves");
        }
    };
    tokio::select! {
        () = searching => {}
        () = moving => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_a_model_rebuilt_in_sqlite_equals_the_live_one_in_redis() {
    let world = World::start_with(|config| config.model = place()).await;
    let (ada, manager) = (world.customer("ada").await, world.manager().await);
    let [kept, dropped] = [1000, 2000].map(|price| world.order("ada", price));
    world.place(&kept).await;
    world.place(&dropped).await;
    world.finalize(&kept).await;
    world.deny(&dropped).await;
    let change = json!({ "UserName": "ada", "FullName": "Ada" });
    assert_eq!(world.post("/update-user", Some(&ada), change).await.status, 200);
    let change = json!({ "UserName": "ada", "Change": 5 });
    assert_eq!(world.post("/set-credit", Some(&manager), change).await.status, 200);

    let rebuilt = world.rebuilt(&sqlite().await, customer::project).await;
    assert_eq!(rebuilt, testing::dump(&world.service).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_projectors_one_projects_and_the_other_takes_over() {
    let world = World::start().await;
    let place = place();
    let models = [open(place.clone()).await, open(place).await];
    let [(first, one), (_second, two)] =
        [0, 1].map(|number| world.follow(&models[number], customer::project));
    for number in 0..10 {
        let added = world.post("/add-user", None, registration(&format!("user{number}"))).await;
        let position = added.position.expect("it is recorded");
        for progress in [&one, &two] {
            progress.wait_for(position, PATIENCE).await.expect("both see it");
        }
    }
    first.kill().await;
    let added = world.post("/add-user", None, registration("late")).await;
    let position = added.position.expect("it is recorded");
    two.wait_for(position, PATIENCE).await.expect("it takes over");
    let live = testing::dump(&world.service).await;
    let at = models[1].checkpoint().await.expect("a checkpoint");
    assert_eq!(at, world.store().head().await);
    assert_eq!(lines(&*models[1]).await, live, "nothing twice, nothing left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_waited_for_and_has_forgotten_nothing() {
    let mut server = Redis::start().expect("a Redis server");
    let world = World::start_with(|config| config.model = parse(&server.url())).await;
    let ada = world.customer("ada").await;
    let seen = world.get("/get-user/ada", Some(&ada)).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    server.kill();
    let begun = Instant::now();
    let away = world.get("/get-user/ada", Some(&ada)).await;
    assert_eq!(away.status, 503, "{away:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let added = world.post("/add-user", None, registration("bob")).await;
    assert!(added.status == 201 || added.status == 503, "{added:?}");
    server.restart().expect("it starts again");
    let head = world.store().head().await;
    for follower in &world.service.followers {
        follower.wait_for(head, PATIENCE).await.expect("it goes on by itself");
    }
    let again = world.get("/get-user/ada", Some(&ada)).await;
    assert_eq!((again.status, &again.body), (seen.status, &seen.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_given_up_soon() {
    let server = Redis::start().expect("a Redis server");
    let model = open(parse(&server.url())).await;
    fill(&*model, &history(10)).await;
    server.signal("STOP").expect("it stops");
    for _ in 0..2 {
        let begun = Instant::now();
        let asked = model.customer(id(1)).await;
        assert!(matches!(asked, Err(ModelError::Unavailable(_))), "{asked:?}");
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
    server.signal("CONT").expect("it goes on");
    let asked = model.customer(id(1)).await.expect("it answers again");
    assert!(asked.is_some());
}

#[tokio::test]
async fn another_layout_is_emptied_at_the_start_and_left_alone_later() {
    let place = place();
    let model = open(place.clone()).await;
    fill(&*model, &history(10)).await;
    let prefix = format!("{{test-{}}}", MADE.load(Ordering::Relaxed) - 1);
    let number = async |number: u32| {
        let client = redis::Client::open(SERVER.url()).expect("a client");
        let mut connection = client.get_multiplexed_async_connection().await.expect("it connects");
        let mut set = redis::cmd("HSET");
        set.arg(format!("{prefix}:model")).arg("schema").arg(number);
        let _fields: u32 = set.query_async(&mut connection).await.expect("it is set");
    };
    // A newer version has taken it over: the older instance neither reads nor writes it.
    number(0).await;
    for _ in 0..2 {
        let asked = model.customer(id(1)).await;
        assert!(matches!(asked, Err(ModelError::Unavailable(_))), "{asked:?}");
    }
    let model = open(place).await;
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(model.customer(id(1)).await.expect("a query works"), None);
}

#[tokio::test]
async fn keys_of_other_programs_are_left_as_they_are() {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let client = redis::Client::open(SERVER.url()).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("it connects");
    for key in ["precious", "model"] {
        let prefix = format!("theirs-{number}-{key}");
        let key = format!("{prefix}:{key}");
        let mut set = redis::cmd("SET");
        let _set: String =
            set.arg(&key).arg("1").query_async(&mut connection).await.expect("it is set");
        let location = parse(&format!("{}/0?prefix={prefix}", SERVER.url()));
        let opened = customer::open_model(location, &Tasks::new()).await;
        let Err(ModelError::Refused(sentence)) = opened else { panic!("it is refused") };
        assert!(sentence.contains(&prefix) && sentence.contains("customer-model"), "{sentence}");
        let mut get = redis::cmd("GET");
        let kept: String = get.arg(&key).query_async(&mut connection).await.expect("it is there");
        assert_eq!(kept, "1");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_location_is_said_in_a_sentence() {
    let wrong = |url: &str| url.parse::<ModelLocation>().expect_err(url).to_string();
    assert!(wrong("mysql://here").starts_with("this read model can be at sqlite:FILE or redis:"));
    assert!(wrong("customer.db").starts_with("this read model can be at sqlite:FILE or redis:"));
    assert_eq!(wrong("sqlite:"), "sqlite: names no file");
    assert_eq!(wrong("redis:nowhere"), "this is not the URL of a Redis server");
    assert_eq!(wrong("rediss://here"), "only redis:// without TLS is built in");
    assert_eq!(wrong("redis://here?prefx=a"), "there is no parameter \"prefx\", only prefix");
    assert!(wrong("redis://here?prefix=a*").starts_with("a prefix is letters, digits"));
    assert!(wrong("redis://here/one").contains("database"), "{}", wrong("redis://here/one"));

    let server = Redis::start_with_password("right").expect("a Redis server");
    let refused = async |url: String| {
        let opened = customer::open_model(parse(&url), &Tasks::new()).await;
        opened.err().expect("it is refused").to_string()
    };
    let port = server.port();
    let address = format!("the Redis server at 127.0.0.1:{port}");
    let none = refused(format!("redis://127.0.0.1:{port}")).await;
    assert_eq!(none, format!("{address} requires a password"));
    let other = refused(format!("redis://:wrong@127.0.0.1:{port}")).await;
    assert_eq!(other, format!("{address} refuses the user or the password"));
    let database = refused(format!("{}/99", server.url())).await;
    assert_eq!(database, format!("there is no such database at 127.0.0.1:{port}/99"));
    open(parse(&format!("{}/15", server.url()))).await;
}
