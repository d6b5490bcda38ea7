//! Generations of a model that instances share: whichever is asked, killed or asleep, nothing is missed or read from what was removed.

use std::{sync::Arc, time::Duration};

use kernel::Position;
use runtime::{
    Progress, ReadModel as _, Rebuild, Tasks,
    model::{Generations as _, Served, conformance},
    projector,
    rebuild::{self, Stage, Wish},
};

use crate::{
    projecting::{PATIENCE, World},
    side::{Side, Weather},
};

const MOMENT: Duration = Duration::from_millis(1);

/// An instance that has a side of the shared model.
struct Instance {
    model: Arc<Served<Side>>,
    weather: tokio::sync::watch::Sender<Weather>,
    tasks: Tasks,
    progress: Progress,
    rebuild: Rebuild,
}

impl Instance {
    /// One more instance, once it has caught up.
    async fn start(world: &World) -> Self {
        let (side, tasks) = (Side::of(&world.model), Tasks::inline());
        let weather = side.weather.clone();
        let model = Served::open(side, "test", &tasks).await.expect("it opens");
        let (store, progress) = (world.deps.store(), world.deps.progress("test.projector"));
        let project = |event: &kernel::Recorded| Ok(Some(event.position));
        projector::spawn(&tasks, &store, Arc::clone(&model), project, progress.clone());
        let rebuild = rebuild::spawn(&tasks, &store, Arc::clone(&model), project, progress.clone());
        progress.wait_ready().await;
        Self { model, weather, tasks, progress, rebuild }
    }

    async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !condition(self) {
                tokio::time::sleep(MOMENT).await;
            }
        };
        let waited = tokio::time::timeout(2 * PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("never {what}: {:?}", self.rebuild.state()));
    }

    fn stage(&self) -> Option<Stage> {
        self.rebuild.state().beside.map(|beside| beside.stage)
    }

    fn serves(&self) -> u32 {
        self.rebuild.state().serving
    }

    async fn until_kept(&self, number: u32) {
        self.until("the new one serves", |instance| {
            instance.serves() == number && instance.stage() == Some(Stage::Kept)
        })
        .await;
    }

    /// The events up to the end are there, each once and in order.
    async fn has_all(&self, last: Position) {
        self.progress.wait_for(last, PATIENCE).await.expect("the model gets there");
        let expected: Vec<String> = (1..=last.0).map(|position| position.to_string()).collect();
        let found = self.model.dump().await.expect("it answers");
        assert!(found.starts_with(&expected), "{found:?}");
    }
}

async fn record(world: &World, count: usize) -> Position {
    let mut last = Position::START;
    for _ in 0..count {
        last = world.record().await;
    }
    last
}

#[tokio::test(start_paused = true)]
async fn the_model_of_these_tests_keeps_the_contract() {
    let (world, tasks) = (World::open().await, Tasks::inline());
    let open =
        async || Served::open(Side::of(&world.model), "test", &tasks).await.expect("it opens");
    conformance::generations(&*open().await, &*open().await).await;
}

#[tokio::test(start_paused = true)]
async fn any_instance_may_be_asked_and_all_answer_from_the_new_one() {
    let world = World::open().await;
    record(&world, 50).await;
    let (holder, standby) = (Instance::start(&world).await, Instance::start(&world).await);
    standby.rebuild.ask(Wish::Begin).await.expect("it may begin");
    record(&world, 20).await;
    for instance in [&holder, &standby] {
        instance.until_kept(2).await;
        instance.has_all(record(&world, 5).await).await;
    }
    let compared = standby.rebuild.state().compared;
    assert!(compared.is_some(), "all know how it was compared");

    // Back, and then without the newer one, both asked of the instance that does not look after them.
    standby.rebuild.ask(Wish::Switch).await.expect("the one before is kept");
    for instance in [&holder, &standby] {
        instance.until_kept(1).await;
        instance.has_all(record(&world, 5).await).await;
    }
    standby.rebuild.ask(Wish::Drop).await.expect("the other one is kept");
    holder.until("it is dropped", |instance| instance.stage().is_none()).await;
    let is_there = || world.model.lock().expect("no holder panics").others.contains_key(&2);
    assert!(is_there(), "others may still read it");
    let removed = async {
        while is_there() {
            tokio::time::sleep(MOMENT).await;
        }
    };
    tokio::time::timeout(PATIENCE, removed).await.expect("what was dropped is removed");
    standby.has_all(record(&world, 5).await).await;
    for instance in [holder, standby] {
        assert!(instance.tasks.shutdown().await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_killed_at_any_moment_leaves_the_rest_to_the_next() {
    for after_ms in [0, 1, 2, 3, 5, 8, 13, 30, 80, 200, 600, 1500] {
        let world = World::open().await;
        record(&world, 30).await;
        let (holder, standby) = (Instance::start(&world).await, Instance::start(&world).await);
        holder.rebuild.ask(Wish::Begin).await.expect("it may begin");
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        holder.tasks.kill().await;
        standby.until_kept(2).await;
        standby.has_all(record(&world, 5).await).await;
        standby.rebuild.ask(Wish::Switch).await.expect("the one before is kept");
        standby.until_kept(1).await;
        standby.has_all(record(&world, 5).await).await;
        standby.tasks.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_slept_reads_nothing_of_what_was_removed_meanwhile() {
    let world = World::open().await;
    record(&world, 10).await;
    let (awake, asleep) = (Instance::start(&world).await, Instance::start(&world).await);
    let before = asleep.model.current().await.expect("it answers");
    asleep.weather.send_replace(Weather::Frozen);
    awake.rebuild.ask(Wish::Begin).await.expect("it may begin");
    awake.until_kept(2).await;
    awake.rebuild.ask(Wish::Drop).await.expect("the one before is kept");
    let last = record(&world, 5).await;
    let is_emptied = || world.model.lock().expect("no holder panics").applied.is_empty();
    let removed = async {
        while !is_emptied() {
            tokio::time::sleep(MOMENT).await;
        }
    };
    tokio::time::timeout(PATIENCE, removed).await.expect("what was dropped is removed");
    asleep.weather.send_replace(Weather::Fine);
    assert_eq!(before.dump().await.expect("it answers"), Vec::<String>::new(), "it is gone");
    let found = asleep.model.dump().await.expect("it answers");
    assert!(!found.is_empty(), "it asks which one serves before it answers");
    asleep.has_all(last).await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_differs_waits_for_a_decision_that_any_instance_takes() {
    let world = World::open().await;
    record(&world, 10).await;
    let (holder, standby) = (Instance::start(&world).await, Instance::start(&world).await);
    // As if a change had been lost.
    world.model.lock().expect("no holder panics").applied.pop();
    holder.rebuild.ask(Wish::Begin).await.expect("it may begin");
    let differs = |instance: &Instance| matches!(instance.stage(), Some(Stage::Different(_)));
    for instance in [&holder, &standby] {
        instance.until("it differs", differs).await;
        assert_eq!(instance.serves(), 1, "nothing is switched by itself");
    }
    standby.rebuild.ask(Wish::Switch).await.expect("people may switch to it");
    for instance in [&holder, &standby] {
        instance.until_kept(2).await;
        instance.has_all(record(&world, 5).await).await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_away_reads_fail_soon_and_nothing_is_begun() {
    let world = World::open().await;
    record(&world, 10).await;
    let instance = Instance::start(&world).await;
    instance.weather.send_replace(Weather::Away);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let reads = (0..50).map(|_| instance.model.checkpoint());
    let began = tokio::time::Instant::now();
    for read in futures_util::future::join_all(reads).await {
        read.expect_err("the server is away");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "they share one answer");
    instance.rebuild.ask(Wish::Begin).await.expect_err("the server is away");
    instance.weather.send_replace(Weather::Fine);
    instance.has_all(record(&world, 5).await).await;
    assert_eq!(instance.model.other(), None);
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_not_answered_is_made_once() {
    let world = World::open().await;
    record(&world, 10).await;
    let (holder, standby) = (Instance::start(&world).await, Instance::start(&world).await);
    world.model.lock().expect("no holder panics").unanswered = Some("\"Current\":2");
    holder.rebuild.ask(Wish::Begin).await.expect("it may begin");
    for instance in [&holder, &standby] {
        instance.until_kept(2).await;
        instance.has_all(record(&world, 5).await).await;
        assert_eq!(instance.serves(), 2, "it is not switched back");
    }
    let unanswered = world.model.lock().expect("no holder panics").unanswered;
    assert_eq!(unanswered, None, "the answer to the switch was lost");
}

/// Instances that have not heard of the switch yet answer from it: they must not promise more than the others have.
#[tokio::test(start_paused = true)]
async fn the_generation_before_never_runs_ahead_of_the_one_that_serves() {
    let world = World::open().await;
    record(&world, 10).await;
    let holder = Instance::start(&world).await;
    holder.rebuild.ask(Wish::Begin).await.expect("it may begin");
    holder.until_kept(2).await;
    let recording = async {
        for _ in 0..100 {
            world.record().await;
            tokio::time::sleep(7 * MOMENT).await;
        }
    };
    let watching = async {
        loop {
            tokio::time::sleep(MOMENT).await;
            let before = world.model.lock().expect("no holder panics");
            let serving =
                before.others.get(&2).expect("it serves").lock().expect("no holder panics");
            assert!(before.checkpoint <= serving.checkpoint, "{}", before.checkpoint);
        }
    };
    tokio::select! {
        () = recording => {}
        () = watching => {}
    }
}
