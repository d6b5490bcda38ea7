//! An engine that does not respond: the service says so, and when to retry.

use std::sync::Arc;

use identity::Role;
use kernel::{Position, Timestamp};
use runtime::{Tasks, event_store::Figures};
use store::{
    Page, Read,
    port::{Reader, StoreFailure},
};
use testing::{Shop, Testbed};
use web::Service;

/// An engine whose server is away.
struct Silent;

impl Silent {
    fn failure() -> StoreFailure {
        StoreFailure("the server does not answer".to_owned())
    }
}

#[async_trait::async_trait]
impl Reader for Silent {
    async fn read(&self, _read: &Read) -> Result<Page, StoreFailure> {
        Err(Self::failure())
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        Err(Self::failure())
    }

    async fn position_at(&self, _time: Timestamp) -> Result<Option<Position>, StoreFailure> {
        Err(Self::failure())
    }
}

async fn service(bed: &Testbed) -> Service {
    let beside = crate::beside(&bed.deps, bed.database("causes"));
    let service =
        events::service(&bed.deps, Arc::new(Silent), &Figures::default(), None, beside).await;
    service.expect("the index opens")
}

#[tokio::test(start_paused = true)]
async fn while_the_engine_does_not_answer_every_call_says_when_to_ask_again() {
    let shop = Shop::open("events", Tasks::inline(), service).await;
    for call in [
        "/head",
        "/read-all",
        "/read-stream?Stream=order-1",
        "/read-audit",
        "/read-audit?Since=2027-01-01T00:00:00Z",
        "/read-causation?Position=1",
        "/read-types",
    ] {
        let answer = shop.ask_as(Role::Manager, "GET", call).send().await;
        answer.problem(503);
        assert!(answer.headers.contains_key("retry-after"), "{call}");
        assert_eq!(
            answer.body["detail"], "The event log cannot be read right now. Try again.",
            "{call}"
        );
    }
}
