//! `agora rebuild`: read models thrown away and built anew from the log, or proved equal to what a rebuild would give.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use bus::{Page, Read};
use chassis::{ReadModel, Tasks, sqlite::Location};
use clap::{Args as ClapArgs, ValueEnum};
use eventstore::{LogStore, Reader as _, log::LogReader};
use jiff::tz::TimeZone;
use kernel::{Position, Recorded};

use crate::{
    cli::Outcome,
    client::{Access, Manager},
    config::Flags,
    events::embedded,
    live_model, process, term,
};

const HELP: &str = "\
Read models are disposable: a rebuilt one equals the one that was there. Rebuilding works on a stopped shop. --check
changes nothing: it builds each model anew in memory and compares it, line by line, with the one in the data folder of a
stopped shop, or by digest with those of a running shop (--url).

Examples:
  agora rebuild order --data ./agora-data
  agora rebuild --check --data ./agora-data
  agora rebuild --check --url http://127.0.0.1:8080

Exit codes: 0 rebuilt, or equal; 1 differs or failed; 2 wrong usage.";

/// Build read models anew from the log, or check that they equal rebuilt ones
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The services whose models are meant; all unless given with --check
    #[arg(value_enum, required_unless_present = "check")]
    services: Vec<Model>,
    /// Change nothing, compare
    #[arg(long)]
    check: bool,
    /// Check a running shop, at its gateway's address, instead of a data folder
    #[arg(long, requires = "check", value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    manager: Manager,
    #[command(flatten)]
    settings: Flags,
}

/// A read model by the service that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Model {
    Customer,
    Product,
    Order,
    Accounting,
}

impl Model {
    pub(crate) const ALL: [Self; 4] =
        [Self::Customer, Self::Product, Self::Order, Self::Accounting];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Order => "order",
            Self::Accounting => "accounting",
        }
    }

    /// Opens the model and says how it is filled; years and months begin in `time_zone`.
    pub(crate) async fn open(
        self,
        location: Location,
        time_zone: &TimeZone,
    ) -> anyhow::Result<Box<dyn Filled>> {
        let tasks = &Tasks::inline();
        Ok(match self {
            Self::Customer => Box::new(Fill {
                model: customer::open_model(location, tasks).await?,
                project: customer::project,
            }),
            Self::Product => Box::new(Fill {
                model: product::open_model(location, tasks).await?,
                project: product::project,
            }),
            Self::Order => Box::new(Fill {
                model: order::open_model(location, tasks).await?,
                project: order::project,
            }),
            Self::Accounting => {
                let model = accounting::open_model(location, tasks, time_zone.clone()).await?;
                Box::new(Fill { model, project: accounting::project })
            }
        })
    }
}

/// A model of any service, with its projection.
#[async_trait::async_trait]
pub(crate) trait Filled: Send + Sync {
    /// Takes the model on to `to` by the events since its checkpoint.
    async fn take(&self, events: &[Arc<Recorded>], to: Position) -> anyhow::Result<()>;
    async fn checkpoint(&self) -> anyhow::Result<Position>;
    async fn reset(&self) -> anyhow::Result<()>;
    async fn dump(&self) -> anyhow::Result<Vec<String>>;
}

struct Fill<M: ReadModel + ?Sized> {
    model: Arc<M>,
    project: fn(&Recorded) -> Option<M::Change>,
}

#[async_trait::async_trait]
impl<M: ReadModel + ?Sized> Filled for Fill<M> {
    async fn take(&self, events: &[Arc<Recorded>], to: Position) -> anyhow::Result<()> {
        let changes: Vec<M::Change> =
            events.iter().filter_map(|event| (self.project)(event)).collect();
        let from = self.model.checkpoint().await?;
        Ok(self.model.apply(from, &changes, to).await?)
    }

    async fn checkpoint(&self) -> anyhow::Result<Position> {
        Ok(self.model.checkpoint().await?)
    }

    async fn reset(&self) -> anyhow::Result<()> {
        Ok(self.model.reset().await?)
    }

    async fn dump(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.model.dump().await?)
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Outcome> {
    let services = if args.services.is_empty() { Model::ALL.to_vec() } else { args.services };
    let settings = args.settings.resolve()?;
    let zone = process::time_zone(&settings)?;
    if let Some(url) = args.url {
        let client = Access { url, manager: args.manager }.connect().await?;
        return live_model::check(&client, &services, &zone).await;
    }
    let data = PathBuf::from(settings.text("data").unwrap_or_default());
    let store = embedded::open(&data)?;
    for model in services {
        let name = format!("{}-model", model.name());
        let path = settings.text(&name).and_then(|url| url.strip_prefix("sqlite:"));
        let location =
            Location::File(path.with_context(|| format!("{name} is no SQLite database"))?.into());
        if args.check {
            check(model, location, &store, &zone).await?;
        } else {
            rebuild(model, location, &store, &zone).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn rebuild(
    model: Model,
    location: Location,
    store: &LogStore,
    zone: &TimeZone,
) -> anyhow::Result<()> {
    let filled = model.open(location, zone).await?;
    filled.reset().await?;
    let head = store.reader.head().await?;
    fill(model, &*filled, &store.reader, head).await?;
    term::line(format_args!("{}: rebuilt from {head} events", model.name()))?;
    Ok(())
}

async fn check(
    model: Model,
    location: Location,
    store: &LogStore,
    zone: &TimeZone,
) -> anyhow::Result<()> {
    if matches!(&location, Location::File(path) if !path.exists()) {
        bail!("the {} service has no read model yet; it is built at the next start", model.name());
    }
    let live = model.open(location, zone).await?;
    let checkpoint = live.checkpoint().await?;
    let anew = model.open(Location::Memory(format!("rebuilt-{}", model.name())), zone).await?;
    fill(model, &*anew, &store.reader, checkpoint).await?;
    compare(model, &live.dump().await?, &anew.dump().await?, checkpoint)
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
    progress.finish();
    Ok(())
}

fn compare(
    model: Model,
    live: &[String],
    anew: &[String],
    checkpoint: Position,
) -> anyhow::Result<()> {
    let name = model.name();
    if live == anew {
        term::line(format_args!(
            "{name}: equals a model rebuilt from the log up to {checkpoint} ({} rows)",
            live.len()
        ))?;
        return Ok(());
    }
    let only_live = live.iter().find(|line| !anew.contains(line));
    let only_anew = anew.iter().find(|line| !live.contains(line));
    bail!(
        "{name}: differs from a rebuilt model at {checkpoint}: it has {only_live:?}, a rebuilt one {only_anew:?}"
    )
}
