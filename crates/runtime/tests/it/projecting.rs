//! Several instances over one read model: one projects, the others follow and take over.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use kernel::{Actor, EventType, Expected, Metadata, NewEvent, Position, Recorded, StreamId};
use runtime::event_store::Figures;
use runtime::{Deps, Progress, Tasks, Unfit, model::Project, model::conformance, projector};
use store::LogStore;
use store::{Append, Appended, Page};
use tokio::time::Instant;

use crate::side::{Held, Side, Weather};

/// Longer than anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long the lease may take to move.
pub(crate) const MOVES: Duration = Duration::from_secs(5);

/// A log, and a model that instances share.
pub(crate) struct World {
    pub(crate) deps: Deps,
    pub(crate) model: Arc<Mutex<Held>>,
    _folder: tempfile::TempDir,
}

pub(crate) struct Instance {
    side: Arc<Side>,
    pub(crate) tasks: Tasks,
    pub(crate) progress: Progress,
}

impl World {
    pub(crate) async fn open() -> Self {
        let deps = crate::deps();
        let folder = tempfile::tempdir().expect("a folder");
        let options =
            eventlog::Options { segment_bytes: 1 << 20, ..eventlog::Options::new([7; 16]) };
        let store = LogStore::open(folder.path(), Arc::new(eventlog::OsFiles), options);
        let store = store.expect("a log");
        runtime::event_store::serve(&deps, store.writer, store.reader, Figures::default()).await;
        Self { deps, model: Arc::default(), _folder: folder }
    }

    /// One more instance, once it has caught up; the first one has the lease then.
    async fn start(&self, name: &str) -> Instance {
        self.start_with(name, |event| Ok(Some(event.position))).await
    }

    /// The same with a projection of its own.
    pub(crate) async fn start_with(&self, name: &str, project: Project<Position>) -> Instance {
        let (side, tasks) = (Side::new(&self.model), Tasks::inline());
        let progress = self.deps.progress(name);
        projector::spawn(&tasks, &self.deps.store(), side.clone(), project, progress.clone());
        progress.wait_ready().await;
        while self.model.lock().expect("no holder panics").lease.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Instance { side, tasks, progress }
    }

    /// The same log, and another model.
    pub(crate) fn with_new_model(self) -> Self {
        Self { model: Arc::default(), ..self }
    }

    pub(crate) async fn record(&self) -> Position {
        self.record_of(serde_json::json!({})).await
    }

    async fn record_of(&self, data: serde_json::Value) -> Position {
        let now = self.deps.clock.now();
        let id = self.deps.ids.event_id(now);
        let event = NewEvent {
            id,
            kind: EventType::parse("test.happened").expect("a type"),
            schema: 1,
            metadata: Metadata::of(Actor::reactor("test"), self.deps.ids.uuid(now)),
            data: serde_json::value::to_raw_value(&data).expect("an object"),
        };
        let stream = StreamId::new("test", id.to_string()).expect("a name");
        let append = Append { stream, expected: Expected::None, events: vec![event].into() };
        let Appended::Recorded { last, .. } = self.deps.store().append(append).await else {
            panic!("the event is not recorded");
        };
        last
    }

    fn transactions(&self) -> usize {
        self.model.lock().expect("no holder panics").transactions
    }

    /// Every position, each once and in order.
    pub(crate) fn assert_each_once(&self) {
        let model = self.model.lock().expect("no holder panics");
        let expected: Vec<Position> = (1..=model.checkpoint.0).map(Position).collect();
        assert_eq!(model.applied, expected);
    }
}

impl Instance {
    pub(crate) async fn reaches(&self, position: Position, patience: Duration) {
        self.progress.wait_for(position, patience).await.expect("it gets there in time");
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_of_these_tests_keeps_the_contract() {
    let model = Arc::default();
    conformance::shared(&*Side::new(&model), &*Side::new(&model)).await;
}

#[tokio::test(start_paused = true)]
async fn one_of_two_projects_and_both_know_how_far() {
    let world = World::open().await;
    let (one, two) = (world.start("one").await, world.start("two").await);
    for _ in 0..20 {
        let position = world.record().await;
        let begun = Instant::now();
        two.reaches(position, PATIENCE).await;
        assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
        one.reaches(position, PATIENCE).await;
    }
    world.assert_each_once();
    assert_eq!((one.progress.failures(), two.progress.failures()), (0, 0));
    assert_eq!(two.progress.lag().events, 0);
}

/// Nothing is recorded afterwards that would tell it so.
#[tokio::test(start_paused = true)]
async fn who_reads_a_last_page_that_is_full_has_caught_up() {
    let world = World::open().await;
    let appends = (0..Page::EVENTS_MAX).map(|_| world.record());
    let head = join_all(appends).await.into_iter().max().expect("some");
    assert_eq!(head.0, Page::EVENTS_MAX as u64);
    let starting = tokio::time::timeout(PATIENCE, world.start("one"));
    starting.await.expect("it is ready").reaches(head, PATIENCE).await;
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_one_that_is_gone_moves_within_5_s() {
    let world = World::open().await;
    let (one, two) = (world.start("one").await, world.start("two").await);
    two.reaches(world.record().await, PATIENCE).await;
    one.tasks.kill().await;
    two.reaches(world.record().await, MOVES).await;
    world.assert_each_once();
}

#[tokio::test(start_paused = true)]
async fn a_lease_given_back_moves_at_once() {
    let world = World::open().await;
    let (one, two) = (world.start("one").await, world.start("two").await);
    assert!(one.tasks.shutdown().await);
    two.reaches(world.record().await, Duration::from_secs(1)).await;
    world.assert_each_once();
}

#[tokio::test(start_paused = true)]
async fn a_projector_that_stood_still_is_stale_and_stands_by() {
    let world = World::open().await;
    let (one, two) = (world.start("one").await, world.start("two").await);
    one.side.weather.send_replace(Weather::Frozen);
    two.reaches(world.record().await, MOVES).await;
    two.reaches(world.record().await, PATIENCE).await;
    // It wakes with a change in hand that has been made.
    one.side.weather.send_replace(Weather::Fine);
    let last = world.record().await;
    two.reaches(last, PATIENCE).await;
    one.reaches(last, PATIENCE).await;
    world.assert_each_once();
    let term = world.model.lock().expect("no holder panics").lease.map(|lease| lease.term);
    assert_eq!(term, Some(2), "the lease stays where it went");
    // And it is there when it is needed.
    two.tasks.kill().await;
    one.reaches(world.record().await, MOVES).await;
    world.assert_each_once();
}

#[tokio::test(start_paused = true)]
async fn both_go_on_by_themselves_once_the_server_is_back() {
    let world = World::open().await;
    let (one, two) = (world.start("one").await, world.start("two").await);
    for instance in [&one, &two] {
        instance.side.weather.send_replace(Weather::Away);
    }
    let missed = world.record().await;
    assert!(one.progress.wait_for(missed, PATIENCE).await.is_err());
    assert!(two.progress.failures() > 0);
    for instance in [&one, &two] {
        instance.side.weather.send_replace(Weather::Fine);
    }
    two.reaches(missed, MOVES).await;
    one.reaches(missed, MOVES).await;
    world.assert_each_once();
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_starts_while_the_server_is_away_waits_for_it() {
    let world = World::open().await;
    let (side, tasks) = (Side::new(&world.model), Tasks::inline());
    side.weather.send_replace(Weather::Away);
    let progress = world.deps.progress("late");
    let project = |event: &Recorded| Ok(Some(event.position));
    projector::spawn(&tasks, &world.deps.store(), side.clone(), project, progress.clone());
    let position = world.record().await;
    assert!(progress.wait_for(position, PATIENCE).await.is_err());
    side.weather.send_replace(Weather::Fine);
    progress.wait_for(position, MOVES).await.expect("it gets there");
    world.assert_each_once();
}

#[tokio::test(start_paused = true)]
async fn a_model_ahead_of_the_log_stops_the_process_and_is_left_as_it_is() {
    let world = World::open().await;
    let last = world.record().await;
    let model = Arc::clone(&world.model);
    model.lock().expect("no holder panics").checkpoint = Position(last.0 + 5);
    let (side, tasks) = (Side::new(&model), Tasks::inline());
    let project = |event: &Recorded| Ok(Some(event.position));
    projector::spawn(&tasks, &world.deps.store(), side, project, world.deps.progress("one"));
    tokio::time::timeout(PATIENCE, tasks.stopped()).await.expect("it stops");
    assert!(tasks.failed());
    assert_eq!(model.lock().expect("no holder panics").checkpoint, Position(last.0 + 5));
}

/// Of every seven events one cannot be read, one panics, and one does not fit into the model.
fn choosy(event: &Recorded) -> Result<Option<Position>, Unfit> {
    match event.position.0 % 7 {
        1 => Err(Unfit::broken("it cannot be read")),
        2 => panic!("an amount is beyond all numbers"),
        _ => Ok(Some(event.position)),
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_cannot_be_taken_are_set_aside_and_everything_else_goes_on() {
    let world = World::open().await;
    let unfit = |position: &Position| matches!(position.0 % 7, 1..=3);
    {
        let mut model = world.model.lock().expect("no holder panics");
        model.unfit = (0..20).map(|week| Position(week * 7 + 3)).collect();
    }
    // History in one batch, and then one by one.
    for _ in 0..50 {
        world.record().await;
    }
    let (side, tasks) = (Side::new(&world.model), Tasks::inline());
    let progress = world.deps.progress("one");
    projector::spawn(&tasks, &world.deps.store(), side.clone(), choosy, progress.clone());
    let mut last = Position::START;
    for _ in 0..50 {
        last = world.record().await;
        progress.wait_for(last, PATIENCE).await.expect("nothing stops it");
    }
    assert!(progress.is_ready() && !tasks.failed());
    {
        let model = world.model.lock().expect("no holder panics");
        let (aside, taken): (Vec<_>, Vec<_>) = (1..=last.0).map(Position).partition(unfit);
        assert_eq!(model.applied, taken);
        let found: Vec<Position> = model.aside.iter().map(|event| event.position).collect();
        assert_eq!(found, aside);
        assert_eq!(progress.set_aside_count(), aside.len() as u64);
    }
    // Another instance, and one after a restart, know of them too.
    let other = world.deps.progress("two");
    projector::spawn(&Tasks::inline(), &world.deps.store(), side, choosy, other.clone());
    other.wait_ready().await;
    while other.set_aside_count() != progress.set_aside_count() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_far_behind_takes_several_pages_in_one_transaction() {
    let world = World::open().await;
    for _ in 0..=2 * Page::EVENTS_MAX {
        world.record().await;
    }
    world.start("one").await;
    world.assert_each_once();
    assert_eq!(world.transactions(), 1, "three pages");
}

#[tokio::test(start_paused = true)]
async fn a_model_on_a_server_takes_a_page_in_a_transaction() {
    let world = World::open().await;
    world.model.lock().expect("no holder panics").is_remote = true;
    for _ in 0..=2 * Page::EVENTS_MAX {
        world.record().await;
    }
    world.start("one").await;
    world.assert_each_once();
    assert_eq!(world.transactions(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_gathered_for_a_transaction_is_bounded_by_its_size() {
    let world = World::open().await;
    let picture = "x".repeat(200_000);
    for _ in 0..60 {
        world.record_of(serde_json::json!({ "Picture": picture })).await;
    }
    world.start("one").await;
    world.assert_each_once();
    // 12 MB, in transactions of 4 MiB and a page at most.
    assert!((3..=4).contains(&world.transactions()), "{}", world.transactions());
}
