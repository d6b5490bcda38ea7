//! Steps through the projections of a real shop: each event with the rows that it changes, and in the end the rows of the real model.

use std::{collections::BTreeMap, path::Path, sync::Arc, task::Poll};

use async_trait::async_trait;
use events::through::{Models, TAKEN_MAX, Wanted, through};
use jiff::tz::TimeZone;
use kernel::{
    Actor, EventId, EventType, Metadata, Position, Recorded, StreamId, Timestamp, Version,
};
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Value, value::RawValue};
use store::{Page, Read, Reader, port::StoreFailure};
use uuid::Uuid;

use crate::{
    run::{Ran, output, program},
    shop::{PASSWORD, Person, Shop},
};

/// A row, or what is known of it: its values by the names of their columns.
type Row = BTreeMap<String, Option<String>>;
/// Rows by table and key.
type Rows = BTreeMap<(String, Vec<String>), Row>;

/// A shop in which mia got one lamp after another was too much for her.
struct Bought {
    shop: Shop,
    manager: Person,
    denied: String,
    granted: String,
    events: Vec<Value>,
}

async fn bought() -> Bought {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_customers(&["mia", "tom"], "100.00").await;
    let dear = manager.add_products(&["Chandelier"], ("249.00", 5)).await;
    let lamps = manager.add_products(&["Lamp"], ("24.90", 5)).await;
    manager.order(&lamps[0], "tom").await;
    let denied = manager.order(&dear[0], "mia").await;
    manager.ended_orders().await;
    let granted = manager.order(&lamps[0], "mia").await;
    manager.ended_orders().await;
    let events = manager.events().await;
    Bought { shop, manager, denied, granted, events }
}

impl Bought {
    /// The name of the last stream of a category.
    fn last_of(&self, category: &str) -> String {
        let of_category = |stream: &&str| stream.split('-').next() == Some(category);
        let mut streams = self.events.iter().filter_map(|event| event["Stream"].as_str());
        streams.rfind(of_category).expect("there is one").to_owned()
    }
}

/// All steps, page by page.
async fn steps(manager: &Person, model: &str, stream: &str, page: usize) -> Vec<Value> {
    let (mut steps, mut after) = (Vec::new(), String::new());
    loop {
        let path =
            format!("/events/read-through?Model={model}&Stream={stream}&Limit={page}{after}");
        let found = manager.get(&path).await;
        assert_eq!(found["LeftOut"], serde_json::json!([]));
        steps.extend(found["Items"].as_array().expect("steps").iter().cloned());
        let Some(next) = found["Next"].as_str() else { return steps };
        after = format!("&After={next}");
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// What is known of the rows after the last step. Each change must begin with what is known before it.
fn after(steps: &[Value]) -> Rows {
    let mut rows = Rows::new();
    for change in steps.iter().flat_map(|step| step["Rows"].as_array().expect("rows")) {
        let key = change["Key"].as_array().expect("values").iter().filter_map(text).collect();
        let place = (text(&change["Table"]).expect("a name"), key);
        if change["Change"] == "Removed" {
            rows.remove(&place);
            continue;
        }
        assert!(change["Change"] != "Added" || !rows.contains_key(&place), "{change}");
        let row: &mut Row = rows.entry(place).or_default();
        for field in change["Fields"].as_array().expect("fields") {
            let was = row.insert(text(&field["Name"]).expect("a name"), text(&field["After"]));
            if let Some(was) = was {
                assert_eq!(was, text(&field["Before"]), "{field} of {change}");
            }
        }
    }
    rows
}

/// The rows of a table of a service's own read model.
fn real(data: &Path, service: &str, table: &str) -> Vec<Row> {
    let path = data.join(format!("{service}.db"));
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = database.expect("its model");
    let mut query = database.prepare(&format!("SELECT * FROM \"{table}\"")).expect("its table");
    let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        let value = |(at, name): (usize, &String)| {
            let value = match row.get_ref(at)? {
                ValueRef::Null => None,
                _ if name == "password" => Some("withheld".to_owned()),
                ValueRef::Integer(number) => Some(number.to_string()),
                ValueRef::Real(number) => Some(number.to_string()),
                ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Some(Uuid::from_slice(bytes).expect("an id").to_string()),
            };
            Ok((name.clone(), value))
        };
        columns.iter().enumerate().map(value).collect::<rusqlite::Result<Row>>()
    };
    let rows = query.query_map([], row).expect("rows");
    rows.collect::<rusqlite::Result<_>>().expect("whole rows")
}

#[tokio::test]
async fn after_the_last_event_the_rows_are_those_of_the_real_model() {
    let bought = bought().await;
    let (product, customer) = (bought.last_of("product"), bought.last_of("customer"));
    let (granted, denied) =
        (format!("order-{}", bought.granted), format!("order-{}", bought.denied));
    let mut walked = Vec::new();
    for module in registry::SERVICES {
        walked.push((module.name, &granted));
    }
    walked.extend([("order", &denied), ("product", &product), ("customer", &customer)]);
    let mut found = Vec::new();
    for (model, stream) in walked {
        let whole = steps(&bought.manager, model, stream, 100).await;
        let rows = after(&whole);
        assert!(!rows.is_empty(), "{stream} says something to {model}");
        found.push((model, stream, rows));
        // Pages show the same events.
        let paged = steps(&bought.manager, model, stream, 2).await;
        let positions = |steps: &[Value]| -> Vec<Value> {
            steps.iter().map(|step| step["Event"]["Position"].clone()).collect()
        };
        assert_eq!(positions(&whole), positions(&paged));
    }
    let data = bought.shop.down().await;
    for (model, stream, rows) in found {
        for ((table, mut key), mut row) in rows {
            // A total over all streams, of which only some were taken.
            if key.is_empty() {
                continue;
            }
            // Products are numbered as they come, and only this one came.
            if (model, &*table) == ("product", "product") {
                row.remove("number");
                key = vec![row["id"].clone().expect("an id")];
            }
            let is_it = |real: &&Row| {
                key.iter().all(|value| real.values().flatten().any(|known| known == value))
                    && row.iter().all(|(name, value)| real.get(name) == Some(value))
            };
            let real = real(&data.data(), model, &table);
            let count = real.iter().filter(is_it).count();
            assert_eq!(count, 1, "{stream} through {model}: {table} {key:?} {row:?} of {real:#?}");
        }
    }
}

#[tokio::test]
async fn an_order_is_gone_through_with_what_followed_up_to_any_position() {
    let bought = bought().await;
    let stream = format!("order-{}", bought.granted);
    let steps = steps(&bought.manager, "order", &stream, 100).await;
    let kinds: Vec<&str> =
        steps.iter().map(|step| step["Event"]["Type"].as_str().expect("a type")).collect();
    assert_eq!(kinds.first(), Some(&"order.placed"));
    for kind in ["product.stock-reserved", "customer.credit-debited", "accounting.invoice-issued"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let approved = &steps[kinds.iter().position(|kind| *kind == "order.approved").expect("so")];
    let upto = approved["Event"]["Position"].as_u64().expect("a position");
    let rows = approved["Rows"].as_array().expect("rows");
    let order = rows.iter().find(|row| row["Table"] == "orders").expect("it changes the order");
    let fields = order["Fields"].as_array().expect("fields");
    let status = fields.iter().find(|field| field["Name"] == "status").expect("its status");
    assert_eq!((&status["Before"], &status["After"]), (&"0".into(), &"2".into()), "{order}");
    let path = format!("/events/read-through?Model=order&Stream={stream}&Upto={upto}");
    let found = bought.manager.get(&path).await;
    let shown = found["Items"].as_array().expect("steps");
    assert_eq!(shown.last(), Some(approved), "it is the last");
    assert_eq!(found["Next"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_gone_through_is_refused_with_the_reason() {
    let Bought { shop, manager, granted, .. } = bought().await;
    let ask = async |query: String| {
        let path = format!("/events/read-through?{query}");
        manager.try_get(&path).await.expect("the shop answers")
    };
    let answer = ask(format!("Model=tea&Stream=order-{granted}")).await;
    assert_eq!(answer.status, 422);
    let said = answer.body.to_string();
    assert!(said.contains("choose one of: customer, product, order, accounting"), "{said}");
    let nothing = "order-0190c7f2-8b1e-7c3a-9f00-1234567890ab";
    assert_eq!(ask(format!("Model=order&Stream={nothing}")).await.status, 404);
    assert_eq!(ask(format!("Model=order&Stream=order-{granted}&Upto=1")).await.status, 404);
    shop.down().await;
}

/// A log in memory.
struct Log(Vec<Arc<Recorded>>);

#[async_trait]
impl Reader for Log {
    async fn read(&self, read: &Read) -> Result<Page, StoreFailure> {
        let is_wanted = |event: &&Arc<Recorded>| match read {
            Read::Stream { stream, from } => event.stream == *stream && event.version >= *from,
            Read::Last { .. } => false,
            Read::All { from, .. } => event.position >= *from,
        };
        let mut wanted = self.0.iter().filter(is_wanted).cloned();
        let events: Vec<_> = wanted.by_ref().take(Page::EVENTS_MAX).collect();
        let head = self.head().await?;
        let next = events.last().map_or(head, |event| event.position).next();
        Ok(Page { events, head, next, end: wanted.next().is_none() })
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        Ok(self.0.last().map_or(Position::START, |event| event.position))
    }

    async fn position_at(&self, _: Timestamp) -> Result<Option<Position>, StoreFailure> {
        Ok(None)
    }
}

impl Log {
    fn record(&mut self, stream: &str, version: u64, data: &str) {
        let position = Position(u64::try_from(self.0.len()).expect("not that many") + 1);
        let nobody = Actor::of("manager", "1").expect("an actor");
        self.0.push(Arc::new(Recorded {
            position,
            stream: StreamId::parse(stream).expect("a stream"),
            version: Version(version),
            id: EventId(Uuid::from_u128(position.0.into())),
            kind: EventType::parse("order.noticed").expect("a type"),
            schema: 1,
            time: Timestamp::from_micros(0),
            metadata: Metadata::of(nobody, Uuid::nil()),
            data: RawValue::from_string(data.to_owned()).expect("JSON").into(),
        }));
    }
}

#[tokio::test]
async fn a_stream_that_is_too_long_is_shown_to_where_it_can_be_and_one_that_is_named_is_left_out() {
    let [order, product] = ["order", "product"]
        .map(|category| format!("{category}-0190c7f2-8b1e-7c3a-9f00-1234567890ab"));
    let (_, id) = product.split_once('-').expect("it has an id");
    let mut log = Log(Vec::new());
    for version in 0..TAKEN_MAX as u64 {
        log.record(&product, version, "{}");
    }
    log.record(&order, 0, &format!("{{\"product\":\"{id}\"}}"));
    let models = Models { modules: registry::SERVICES, zone: TimeZone::UTC };
    let wanted = |stream: &str, upto| Wanted {
        module: registry::find("customer").expect("a service"),
        stream: StreamId::parse(stream).expect("a stream"),
        upto,
        after: Position::START,
        limit: 100,
    };
    let head = log.head().await.expect("in memory");
    let found = through(&log, &models, &wanted(&order, head), &[]).await.expect("not too long");
    assert_eq!((found.items.len(), found.taken), (1, 1));
    assert_eq!(found.left_out, [&*product]);
    // It just fits.
    let found = through(&log, &models, &wanted(&product, head), &[]).await.expect("not too long");
    assert_eq!((found.items.len(), found.taken), (100, 100));
    // One too many: it is cut, and what followed later is not shown either.
    log.record(&product, TAKEN_MAX as u64, "{}");
    let end = head.next();
    let late = Wanted { after: Position(TAKEN_MAX as u64 - 10), ..wanted(&product, end) };
    let (turns, found) = {
        let followed = [end];
        let walking = through(&log, &models, &late, &followed);
        tokio::pin!(walking);
        let mut turns = 0;
        loop {
            match futures_util::poll!(&mut walking) {
                Poll::Ready(found) => break (turns, found.expect("its beginning is shown")),
                Poll::Pending => turns += 1,
            }
        }
    };
    assert_eq!((found.items.len(), found.next.is_some()), (10, true));
    assert!(turns >= TAKEN_MAX / Page::EVENTS_MAX - 1, "{turns} turns for other tasks");
    let late = Wanted { after: Position(TAKEN_MAX as u64), ..late };
    let refused = through(&log, &models, &late, &[end]).await.expect_err("too long").to_string();
    assert!(refused.contains("more than 20000 events"), "{refused}");
    assert!(
        refused.contains(&format!("`agora events --stream {product} --from 20000`")),
        "{refused}"
    );
}

async fn through_order(at: &[&str], more: &[&str]) -> Ran {
    let mut command = program();
    command.env("AGORA_ADMIN_PASSWORD", PASSWORD).env("COLUMNS", "80");
    output(command.args(["events", "--through", "order"]).args(more).args(at)).await
}

#[tokio::test]
async fn the_command_shows_the_same_of_a_running_and_of_a_stopped_shop() {
    let bought = bought().await;
    let stream = format!("order-{}", bought.granted);
    let running = ["--url", &bought.shop.url];
    // The last digits are what people see.
    let short = format!("order-{}", &bought.granted[28..]);
    let json = through_order(&running, &["--stream", &short, "--json"]).await.expect_code(0).stdout;
    let lines: Vec<Value> =
        json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, steps(&bought.manager, "order", &stream, 100).await);
    let shown = through_order(&running, &["--stream", &stream]).await.expect_code(0).stdout;
    for said in ["  + orders ", "  ~ orders ", "status: 0 → 2", "  + step ", "quantity=1"] {
        assert!(shown.contains(said), "{said:?} is not in\n{shown}");
    }
    let first =
        through_order(&running, &["--stream", &stream, "--limit", "1"]).await.expect_code(0);
    assert!(first.stdout.contains("order.placed") && !first.stdout.contains("~ orders"));

    let folder = bought.shop.down().await;
    let data = folder.data();
    let stopped = ["--data", data.to_str().expect("UTF-8")];
    let again =
        through_order(&stopped, &["--stream", &short, "--json"]).await.expect_code(0).stdout;
    assert_eq!(again, json);
    let position = lines[2]["Event"]["Position"].to_string();
    let upto = ["--stream", &stream, "--upto", &position, "--json"];
    let part = through_order(&stopped, &upto).await.expect_code(0).stdout;
    assert_eq!(part.lines().count(), 3, "{part}");
    let none = through_order(&stopped, &["--stream", "order-nowhere"]).await.expect_code(1);
    assert!(none.stderr.contains("the stream order-nowhere has no event"), "{}", none.stderr);
    through_order(&stopped, &[]).await.expect_code(2);
}
