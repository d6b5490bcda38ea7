//! How far an upgrade is, and its end, as managers see them.

use std::sync::Arc;

use contracts::rest::events::{Audit, Upgrade};
use identity::Role;
use runtime::{Schemas, Tasks, event_store::Figures, upgrade::Finished};
use testing::{Shop, Testbed};
use web::{Service, ServiceDeps};

/// The service of a program that reads schema 2 of one type.
async fn service(bed: &Testbed) -> Service {
    let base = runtime::Deps {
        schemas: Schemas::of([("order.placed", 2), ("order.denied", 1)]),
        ..bed.deps.base.clone()
    };
    let deps = ServiceDeps { base, ..bed.deps.clone() };
    Finished::default().apply(&deps).expect("nothing is recorded yet");
    let (reader, beside) =
        (Arc::new(bed.reader.clone()), crate::beside(&deps, bed.database("causes")));
    let service = events::service(&deps, reader, &Figures::default(), None, beside).await;
    service.expect("the index opens")
}

async fn asked(shop: &Shop, method: &str, path: &str) -> Upgrade {
    let answer = shop.ask_as(Role::Manager, method, path).send().await;
    serde_json::from_value(answer.ok()).expect("an upgrade")
}

#[tokio::test(start_paused = true)]
async fn a_manager_finishes_an_upgrade_that_is_held_and_is_known_for_it() {
    let shop = Shop::open("events", Tasks::inline(), service).await;
    let before = asked(&shop, "GET", "/upgrade").await;
    assert!(!before.finished && before.held && before.recorded.is_empty(), "{before:?}");
    assert_eq!(before.reads, [("order.placed".to_owned(), 2)].into());
    let refused = shop.ask_as(Role::Customer, "POST", "/finish-upgrade").send().await;
    refused.problem(403);
    for _ in 0..2 {
        let after = asked(&shop, "POST", "/finish-upgrade").await;
        assert!(after.finished && after.recorded == before.reads, "{after:?}");
    }
    let audit = shop.ask_as(Role::Manager, "GET", "/read-audit?By=manager").send().await.ok();
    let audit: Audit = serde_json::from_value(audit).expect("an audit");
    assert_eq!(audit.items.len(), 1, "it is recorded once");
    assert_eq!(audit.items[0].r#type, "upgrade.finished");
}
