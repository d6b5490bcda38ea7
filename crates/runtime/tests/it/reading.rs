//! A store that is slower than its clients' timeouts still makes progress.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use kernel::{Position, StreamId, Version};
use runtime::EventStore;
use store::{Memory, Page, Read, Transport as _};

#[tokio::test(start_paused = true)]
async fn however_many_ask_at_once_and_however_slow_the_answers_all_are_answered() {
    let transport = Arc::new(Memory::default());
    let mut requests = transport.serve_reads().await;
    let server = async move {
        let mut answered = 0_u32;
        loop {
            for incoming in requests.next_batch(64).await {
                tokio::time::sleep(Duration::from_millis(2)).await;
                answered += 1;
                let page = Page { events: vec![], head: Position(1), next: Position(2), end: true };
                incoming.answer(page);
            }
            if answered > 20_000 {
                return;
            }
        }
    };
    // As many as three reactors have under way after a restart, each with clients of its own.
    let stores: Vec<_> = (0..3).map(|_| EventStore::new(transport.clone())).collect();
    let asked = (0..6_000_u32).map(|number| {
        let stream = StreamId::new("depot", number).expect("a name");
        let store = stores.get(number as usize % 3).expect("one of three");
        store.read(Read::Stream { stream, from: Version(0) })
    });
    tokio::select! {
        () = server => panic!("the server works for nothing"),
        pages = join_all(asked) => assert_eq!(pages.len(), 6_000),
    }
}
