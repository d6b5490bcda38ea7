//! Backups over HTTP: one at a time.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
};

use axum::{body::Body, extract::Request, response::Response};
use eventlog::{Options, simdisk::SimDisk};
use http_body_util::BodyExt as _;
use identity::{Auth, Holder, Role, Signer};
use kernel::{Clock as _, Ids};
use runtime::event_store::Figures;
use runtime::{Tasks, clock::SystemClock};
use store::LogStore;
use store::Memory;
use tower::ServiceExt as _;
use web::{Service, ServiceDeps};

/// The service, a manager's token, and the end of the backup under way.
async fn serve(end: Receiver<()>) -> (Service, String) {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(Ids::from_seed([2; 32])));
    let signer = Signer::from_secret([9; 32]);
    let auth = Auth::new(signer.verifier(), clock.clone());
    let deps = ServiceDeps::new(runtime::Deps {
        clock: clock.clone(),
        ids: Arc::clone(&ids),
        transport: Arc::new(Memory::new()),
        tasks: Tasks::new(),
        traces: runtime::Traces::default(),
        budget: runtime::Budget::default(),
        schemas: runtime::Schemas::default(),
    })
    .authenticated_by(auth);
    let store = LogStore::open(Path::new("log"), Arc::new(SimDisk::new(1)), Options::new([7; 16]));
    let LogStore { reader, .. } = store.expect("a new log");
    let end = Mutex::new(end);
    let backup = Arc::new(move |blocks: events::Blocks| {
        let _received = blocks.blocking_send(Ok("block".into()));
        let _ended = end.lock().expect("unharmed").recv();
    });
    let manager = uuid::Uuid::from_u128(1);
    let (token, _) = signer.issue(Holder::new(manager, "admin", Role::Manager), clock.now(), &ids);
    let figures = Figures::default();
    let beside = crate::beside(&deps, testing::in_memory());
    let service = events::service(&deps, Arc::new(reader), &figures, Some(backup), beside).await;
    (service.expect("an empty index"), token)
}

async fn backup(service: &Service, token: &str) -> Response {
    let request = Request::get("/backup").header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::empty()).expect("a request");
    service.router.clone().oneshot(request).await.expect("a router always answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_backup_waits_until_the_first_has_ended() {
    let (ended, end) = channel();
    let (service, token) = serve(end).await;
    let first = backup(&service, &token).await;
    assert_eq!(first.status(), 200);
    let second = backup(&service, &token).await;
    assert_eq!(second.status(), 503);
    assert!(second.headers().contains_key("retry-after"));
    ended.send(()).expect("the first is under way");
    let whole = first.into_body().collect().await.expect("it ends").to_bytes();
    assert_eq!(&*whole, b"block");
    // Its place is free a moment after its last block.
    let again = async {
        while backup(&service, &token).await.status() == 503 {
            tokio::task::yield_now().await;
        }
    };
    ended.send(()).expect("for the third");
    tokio::time::timeout(std::time::Duration::from_mins(1), again).await.expect("free again");
}
