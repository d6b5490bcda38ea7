//! A read model is built again beside the one that serves, compared, and switched to: whatever crashes, nothing is missed or done twice.

mod busy;
mod compared;
mod in_memory;
mod indexed;
mod left_behind;
mod stopped;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use kernel::Position;
use runtime::{
    Progress, ReadModel as _, Rebuild, Tasks,
    model::{Compared, Generations as _, Project},
    projector,
    rebuild::{self, Refused, Stage, Wish},
    sqlite::{Embedded, Location, Schema, Tables, beside, serving_in},
};
use rusqlite::{Connection, Transaction};

use crate::projecting::{PATIENCE, World};

const CREATE: &str = "CREATE TABLE happened (position INTEGER PRIMARY KEY, half INTEGER NOT NULL);
     CREATE TABLE half (half INTEGER PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID";

/// Time stands still while anything is done; in a moment others come to their turn.
const MOMENT: Duration = Duration::from_millis(1);

/// Where events happened, and how often each half of a position did.
#[derive(Clone, Copy)]
struct Happenings {
    number: u32,
    serves: &'static [u32],
}

const FIRST: Happenings = Happenings { number: 1, serves: &[] };
/// The next version: its tables are the same, and mean the same.
const NEXT: Happenings = Happenings { number: 2, serves: &[1] };

impl Tables for Happenings {
    type Change = Position;

    fn schema(&self) -> Schema {
        let number = self.number;
        Schema { model: "happenings", unmarked: &[], number, variant: 0, create: CREATE }
    }

    fn another(&self) -> Self {
        *self
    }

    fn serves(&self) -> &'static [u32] {
        self.serves
    }

    fn indexes(&self) -> &'static str {
        "CREATE INDEX IF NOT EXISTS happened_half ON happened (half)"
    }

    fn write(&self, transaction: &Transaction<'_>, changes: &[Position]) -> rusqlite::Result<()> {
        for change in changes {
            transaction.execute("INSERT INTO happened VALUES (?1, ?1 / 2)", [change.0])?;
            let sql = "INSERT INTO half VALUES (?1 / 2, 1) ON CONFLICT (half) DO UPDATE SET times = times + 1";
            transaction.execute(sql, [change.0])?;
        }
        Ok(())
    }
}

/// A running program with the model.
struct Program {
    model: Arc<Embedded<Happenings>>,
    tasks: Tasks,
    progress: Progress,
    rebuild: Rebuild,
}

impl Program {
    fn start(world: &World, path: &Path, tables: Happenings) -> Self {
        Self::start_at(world, Location::File(path.to_owned()), tables)
    }

    fn start_at(world: &World, location: Location, tables: Happenings) -> Self {
        Self::start_with(world, location, tables, |event| Ok(Some(event.position)))
    }

    fn start_with(
        world: &World,
        location: Location,
        tables: Happenings,
        project: Project<Position>,
    ) -> Self {
        let tasks = Tasks::inline();
        let model = Embedded::open(tables, location, tasks.clone()).expect("the model opens");
        let (store, progress) = (world.deps.store(), world.deps.progress("test.projector"));
        projector::spawn(&tasks, &store, Arc::clone(&model), project, progress.clone());
        let rebuild = rebuild::spawn(&tasks, &store, Arc::clone(&model), project, progress.clone());
        Self { model, tasks, progress, rebuild }
    }

    async fn reach(&self, position: Position) {
        self.progress.wait_for(position, PATIENCE).await.expect("the model gets there");
    }

    /// Waits until the generation beside the one that serves is at `stage`.
    async fn until(&self, stage: impl Fn(Option<&Stage>) -> bool) {
        let waiting = async {
            while !stage(self.rebuild.state().beside.as_ref().map(|beside| &beside.stage)) {
                tokio::time::sleep(MOMENT).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("it stays {:?}", self.rebuild.state()));
    }

    async fn until_kept(&self) {
        self.until(|stage| stage == Some(&Stage::Kept)).await;
    }

    /// Every position up to the checkpoint is there, once.
    async fn assert_each_once(&self) {
        let checkpoint = self.model.checkpoint().await.expect("a checkpoint");
        let positions = self.model.read(positions).expect("rows");
        assert_eq!(positions, (1..=checkpoint.0).collect::<Vec<_>>());
    }

    fn serves(&self) -> u32 {
        *Embedded::serving(&self.model).borrow()
    }
}

fn positions(connection: &Connection) -> rusqlite::Result<Vec<u64>> {
    let mut query = connection.prepare("SELECT position FROM happened ORDER BY position")?;
    query.query_map([], |row| row.get(0))?.collect()
}

async fn record(world: &World, count: usize) -> Position {
    let recorded = join_all((0..count).map(|_| world.record())).await;
    recorded.into_iter().max().expect("some")
}

/// The databases of the model's folder, without what SQLite keeps beside them.
fn databases(path: &Path) -> BTreeSet<PathBuf> {
    let folder = fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    let files = folder.map(|entry| entry.expect("an entry").path());
    let is_database = |file: &PathBuf| {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        ![".mark", "-wal", "-shm", ".generations"].iter().any(|end| name.ends_with(end))
    };
    files.filter(is_database).collect()
}

fn generation(path: &Path, number: u32) -> PathBuf {
    path.with_file_name(format!("model.db.gen-{number}"))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.db");
    (folder, path)
}

#[tokio::test(start_paused = true)]
async fn a_model_is_rebuilt_while_it_serves_and_the_one_before_can_serve_again() {
    let (world, (_folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    program.reach(record(&world, 40).await).await;
    let nothing = program.rebuild.ask(Wish::Switch).await.expect_err("there is no other");
    assert_eq!(nothing.to_string(), "no other generation of the model is kept or being built");

    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    // What is recorded meanwhile is shown at once, as ever.
    while program.serves() == 1 {
        program.reach(world.record().await).await;
        tokio::time::sleep(MOMENT).await;
    }
    program.until_kept().await;
    let state = program.rebuild.state();
    assert_eq!(state.serving, 2);
    assert!(matches!(state.compared, Some(Compared::Equal { rows }) if rows > 60), "{state:?}");
    assert_eq!(serving_in(&path), generation(&path, 2));
    program.assert_each_once().await;

    let begun = program.rebuild.ask(Wish::Begin).await.expect_err("the one before is kept");
    assert!(matches!(begun, Refused::Now(_)), "{begun}");
    // The one before has not missed what was recorded since.
    program.reach(record(&world, 10).await).await;
    program.rebuild.ask(Wish::Switch).await.expect("back");
    while program.serves() == 2 {
        program.reach(world.record().await).await;
        tokio::time::sleep(MOMENT).await;
    }
    program.assert_each_once().await;
    program.until_kept().await;
    program.rebuild.ask(Wish::Drop).await.expect("dropped");
    assert_eq!(program.rebuild.state().beside, None);
    assert_eq!(databases(&path), BTreeSet::from([path.clone()]));

    // A number is not used twice.
    program.rebuild.ask(Wish::Begin).await.expect("again");
    program.until_kept().await;
    program.rebuild.ask(Wish::Drop).await.expect("the first one is dropped");
    assert_eq!(databases(&path), BTreeSet::from([generation(&path, 3)]));
    assert_eq!(
        beside(&path, "happenings").last(),
        Some(&path.with_file_name("model.db.generations"))
    );
    program.reach(world.record().await).await;
    program.tasks.kill().await;
    drop(program);
    let again = Program::start(&world, &path, FIRST);
    again.reach(world.record().await).await;
    assert_eq!(again.serves(), 3);
    again.assert_each_once().await;
    again.tasks.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_that_differs_waits_for_a_decision() {
    let (world, (_folder, path)) = (World::open().await, place());
    let program = Program::start(&world, &path, FIRST);
    program.reach(record(&world, 20).await).await;
    let wrong = Connection::open(&path).expect("the file");
    wrong.execute("UPDATE half SET times = 7 WHERE half = 3", []).expect("a row that is wrong");
    program.rebuild.ask(Wish::Begin).await.expect("it begins");
    program.until(|stage| matches!(stage, Some(Stage::Different(_)))).await;
    let Some(Stage::Different(how)) = program.rebuild.state().beside.map(|beside| beside.stage)
    else {
        panic!("it differs")
    };
    assert_eq!(how, "of the 11 rows of half, some have other values in the new model");
    program.reach(record(&world, 20).await).await;
    assert_eq!(program.serves(), 1, "nothing happens by itself");
    program.rebuild.ask(Wish::Switch).await.expect("the new one is right");
    program.until_kept().await;
    let times = "SELECT max(times) FROM half";
    let times = program.model.read(|c| c.query_row(times, [], |row| row.get::<_, u64>(0)));
    assert_eq!((program.serves(), times.expect("a row")), (2, 2));
    program.assert_each_once().await;
    program.tasks.kill().await;
}

#[tokio::test(start_paused = true)]
async fn an_older_schema_that_serves_does_so_at_once_and_is_replaced_by_itself() {
    let (world, (_folder, path)) = (World::open().await, place());
    let old = Program::start(&world, &path, FIRST);
    let head = record(&world, 30).await;
    old.reach(head).await;
    old.tasks.kill().await;
    drop(old);

    let new = Program::start(&world, &path, NEXT);
    assert_eq!((new.serves(), new.model.checkpoint().await.expect("at once")), (1, head));
    new.until_kept().await;
    let state = new.rebuild.state();
    assert!(matches!(state.compared, Some(Compared::Agree { rows: 46 })), "{state:?}");
    assert_eq!((new.serves(), Embedded::is_outdated(&new.model).expect("it is read")), (2, false));
    new.reach(record(&world, 5).await).await;
    new.assert_each_once().await;
    new.tasks.kill().await;
    drop(new);

    // The version before takes the model that it can read, and what it cannot read stays.
    let back = Program::start(&world, &path, FIRST);
    assert_eq!(back.serves(), 1);
    back.reach(record(&world, 5).await).await;
    back.assert_each_once().await;
    back.until(|stage| matches!(stage, Some(Stage::Failing(_)))).await;
    back.tasks.kill().await;
    drop(back);
    let forth = Program::start(&world, &path, NEXT);
    forth.until_kept().await;
    assert_eq!(forth.serves(), 2);
    forth.assert_each_once().await;
    // Who goes back and drops the new one has the old one until the next start.
    forth.rebuild.ask(Wish::Switch).await.expect("back");
    while forth.serves() == 2 {
        tokio::time::sleep(MOMENT).await;
    }
    forth.until_kept().await;
    forth.rebuild.ask(Wish::Drop).await.expect("dropped");
    forth.reach(record(&world, 5).await).await;
    assert_eq!((forth.serves(), forth.rebuild.state().beside), (1, None));
    forth.tasks.kill().await;
}

/// Random numbers, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_leaves_one_generation_or_the_other() {
    for seed in 1..=12 {
        let mut dice = Dice(seed);
        let (world, (_folder, path)) = (World::open().await, place());
        let mut recorded = record(&world, 20).await;
        let mut switches = BTreeSet::new();
        for _ in 0..12 {
            let program = Program::start(&world, &path, FIRST);
            for _ in 0..dice.below(4) {
                let wish = [Wish::Begin, Wish::Begin, Wish::Switch, Wish::Drop][dice.below(4)];
                // Whether it fits now does not matter.
                let asked = tokio::time::timeout(PATIENCE, program.rebuild.ask(wish));
                drop(asked.await.expect("there is an answer"));
                recorded = record(&world, 1 + dice.below(3)).await;
                for _ in 0..dice.below(60) {
                    tokio::task::yield_now().await;
                }
                if dice.below(3) == 0 {
                    // What is shown includes what its reader knows of.
                    program.reach(recorded).await;
                    let shown = program.model.checkpoint().await.expect("a checkpoint");
                    assert!(shown >= recorded, "seed {seed}: {shown} is before {recorded}");
                    program.assert_each_once().await;
                }
                switches.insert(program.serves());
            }
            program.tasks.kill().await;
        }
        let program = Program::start(&world, &path, FIRST);
        program.reach(recorded).await;
        program.until(|stage| stage.is_none() || stage == Some(&Stage::Kept)).await;
        program.reach(recorded).await;
        program.assert_each_once().await;
        let named = 1 + usize::from(Embedded::other(&program.model).is_some());
        assert_eq!(databases(&path).len(), named, "seed {seed}: {:?}", databases(&path));
        program.tasks.kill().await;
    }
}
