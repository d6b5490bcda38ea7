//! The sample shop of `agora up --demo`: made in an empty data folder, before anything is opened there, and noted there, so that a later
//! start with `--demo` opens it again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, bail};
use demo::{Conditions, Lived};
use kernel::Clock as _;
use registry::ShopSettings;
use runtime::clock::SystemClock;

use super::{
    choices::{Choices, Store},
    places::SAMPLE,
};
use crate::{config::Settings, data_folder::DataFolder, parts::Parts, term::Progress};

/// The log is made under such a name, and gets its own once it is whole.
const UNFINISHED: &str = ".demo-";

/// Asks the year to stop once nothing waits for it any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes the sample shop in an empty folder, and shows how far it is unless the start is announced as `json`; in the folder of one that was made before, nothing is to be done. Dropped, it leaves no log
/// behind.
pub(crate) async fn make(settings: &Settings, json: bool) -> anyhow::Result<Lived> {
    let choices = Choices::read(settings, &Parts::all())?;
    super::currency::check_decimals(settings, &choices)?;
    let Store::Log(log) = choices.store.clone() else {
        return Err(settings.invalid("event-store", NO_LOG).into());
    };
    if let Some(lived) = made_before(&choices.data, &log) {
        return Ok(lived);
    }
    for folder in [&choices.data, &log] {
        must_be_empty(folder)?;
    }
    let data = DataFolder::open(&choices.data)?;
    let (mut seed, mut drawn) = ([0; 32], [0; 32]);
    for bytes in [&mut seed, &mut drawn] {
        getrandom::fill(bytes).context("the OS random generator failed")?;
    }
    let is_given = choices.shop_secret.is_some();
    let beside = log.parent().filter(|parent| !parent.as_os_str().is_empty());
    let beside = beside.unwrap_or(Path::new(".")).to_owned();
    let conditions = Conditions {
        log: PathBuf::new(),
        secret: choices.shop_secret.unwrap_or(drawn),
        seed,
        admin_password: choices.admin_password,
        hashing: customer::Cost::default(),
        shop: ShopSettings {
            currency: choices.currency,
            time_zone: choices.time_zone,
            welcome_credit: choices.welcome_credit,
            order_deadline: choices.order_deadline,
        },
        now: SystemClock.now(),
    };
    let stop = Stop(Arc::default());
    let stopped = Arc::clone(&stop.0);
    let made = move || {
        let place = Place { beside, log, data: (!is_given).then_some(data) };
        place.live(conditions, &stopped, json)
    };
    let lived = tokio::task::spawn_blocking(made).await.context("the sample shop panicked")?;
    drop(stop);
    let lived = lived?;
    DataFolder::keep(&choices.data, SAMPLE, &serde_json::to_vec_pretty(&lived)?)?;
    Ok(lived)
}

/// What the sample shop of a folder came to, if there is one.
fn made_before(data: &Path, log: &Path) -> Option<Lived> {
    let noted = fs::read(data.join(SAMPLE)).ok()?;
    log.exists().then(|| serde_json::from_slice(&noted).ok()).flatten()
}

const NO_LOG: &str = "is a server's, and --demo makes a log of its own: leave the setting out, or start without --demo and fill the \
     shop from the dashboard of its back office";

/// Refuses a folder in which someone might have something.
fn must_be_empty(folder: &Path) -> anyhow::Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("{} cannot be read", folder.display()))?,
    };
    let Some(first) = entries.next() else { return Ok(()) };
    let folder = folder.display();
    let found = first.map(|entry| entry.file_name().to_string_lossy().into_owned());
    bail!(
        "{folder} is not empty (it holds {}) and holds no sample shop. --demo creates one only in an empty folder. Nothing was changed: start \
         without --demo to open the shop that is there, or name another folder with --data",
        found.unwrap_or_else(|error| error.to_string())
    )
}

/// Where the log is created.
struct Place {
    /// The folder that holds the log's.
    beside: PathBuf,
    log: PathBuf,
    /// The folder that keeps the secret, unless it was given.
    data: Option<DataFolder>,
}

impl Place {
    /// Lives the year in a folder beside the log's, and puts its log there once it is whole. The secret comes first: a log without one
    /// would be taken for a shop that has lost it.
    fn live(self, conditions: Conditions, stop: &AtomicBool, json: bool) -> anyhow::Result<Lived> {
        let Self { beside, log, data } = self;
        let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&beside);
        let unfinished =
            unfinished.with_context(|| format!("no folder can be made in {}", beside.display()))?;
        let made = unfinished.path().join("log");
        let secret = conditions.secret;
        let conditions = Conditions { log: made.clone(), ..conditions };
        let lived = living(conditions, stop, json)?;
        if let Some(data) = data
            && data.put_secret(&secret)? != secret
        {
            bail!("another shop was created in {} meanwhile", data.path().display());
        }
        fs::rename(&made, &log)
            .and_then(|()| fs::File::open(&beside)?.sync_all())
            .with_context(|| format!("cannot move the log to {}", log.display()))?;
        Ok(lived)
    }
}

/// Lives the year. A terminal shows at once that this goes on, and how far it is; a log says it in a line.
fn living(conditions: Conditions, stop: &AtomicBool, json: bool) -> anyhow::Result<Lived> {
    if json {
        return Ok(demo::live(conditions, stop, |_| {})?);
    }
    let progress = Progress::in_words("Living through a year of the sample shop: day", demo::DAYS);
    if !progress.is_shown() {
        tracing::info!("living through a year of the sample shop; this takes some seconds");
    }
    Ok(demo::live(conditions, stop, |day| progress.at(day, demo::DAYS))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_shop_is_one_whose_note_and_log_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, log) = (folder.path(), folder.path().join("log"));
        assert!(made_before(data, &log).is_none(), "nothing is there");
        fs::create_dir(&log).expect("a folder");
        assert!(made_before(data, &log).is_none(), "a shop of its own");
        let note = r#"{ "Categories": 12, "Products": 123, "Customers": 30, "Orders": 3014 }"#;
        fs::write(data.join(SAMPLE), note).expect("a note");
        let lived = made_before(data, &log).expect("a sample shop");
        assert_eq!((lived.products, lived.admin_password), (123, None));
        fs::write(data.join(SAMPLE), "{").expect("a note");
        assert!(made_before(data, &log).is_none(), "the note says nothing");
    }

    #[test]
    fn only_a_folder_with_nothing_in_it_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        must_be_empty(&folder.path().join("missing")).expect("nothing is there");
        must_be_empty(folder.path()).expect("it is empty");
        fs::write(folder.path().join("secret"), "").expect("a file");
        let refused = must_be_empty(folder.path()).expect_err("there is something").to_string();
        assert!(refused.contains("secret") && refused.contains("--data"), "{refused}");
    }
}
