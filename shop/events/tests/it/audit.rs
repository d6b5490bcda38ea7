//! Who changed what, and when.

use std::{sync::Arc, time::Duration};

use contracts::{
    actor,
    picture::{self, Bytes, Hash, Kind, Picture, PictureEvent, Stored},
    rest::events::Audit,
};
use identity::Role;
use kernel::{Actor, Cause, Event as _, Metadata, Position, StreamId};
use runtime::{Tasks, event_store::Figures};
use serde_json::value::RawValue;
use testing::{Shop, Testbed};
use uuid::Uuid;
use web::Service;

pub(crate) async fn service(bed: &Testbed) -> Service {
    let reader = Arc::new(bed.reader.clone());
    let beside = crate::beside(&bed.deps, bed.database("causes"));
    let service = events::service(&bed.deps, reader, &Figures::default(), None, beside).await;
    service.expect("the index opens")
}

async fn open() -> Shop {
    Shop::open("events", Tasks::inline(), service).await
}

fn manager(number: u128) -> Actor {
    actor::manager(Uuid::from_u128(number))
}

fn customer() -> Actor {
    actor::customer(Uuid::from_u128(9))
}

async fn record(shop: &Shop, kind: &str, actor: Actor, cause: Option<Position>) -> Position {
    let category = kind.split_once('.').expect("a type has a category").0;
    let stream = StreamId::parse(&format!("{category}-1")).expect("a stream's name");
    let cause = cause.map(|position| Cause { reactor: category.into(), position });
    let metadata = Metadata { cause, ..Metadata::of(actor, Uuid::from_u128(7)) };
    let data = RawValue::from_string("{}".to_owned()).expect("JSON");
    shop.record_raw(stream, kind, 1, data, metadata).await
}

async fn audit(shop: &Shop, query: &str) -> Audit {
    let answer = shop.ask_as(Role::Manager, "GET", &format!("/read-audit?{query}")).send().await;
    serde_json::from_value(answer.ok()).expect("an audit")
}

async fn at(shop: &Shop, query: &str) -> Vec<u64> {
    audit(shop, query).await.items.iter().map(|event| event.position).collect()
}

#[tokio::test(start_paused = true)]
async fn what_people_did_is_found_by_person_and_by_kind_the_latest_first() {
    let shop = open().await;
    let registered = record(&shop, "customer.registered", Actor::anonymous(), None).await.0;
    let added = record(&shop, "product.added", manager(1), None).await.0;
    let placed = record(&shop, "order.placed", customer(), None).await;
    record(&shop, "product.stock-reserved", Actor::reactor("product"), Some(placed)).await;
    record(&shop, "customer.credit-reserved", customer(), Some(placed)).await;
    let for_someone = record(&shop, "order.placed", manager(1), None).await.0;
    let changed = record(&shop, "product.changed", manager(2), None).await.0;
    let out = record(&shop, "customer.logged-out", customer(), None).await.0;

    let all = [out, changed, for_someone, added, registered];
    assert_eq!(at(&shop, "").await, all, "no reactions, and no orders of customers' own");
    assert_eq!(at(&shop, "By=manager").await, [changed, for_someone, added]);
    assert_eq!(at(&shop, &format!("By={}", manager(1))).await, [for_someone, added]);
    assert_eq!(at(&shop, "By=anonymous").await, [registered]);
    assert_eq!(at(&shop, "By=man").await, [0_u64; 0], "a part of a kind is none");
    assert_eq!(at(&shop, "Type=product").await, [changed, added]);
    assert_eq!(at(&shop, "Type=product.changed&By=manager").await, [changed]);
    assert_eq!(at(&shop, &format!("Type=product.changed&By={}", manager(1))).await, [0_u64; 0]);
    let total = async |query: &str| audit(&shop, query).await.total;
    assert_eq!(total("").await, None, "it is not counted unasked");
    assert_eq!(total("Count=true").await, Some(5));
    assert_eq!(total("Count=true&By=manager&Limit=1").await, Some(3), "on all pages");
    let reopened = shop.reopened(service).await;
    assert_eq!(at(&reopened, "").await, all);
    reopened.ask_as(Role::Customer, "GET", "/read-audit").send().await.problem(403);
}

#[tokio::test(start_paused = true)]
async fn it_is_read_page_by_page_and_of_any_time() {
    let shop = open().await;
    let mut times = Vec::new();
    for _ in 0..7 {
        tokio::time::sleep(Duration::from_mins(1)).await;
        let position = record(&shop, "product.changed", manager(1), None).await;
        record(&shop, "product.stock-reserved", Actor::reactor("product"), Some(position)).await;
        times.push((position.0, shop.deps.clock.now()));
    }
    let newest: Vec<u64> = times.iter().rev().map(|(position, _)| *position).collect();
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = audit(&shop, &format!("Limit=3{after}")).await;
        found.extend(page.items.iter().map(|event| event.position));
        let Some(next) = page.next else { break };
        after = format!("&After={next}");
    }
    assert_eq!(found, newest);
    let second = audit(&shop, "Limit=3").await.next.expect("a second page");
    let counted = audit(&shop, &format!("Limit=3&Count=true&After={second}")).await;
    assert_eq!((counted.items.len(), counted.total), (3, Some(7)), "from any page on");
    let (since, until) = (times[2].1 - Duration::from_secs(1), times[4].1 + Duration::from_secs(1));
    let between = at(&shop, &format!("Since={since}&Until={until}")).await;
    assert_eq!(between, newest[2..5]);
    let later = times[6].1 + Duration::from_mins(1);
    assert_eq!(at(&shop, &format!("Since={later}")).await, [0_u64; 0]);
    assert_eq!(at(&shop, &format!("Until={later}")).await, newest);
}

#[tokio::test(start_paused = true)]
async fn a_picture_is_shown_without_its_file_and_is_no_deed_of_its_own() {
    let shop = open().await;
    let (hash, file) = (Hash([7; 32]), vec![0; 200 * 1024]);
    let picture = Picture { hash, kind: Kind::Png, width: 40, height: 24 };
    let stored = PictureEvent::from(Stored { picture, bytes: Bytes(file) });
    let metadata = Metadata::of(manager(1), Uuid::from_u128(7));
    let (kind, data) = (stored.kind(), stored.encode());
    let recorded = shop.record_raw(picture::stream(hash), kind, 1, data, metadata).await.0;
    let changed = record(&shop, "product.changed", manager(1), None).await.0;
    assert_eq!(at(&shop, "").await, [changed], "what a person did is that a product got it");
    let path = format!("/read-all?From={recorded}&Limit=1");
    let page = shop.ask_as(Role::Manager, "GET", &path).send().await.ok();
    let expected = serde_json::json!({
        "hash": hash.to_string(), "type": "image/png", "width": 40, "height": 24,
    });
    assert_eq!(page["Items"][0]["Data"], expected);
}
