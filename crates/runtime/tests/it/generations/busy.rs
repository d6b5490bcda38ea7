//! A model that changes all the time can be dumped, and with that compared.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use kernel::Position;
use runtime::{
    ReadModel as _, Tasks,
    sqlite::{Embedded, Location},
};

use super::{FIRST, place};
use crate::projecting::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_of_one_position_however_busy_the_model_is() {
    let (_folder, path) = place();
    let model = Embedded::open(FIRST, Location::File(path), Tasks::new()).expect("the model opens");
    let (done, busy) = (Arc::new(AtomicBool::new(false)), Arc::clone(&model));
    let (is_done, here) = (Arc::clone(&done), tokio::runtime::Handle::current());
    let writing = tokio::task::spawn_blocking(move || {
        let mut at = 0;
        while !is_done.load(Ordering::Relaxed) {
            let (from, to) = (Position(at), Position(at + 1));
            here.block_on(busy.apply(from, &[to], to)).expect("applied");
            at += 1;
        }
        at
    });
    for _ in 0..20 {
        let dumped = tokio::time::timeout(PATIENCE, model.dump_at()).await;
        let (position, lines) = dumped.expect("it does not wait").expect("a dump");
        let happened = lines.iter().filter(|line| line.starts_with("happened")).count();
        assert_eq!(happened as u64, position.0);
    }
    done.store(true, Ordering::Relaxed);
    assert!(writing.await.expect("it ends") > 0);
}
