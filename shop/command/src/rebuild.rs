//! `agora rebuild`: discards read models and rebuilds them from the log, or proves them equal to a rebuild.

mod live;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args as ClapArgs;
use jiff::tz::TimeZone;
use kernel::Position;
use registry::Filled;
use runtime::{ModelError, SetAside, sqlite, sqlite::Location};
use store::{LogStore, Reader as _, log::LogReader};
use store::{Page, Read};

use live::Wish;

use crate::{
    client::{Manager, Place},
    config::{Flags, Settings},
    data_folder::lock::Lock,
    events::embedded,
    live_model,
    models::Model,
    outcome::Outcome,
    parts::Parts,
    process,
    stopped::Stopped,
    term,
};

const HELP: &str = "\
Read models are disposable: a rebuilt one equals the previous one. Without further options the shop must be stopped.

--live rebuilds while the shop serves: the new model is built beside the old one, with pauses, and takes its place in one
step once both are equal. The old one is kept up to date: --back returns to it, --drop removes it. A new model that differs
does not take its place by itself: --accept switches to it anyway, --drop removes it. If the command or the shop is
interrupted, the rebuild continues. Where each instance of a service has a model of its own, all of them are
rebuilt, one after the other.

--check changes nothing: it builds each model again in memory and compares it, line by line, with the one in the data folder
of a stopped shop, or by digest with those of a running shop (--url).

Examples:
  agora rebuild order --live
  agora rebuild order --back
  agora rebuild order --data ./agora-data
  agora rebuild --check --data ./agora-data
  agora rebuild --check --url http://127.0.0.1:8080

Exit codes: 0 rebuilt, or equal; 1 differs or failed; 2 wrong usage.";

/// Rebuild read models from the log, or check that they equal rebuilt ones
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Args {
    /// The services whose models are rebuilt; with --check, all by default
    #[arg(value_enum, required_unless_present = "check")]
    services: Vec<Model>,
    /// Compare, and change nothing
    #[arg(long, group = "how")]
    check: bool,
    /// Rebuild while the shop serves
    #[arg(long, group = "how")]
    live: bool,
    /// Switch back to the model before the last rebuild
    #[arg(long, group = "how")]
    back: bool,
    /// Switch to a rebuilt model although it differs
    #[arg(long, group = "how")]
    accept: bool,
    /// Remove the model that does not serve
    #[arg(long, group = "how")]
    drop: bool,
    #[arg(
        long,
        requires = "how",
        value_name = "URL",
        help = "The address of a running shop's gateway [default: AGORA_URL, or as the settings say]; with --check, instead of a data folder, and only if given"
    )]
    url: Option<String>,
    #[command(flatten)]
    manager: Manager,
    #[command(flatten)]
    settings: Flags,
}

/// The copy of a model that is compared.
const COPY: &str = "model.db";

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let is_meant = |model: &Model| args.services.is_empty() || args.services.contains(model);
    // Each once, however often it is named.
    let services: Vec<Model> = Model::all().filter(is_meant).collect();
    if let Some(wish) = args.wish() {
        let place = Place::given(args.url);
        let client = args.manager.log_in(&place.address()).await?;
        return live::run(&client, &services, wish).await;
    }
    let settings = args.settings.resolve()?;
    settings.check_addresses()?;
    process::check_places(&settings, &Parts::all())?;
    let zone = process::time_zone(&settings)?;
    if let Some(url) = args.url {
        let client = args.manager.log_in(&url).await?;
        return live_model::check(&client, &services, &zone).await;
    }
    let shop = Stopped::of(&settings)?;
    let store = embedded::open(&shop)?;
    let _alone = if args.check { None } else { Some(Lock::alone(&shop.data)?) };
    for model in services {
        if args.check {
            check(model, &settings, &zone, &store).await?;
        } else {
            rebuild(model, &settings, &zone, &store).await?;
        }
    }
    Ok(Outcome::Done)
}

impl Args {
    /// What is asked of a running shop.
    fn wish(&self) -> Option<Wish> {
        let wishes = [
            (self.live, Wish::Live),
            (self.back, Wish::Back),
            (self.accept, Wish::Accept),
            (self.drop, Wish::Drop),
        ];
        wishes.into_iter().find_map(|(is_asked, wish)| is_asked.then_some(wish))
    }
}

async fn rebuild(
    model: Model,
    settings: &Settings,
    zone: &TimeZone,
    store: &LogStore,
) -> anyhow::Result<()> {
    let filled = model.open(settings, zone).await?;
    filled.reset().await?;
    let head = store.reader.head().await?;
    fill(model, &*filled, &store.reader, head).await?;
    term::line(format_args!("{}: rebuilt from {head} events", model.name()))?;
    let aside = filled.aside().await?.len();
    if aside > 0 {
        term::line(format_args!(
            "{}: {aside} events could not be applied; `agora inbox` lists them",
            model.name()
        ))?;
    }
    Ok(())
}

/// The events of a stopped shop's log that a model cannot take.
pub(crate) async fn set_aside(model: Model, store: &LogStore) -> anyhow::Result<Vec<SetAside>> {
    // Years and months have nothing to do with it.
    let fresh = model.fresh(&format!("aside-{}", model.name()), &TimeZone::UTC).await?;
    fill(model, &*fresh, &store.reader, store.reader.head().await?).await?;
    Ok(fresh.aside().await?)
}

async fn check(
    model: Model,
    settings: &Settings,
    zone: &TimeZone,
    store: &LogStore,
) -> anyhow::Result<()> {
    let name = model.name();
    // Opening may empty a model of another shape, so a file is compared by a copy of it.
    let folder = tempfile::tempdir()?;
    let embedded = settings.get::<Location>(model.setting());
    let (live, had) = if let Ok(Location::File(path)) = &embedded {
        let path = &sqlite::serving_in(path);
        if !path.exists() {
            bail!("the {name} service has no read model yet; it is built at the next start");
        }
        let copy = copy_of(path, folder.path())?;
        let shown = copy.to_string();
        let live = model.open_at(copy, zone).await.map_err(|error| {
            // Name the original, not the temporary copy.
            let said = format!("{error:#}").replace(&shown, &path.display().to_string());
            anyhow!("{name}: not comparable: {said}")
        })?;
        let set_aside = folder.path().join(format!("{COPY}.damaged")).exists();
        if set_aside || matches!(live.is_whole(), Err(ModelError::Damaged(_))) {
            bail!(
                "{name}: the read model {} is damaged. Nothing was changed: the shop moves it aside and rebuilds it from the log at its next \
                 start, or when it detects the damage",
                path.display()
            );
        }
        (live, sqlite::checkpoint_in(path))
    } else {
        (model.open(settings, zone).await?, None)
    };
    let (checkpoint, head) = (live.checkpoint().await?, store.reader.head().await?);
    if let Some(reason) = incomparable(had, checkpoint, head) {
        bail!("{name}: not comparable: {reason}. Nothing was changed");
    }
    let fresh = model.fresh(&format!("rebuilt-{}", model.name()), zone).await?;
    fill(model, &*fresh, &store.reader, checkpoint).await?;
    compare(model, &live.dump().await?, &fresh.dump().await?, checkpoint)
}

/// Why a model that was opened at `checkpoint` is not one of the log up to there; in its file, it `had` got further.
fn incomparable(had: Option<Position>, checkpoint: Position, head: Position) -> Option<String> {
    if checkpoint > head {
        return Some(format!(
            "the model is at {checkpoint}, but the log ends at {head}: it was built from another log, or the end of this one is lost"
        ));
    }
    if checkpoint > Position::START || head == Position::START {
        return None;
    }
    Some(match had {
        Some(had) if had > Position::START => format!(
            "the model, which is at {had}, was built by another version of the shop or for another time-zone; the next start of this version \
             with this time-zone rebuilds it"
        ),
        _ => format!("the model is empty, though the log ends at {head}; the next start fills it"),
    })
}

/// A copy of a stopped shop's database, with what its log holds and the note of whose it is.
fn copy_of(path: &Path, folder: &Path) -> anyhow::Result<Location> {
    let copy = folder.join(COPY);
    for end in ["", "-wal", ".mark"] {
        let [from, to] = [path, &copy].map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        });
        if end.is_empty() || from.exists() {
            fs::copy(&from, &to).with_context(|| format!("{} cannot be read", from.display()))?;
        }
    }
    Ok(Location::File(copy))
}

/// Fills a model with the log up to `head`.
async fn fill(
    model: Model,
    filled: &dyn Filled,
    reader: &LogReader,
    head: Position,
) -> anyhow::Result<()> {
    let progress = term::Progress::new(
        model.name(),
        usize::try_from(head.0.div_ceil(Page::EVENTS_MAX as u64))?,
    );
    let mut from = Position(1);
    while from <= head {
        let mut page = reader.read(&Read::All { from, categories: Vec::new() }).await?;
        page.events.retain(|event| event.position <= head);
        let to = Position(page.next.0 - 1).min(head);
        filled.take(&page.events, to).await?;
        progress.advance();
        from = to.next();
    }
    Ok(())
}

fn compare(
    model: Model,
    live: &[String],
    fresh: &[String],
    checkpoint: Position,
) -> anyhow::Result<()> {
    let name = model.name();
    if live == fresh {
        term::line(format_args!(
            "{name}: equals a model rebuilt from the log up to {checkpoint} ({} rows)",
            live.len()
        ))?;
        return Ok(());
    }
    let only_live = live.iter().find(|line| !fresh.contains(line));
    let only_fresh = fresh.iter().find(|line| !live.contains(line));
    bail!(
        "{name}: differs from a rebuilt model at {checkpoint}: it has {only_live:?}, a rebuilt one {only_fresh:?}"
    )
}
