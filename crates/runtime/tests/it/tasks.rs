//! Tasks that run until their group stops.

use std::{future::pending, time::Duration};

use runtime::Tasks;
use tokio::sync::oneshot;

/// Work that never ends, and what notices that it was dropped.
fn endless() -> (impl Future<Output = ()> + Send + 'static, oneshot::Receiver<()>) {
    let (held, dropped) = oneshot::channel::<()>();
    let work = async move {
        let _held = held;
        pending::<()>().await;
    };
    (work, dropped)
}

#[tokio::test]
async fn endless_work_is_dropped_when_its_group_stops() {
    for tasks in [Tasks::new(), Tasks::inline()] {
        let (work, dropped) = endless();
        tasks.spawn_until_stopped("endless", work);
        assert!(tasks.shutdown().await, "a task had to be cut off");
        assert!(dropped.await.is_err());
        assert!(!tasks.failed());
    }
}

/// As a request in progress needs the event store of its own process.
#[tokio::test]
async fn what_the_others_need_to_finish_stops_after_them() {
    for tasks in [Tasks::new(), Tasks::inline()] {
        let (needed, mut requests) = tokio::sync::mpsc::channel::<oneshot::Sender<()>>(1);
        let serving = async move {
            while let Some(answer) = requests.recv().await {
                answer.send(()).ok();
            }
        };
        tasks.spawn_blocking_until_last("serving", serving);
        let (work, dropped) = endless();
        tasks.spawn_until_last("endless", work);
        let (finished, has_finished) = oneshot::channel();
        let group = tasks.clone();
        tasks.spawn("asking", async move {
            group.stopped().await;
            let (answer, answered) = oneshot::channel();
            needed.send(answer).await.expect("it is served");
            answered.await.expect("an answer");
            finished.send(()).expect("the test waits");
        });
        assert!(tasks.shutdown().await, "a task had to be cut off");
        assert!(has_finished.await.is_ok() && dropped.await.is_err());
        assert!(!tasks.failed());
    }
}

#[tokio::test]
async fn a_panic_in_work_that_runs_until_stopped_stops_the_group() {
    let tasks = Tasks::new();
    tasks.spawn_until_stopped("broken", async { panic!("as the test wants it") });
    tokio::time::timeout(Duration::from_mins(1), tasks.stopped()).await.expect("it stops");
    assert!(tasks.failed());
}

#[tokio::test]
async fn work_in_place_ends_with_its_result_or_with_the_group() {
    let tasks = Tasks::new();
    assert_eq!(tasks.unless_stopped(async { 7 }).await, Some(7));
    let (stopped, ()) = tokio::join!(tasks.unless_stopped(pending::<()>()), async { tasks.stop() });
    assert_eq!(stopped, None);
    // Even what would be ready at once is not begun any more.
    assert_eq!(tasks.unless_stopped(async { 7 }).await, None);
}
