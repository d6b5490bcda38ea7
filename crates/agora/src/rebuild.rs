//! `agora rebuild`: read models thrown away and built anew from the log, or proved equal to what a rebuild would give.

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use bus::{Page, Read};
use chassis::{ReadModel, Tasks, sqlite::Location};
use clap::{Args as ClapArgs, ValueEnum};
use eventstore::{LogStore, Reader as _, log::LogReader};
use jiff::tz::TimeZone;
use kernel::{Position, Recorded};

use crate::{
    cli::Outcome,
    client::{Access, Manager},
    config::{Flags, Settings},
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

    /// Opens the model that the settings name, and says how it is filled; years and months begin in `time_zone`.
    async fn open(
        self,
        settings: &Settings,
        time_zone: &TimeZone,
    ) -> anyhow::Result<Box<dyn Filled>> {
        let name = format!("{}-model", self.name());
        match self {
            Self::Customer => customer(settings.get(&name)?).await,
            Self::Product => product(settings.get(&name)?).await,
            Self::Order => order(settings.get(&name)?).await,
            Self::Accounting => accounting(settings.get(&name)?, time_zone).await,
        }
    }

    /// An empty model in memory to compare with.
    pub(crate) async fn anew(
        self,
        name: &str,
        time_zone: &TimeZone,
    ) -> anyhow::Result<Box<dyn Filled>> {
        let location = Location::Memory(name.to_owned());
        match self {
            Self::Customer => customer(location.into()).await,
            Self::Product => product(location).await,
            Self::Order => order(location.into()).await,
            Self::Accounting => accounting(location.into(), time_zone).await,
        }
    }
}

async fn customer(location: customer::ModelLocation) -> anyhow::Result<Box<dyn Filled>> {
    let model = customer::open_model(location, &Tasks::inline()).await?;
    Ok(Box::new(Fill { model, project: customer::project }))
}

async fn product(location: Location) -> anyhow::Result<Box<dyn Filled>> {
    let model = product::open_model(location, &Tasks::inline()).await?;
    Ok(Box::new(Fill { model, project: product::project }))
}

async fn order(location: order::ModelLocation) -> anyhow::Result<Box<dyn Filled>> {
    let model = order::open_model(location, &Tasks::inline()).await?;
    Ok(Box::new(Fill { model, project: order::project }))
}

async fn accounting(
    location: accounting::ModelLocation,
    time_zone: &TimeZone,
) -> anyhow::Result<Box<dyn Filled>> {
    let model = accounting::open_model(location, &Tasks::inline(), time_zone.clone()).await?;
    Ok(Box::new(Fill { model, project: accounting::project }))
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
    settings.check_addresses()?;
    process::check_places(&settings)?;
    let zone = process::time_zone(&settings)?;
    if let Some(url) = args.url {
        let client = Access { url, manager: args.manager }.connect().await?;
        return live_model::check(&client, &services, &zone).await;
    }
    let data = PathBuf::from(settings.text("data").unwrap_or_default());
    let store = embedded::open(&data)?;
    for model in services {
        if args.check {
            check(model, (&settings, &zone), &store).await?;
        } else {
            rebuild(model, (&settings, &zone), &store).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn rebuild(
    model: Model,
    (settings, zone): (&Settings, &TimeZone),
    store: &LogStore,
) -> anyhow::Result<()> {
    let filled = model.open(settings, zone).await?;
    filled.reset().await?;
    let head = store.reader.head().await?;
    fill(model, &*filled, &store.reader, head).await?;
    term::line(format_args!("{}: rebuilt from {head} events", model.name()))?;
    Ok(())
}

async fn check(
    model: Model,
    (settings, zone): (&Settings, &TimeZone),
    store: &LogStore,
) -> anyhow::Result<()> {
    // Whether there is one has to be asked before it is opened, which makes one; a server's is made by whoever asks.
    let embedded = settings.get::<Location>(&format!("{}-model", model.name()));
    if matches!(&embedded, Ok(Location::File(path)) if !path.exists()) {
        bail!("the {} service has no read model yet; it is built at the next start", model.name());
    }
    let live = model.open(settings, zone).await?;
    let checkpoint = live.checkpoint().await?;
    let anew = model.anew(&format!("rebuilt-{}", model.name()), zone).await?;
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
