//! The read model in CouchDB: against the contract of its port and against SQLite, on a server that is killed, stopped, shared and
//! interrupted. `AGORA_TEST_COUCHDB` takes a real one, which is left running.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use accounting::{
    Model, ModelLocation,
    model::{Change, InvoiceQuery, What},
};
use contracts::accounting::InvoiceIssued;
use contracts::money::Money;
use jiff::tz::TimeZone;
use kernel::{Position, Timestamp};
use runtime::{ModelError, ReadModel, Tasks, model::conformance};
use servers::CouchDb;
use testing::ADA;
use tokio::time::Instant;
use uuid::Uuid;

use crate::calls::{finalized, three_orders};

/// One server for all tests that leave it alone.
static SERVER: LazyLock<CouchDb> = LazyLock::new(|| CouchDb::start().expect("a server"));
static MADE: AtomicU32 = AtomicU32::new(0);

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a request waits for a server that is not there, on a machine that is busy with other things too; what waits
/// without an end, or for the server's own timeouts, takes longer still.
const SOON: Duration = Duration::from_secs(8);

/// A database of its own on the shared server; a real one keeps it, so it is named after this process as well.
fn place() -> String {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{}/agora-test-{}-{number}", SERVER.url(), std::process::id())
}

fn parse(url: &str) -> ModelLocation {
    url.parse().expect("a URL")
}

async fn open_in(url: &str, zone: &str) -> Arc<dyn Model> {
    let zone = TimeZone::get(zone).expect("a zone of the bundled database");
    accounting::open_model(parse(url), &Tasks::new(), zone).await.expect("it opens")
}

async fn open(url: &str) -> Arc<dyn Model> {
    open_in(url, "UTC").await
}

async fn sqlite() -> Arc<dyn Model> {
    accounting::open_model(testing::in_memory(), &Tasks::inline(), TimeZone::UTC)
        .await
        .expect("memory")
}

async fn lines(model: &dyn Model) -> Vec<String> {
    ReadModel::dump(model).await.expect("a dump")
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

/// Invoices of some months to some customers for some products, and now and then a name.
fn history(from: u64, to: u64) -> Vec<Change> {
    let change = |number: u64| {
        let what = if number % 10 == 1 {
            let user = Some(format!("user{}", number % 70));
            What::Named {
                customer: id(number % 70),
                user,
                full_name: Some(format!("No. {number}")),
            }
        } else {
            // Numbers have no gaps: a tenth of the positions are names.
            let unit_price = Money::from_minor(i64::try_from(number % 13 + 1).expect("small"));
            let invoice = InvoiceIssued {
                number: number - 1 - (number - 1) / 10,
                order: id(number),
                customer: id(number % 70),
                product: id(number % 50),
                product_name: format!("Product {number}"),
                quantity: 3,
                unit_price,
                total: unit_price.times(3),
                currency: "EUR".to_owned(),
            };
            let day = i64::try_from(number % 500).expect("small");
            let at = Timestamp::from_micros((20_400 + day) * 86_400_000_000);
            What::Issued { invoice: Box::new(invoice), at }
        };
        Change { position: Position(number), what }
    };
    (from..=to).map(change).collect()
}

/// Takes the model on by all changes, `size` at a time.
async fn fill(model: &dyn Model, changes: &[Change], size: usize) {
    for some in changes.chunks(size) {
        let from = model.checkpoint().await.expect("a checkpoint");
        let to = some.last().map_or(from, |change| change.position);
        model.apply(from, some, to).await.expect("the changes are taken");
    }
}

#[tokio::test]
async fn couchdb_keeps_the_contract() {
    let make = async || open_in(&place(), "America/New_York").await;
    accounting::model::conformance::suite(make).await;
}

#[tokio::test]
async fn couchdb_can_be_shared() {
    let place = place();
    conformance::shared(&*open(&place).await, &*open(&place).await).await;
    let place = self::place();
    conformance::generations(&*open(&place).await, &*open(&place).await).await;
}

#[tokio::test]
async fn couchdb_holds_and_lists_what_sqlite_does() {
    let (couchdb, sqlite) = (open(&place()).await, sqlite().await);
    let changes = history(1, 1500);
    fill(&*couchdb, &changes, 400).await;
    fill(&*sqlite, &changes, 1000).await;
    assert_eq!(lines(&*couchdb).await, lines(&*sqlite).await);
    for customer in [None, Some(id(3))] {
        for after in [None, Some(900), Some(1)] {
            let page = InvoiceQuery { customer, after, count: 40 };
            let [ours, theirs] = [&couchdb, &sqlite].map(|model| model.invoices(page.clone()));
            let (ours, theirs) = (ours.await.expect("a list"), theirs.await.expect("a list"));
            assert_eq!(ours, theirs, "{page:?}");
        }
    }
    for year in 2025..=2027 {
        let [ours, theirs] = [&couchdb, &sqlite].map(|model| model.revenue(year));
        assert_eq!(ours.await.expect("a year"), theirs.await.expect("a year"));
    }
    let [ours, theirs] = [&couchdb, &sqlite].map(|model| model.balances());
    assert_eq!(ours.await.expect("balances"), theirs.await.expect("balances"));
}

/// A batch that was written in part, by one that was then cut off or that is late, is not seen and does no harm.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_batch_is_seen_by_nobody_and_is_no_harm() {
    let place = place();
    let model = open(&place).await;
    fill(&*model, &history(1, 100), 100).await;
    for (round, cut_after_ms) in [1, 2, 3, 5, 8, 12, 20, 30, 50, 80].into_iter().enumerate() {
        // Its batch differs from that of the next projector.
        let other = open(&place).await;
        let from = other.checkpoint().await.expect("a checkpoint");
        let late = history(from.0 + 1, from.0 + 60);
        let writing = other.apply(from, &late, Position(from.0 + 60));
        drop(tokio::time::timeout(Duration::from_millis(cut_after_ms), writing).await);
        // A late write still moves the model once.
        let comparing = async { while !is_as_expected(&*model, &format!("cut-{round}")).await {} };
        tokio::time::timeout(PATIENCE, comparing).await.expect("late writes end");
        let from = model.checkpoint().await.expect("a checkpoint");
        let next = model.apply(from, &history(from.0 + 1, from.0 + 7), Position(from.0 + 7)).await;
        assert!(matches!(next, Ok(()) | Err(ModelError::Stale)), "{next:?}");
        while !is_as_expected(&*model, &format!("next-{round}")).await {}
    }
}

/// Compares the model with one in SQLite; false if it moved meanwhile, as when a late write arrives.
async fn is_as_expected(model: &dyn Model, name: &str) -> bool {
    let at = model.checkpoint().await.expect("a checkpoint");
    let found = lines(model).await;
    if model.checkpoint().await.expect("a checkpoint") != at {
        return false;
    }
    let expected = sqlite().await;
    fill(&*expected, &history(1, at.0), 1000).await;
    assert_eq!(found, lines(&*expected).await, "{name} at {at}");
    true
}

/// Two that both believe to be the one: each batch is made once, and what is read always adds up.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_write_at_once_make_each_change_once() {
    let place = place();
    let (one, two, reader) = (open(&place).await, open(&place).await, open(&place).await);
    let writer = async |model: &dyn Model, size: u64| {
        loop {
            let from = model.checkpoint().await.expect("a checkpoint");
            if from.0 >= 300 {
                return;
            }
            let to = (from.0 + size).min(300);
            match model.apply(from, &history(from.0 + 1, to), Position(to)).await {
                Ok(()) | Err(ModelError::Stale) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let reading = async {
        loop {
            for balance in reader.balances().await.expect("balances") {
                assert_eq!(balance.left, balance.right, "{}", balance.name);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(writer(&*one, 7), writer(&*two, 11)) } => {}
        () = reading => {}
    }
    let expected = sqlite().await;
    fill(&*expected, &history(1, 300), 1000).await;
    assert_eq!(lines(&*reader).await, lines(&*expected).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_a_model_built_in_couchdb_equals_the_live_one() {
    let world = three_orders().await;
    let built = open(&place()).await;
    let built = world.rebuilt(&built, accounting::project).await;
    assert_eq!(built, testing::dump(&world.service).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_projectors_one_projects_and_the_other_takes_over() {
    let world = three_orders().await;
    let place = place();
    let models = [open(&place).await, open(&place).await];
    let [(first, one), (_second, two)] =
        [0, 1].map(|number| world.follow(&models[number], accounting::project));
    let head = world.store().head().await;
    for progress in [&one, &two] {
        progress.wait_for(head, PATIENCE).await.expect("both see it");
    }
    first.kill().await;
    finalized(&world, 4, ADA, 7, 1).await;
    world.settle().await;
    let head = world.store().head().await;
    two.wait_for(head, PATIENCE).await.expect("it takes over");
    let live = testing::dump(&world.service).await;
    assert_eq!(lines(&*models[1]).await, live, "nothing twice, nothing left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_waited_for_and_has_forgotten_nothing() {
    let mut server = CouchDb::start_ours().expect("a server");
    let model = open(&format!("{}/books", server.url())).await;
    fill(&*model, &history(1, 200), 100).await;
    let before = lines(&*model).await;
    server.kill();
    let begun = Instant::now();
    let asked = model.invoice(id(2)).await;
    assert!(matches!(asked, Err(ModelError::Unavailable(_))), "{asked:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let late = model.apply(Position(200), &history(201, 300), Position(300)).await;
    assert!(matches!(late, Err(ModelError::Unavailable(_))), "{late:?}");
    server.restart().expect("it starts again");
    assert_eq!(lines(&*model).await, before);
    model.apply(Position(200), &history(201, 300), Position(300)).await.expect("it goes on");

    server.signal("STOP").expect("it stops");
    let begun = Instant::now();
    let asked = model.invoice(id(2)).await;
    assert!(matches!(asked, Err(ModelError::Unavailable(_))), "{asked:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    server.signal("CONT").expect("it goes on");
    assert!(model.invoice(id(2)).await.expect("it answers again").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_another_shape_are_replaced_at_the_start_and_left_alone_later() {
    let place = place();
    let model = open(&place).await;
    fill(&*model, &history(1, 20), 20).await;
    // Another time zone has other months.
    let other = open_in(&place, "America/New_York").await;
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), Position::START);
    for _ in 0..2 {
        let asked = model.checkpoint().await;
        assert!(matches!(asked, Err(ModelError::Unavailable(_))), "{asked:?}");
        let late = model.apply(Position(20), &[], Position(21)).await;
        assert!(late.is_err(), "{late:?}");
    }
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), Position::START);
}

/// Run by name: it takes its time. `cargo test -p accounting -- --ignored sums`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "fills a database for some ten seconds"]
async fn sums_of_20_000_invoices_are_answered_at_once() {
    let model = open(&place()).await;
    let begun = Instant::now();
    fill(&*model, &history(1, 22_222), 1000).await;
    println!("20,000 invoices in {:?}", begun.elapsed());
    for year in [2025, 2026] {
        let begun = Instant::now();
        let revenue = model.revenue(year).await.expect("a year");
        println!("{year}: {} products in {:?}", revenue.products.len(), begun.elapsed());
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_left_as_it_is() {
    let place = place();
    let http = reqwest::Client::new();
    let put = async |url: &str, body: &'static str| {
        let sent = http.put(url).header("content-type", "application/json").body(body).send().await;
        assert!(sent.expect("an answer").status().is_success(), "{url}");
    };
    put(&place, "").await;
    let precious = format!("{place}/precious");
    put(&precious, r#"{"a":1}"#).await;
    let opened = accounting::open_model(parse(&place), &Tasks::new(), TimeZone::UTC).await;
    let Err(ModelError::Refused(sentence)) = opened else { panic!("it is refused") };
    assert!(sentence.contains("accounting-model"), "{sentence}");
    assert!(http.get(&precious).send().await.expect("an answer").status().is_success());
}

#[tokio::test]
async fn what_is_wrong_with_a_location_is_said_in_a_sentence() {
    let wrong = |url: &str| url.parse::<ModelLocation>().expect_err(url).to_string();
    assert!(wrong("couchdb://here").starts_with("this read model can be at sqlite:FILE or http:"));
    assert_eq!(wrong("sqlite:"), "sqlite: names no file");
    assert_eq!(wrong("http://"), "this is not the URL of a CouchDB server");
    assert_eq!(wrong("https://here/books"), "only http:// without TLS is built in");
    assert_eq!(wrong("http://here"), "the URL names no database");
    assert!(wrong("http://here/Books").starts_with("a database name is a lower-case letter"));
    assert_eq!(wrong("http://here/books?a=b"), "the URL of a CouchDB database takes no parameters");

    let server = CouchDb::start_ours().expect("a server");
    let refused = async |url: String| {
        let opened = accounting::open_model(parse(&url), &Tasks::new(), TimeZone::UTC).await;
        opened.err().expect("it is refused").to_string()
    };
    let address = server.url().replace("http://admin:secret@", "");
    let expected = format!("the CouchDB server at {address} refuses the user or the password");
    assert_eq!(refused(format!("http://{address}/books")).await, expected);
    assert_eq!(refused(format!("http://admin:wrong@{address}/books")).await, expected);
}
