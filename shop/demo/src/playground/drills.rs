//! Drills: what each incident is made of, and how it ends. What they are about is in [`contracts::rest::drill`].

mod goods;
mod outside;

use std::time::Duration;

use contracts::{
    accounting, customer,
    money::Money,
    order::{self, OrderEvent},
    product,
    rest::drill::{Drill, Incident},
};
use faults::{Outdated, Part, Tampering};
use kernel::sync;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Inner, Playground};

/// Visits in a minute, so that there is something to miss.
const VISITS: u32 = 240;
/// The same where a part is to have too much to do.
const VISITS_MANY: u32 = 1500;
/// What the product service takes over each event then.
const TOO_SLOW: Duration = Duration::from_millis(200);
/// How wrong a wrong clock is.
const BEHIND: Duration = Duration::from_hours(24);
/// The index that goes missing, and the trigger that should not be there.
const INDEX: &str = "step_order";
const TRIGGER: &str = "drill_report";
/// The table that the trigger reads.
const TABLE: &str = "orders";

/// A drill that is on, and what has to be undone at its end.
pub(super) struct On {
    pub(super) drill: &'static Drill,
    /// Ends what goes on beside the shop.
    end: CancellationToken,
    undo: Option<Undo>,
}

/// What faults of parts and bus do not undo by themselves.
enum Undo {
    /// The price that a product had.
    Price { product: Uuid, price: Money },
    /// An event that nobody can take is to be skipped.
    Skip { stream: String },
    /// Someone's changes to a database.
    Database(Tampering),
}

impl On {
    /// Whether it changed what outlives this process, and can be undone without its services.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self.undo, Some(Undo::Database(_)))
    }
}

impl Playground {
    /// Prepares a drill instead of whatever is on. An error in a sentence, and nothing on, if it cannot be prepared.
    pub(super) async fn begin_drill(&self, drill: &'static Drill, seed: u64) -> Result<(), String> {
        self.heal().await;
        self.begin(seed);
        let end = CancellationToken::new();
        sync::lock(&self.0.chosen).drill = Some(On { drill, end: end.clone(), undo: None });
        match self.prepare(drill.incident, end).await {
            Ok(undo) => {
                if let Some(on) = &mut sync::lock(&self.0.chosen).drill {
                    on.undo = undo;
                }
                Ok(())
            }
            Err(error) => {
                self.heal().await;
                Err(error)
            }
        }
    }

    async fn prepare(
        &self,
        incident: Incident,
        end: CancellationToken,
    ) -> Result<Option<Undo>, String> {
        let Inner { toys, watch, .. } = &*self.0;
        match incident {
            Incident::StoppedReactor => self.needed(accounting::CATEGORY)?.hold("reactor"),
            Incident::PoisonEvent => return self.poison().await.map(Some),
            Incident::LostBroker => toys.bus.cut(true),
            Incident::SlowModel => {
                self.set_traffic(Some(VISITS));
                let file = self.database(order::CATEGORY)?;
                return Tampering::slow_trigger(file, TRIGGER, TABLE).map(Undo::Database).map(Some);
            }
            Incident::WrongClock => self.needed(customer::CATEGORY)?.skew().set(BEHIND),
            Incident::FullDisk => {
                let is_store = |part: &&Part| !part.has_database();
                let store =
                    toys.parts.iter().find(is_store).ok_or("this shop has no event store")?;
                store.kill().await;
                toys.disk.fill(true);
                store.start().await?;
            }
            Incident::StaleInstance => {
                let older = Outdated::reading(OrderEvent::FINALIZED, 0);
                let older = Outdated { after: watch.position(), ..older };
                self.needed(accounting::CATEGORY)?.becomes(Some(older)).await?;
            }
            Incident::FloodedQueue => {
                self.needed(product::CATEGORY)?.slowness().set(TOO_SLOW);
                self.set_traffic(Some(VISITS_MANY));
                return Ok(None);
            }
            Incident::PriceChanged => {
                self.set_traffic(Some(0));
                return self.reprice_mid_order().await.map(Some);
            }
            Incident::MissingIndex => {
                let file = self.database(order::CATEGORY)?;
                return Tampering::drop_index(file, INDEX).map(Undo::Database).map(Some);
            }
            Incident::TwoWriters => self.start_second_writer(end),
            Incident::ExpiredToken => self.call_with_expired_token(end)?,
        }
        self.set_traffic(Some(VISITS));
        Ok(None)
    }

    /// Ends what the drill does beside the shop, and what it did to the parts' clocks, versions and databases. The parts may be down.
    pub(super) async fn end_drill(&self) -> Option<On> {
        let on = sync::lock(&self.0.chosen).drill.take();
        if let Some(on) = &on {
            on.end.cancel();
        }
        let toys = &self.0.toys;
        toys.bus.cut(false);
        toys.disk.fill(false);
        for part in &toys.parts {
            part.skew().set(Duration::ZERO);
            if part.is_outdated()
                && let Err(error) = part.becomes(None).await
            {
                tracing::error!(part = part.name(), %error, "a part could not be started again in its own version; press \"End all faults\" to try once more");
            }
        }
        on
    }

    /// Undoes the rest, with all parts up.
    pub(super) async fn clear_up(&self, on: Option<On>) {
        let Some(On { drill, undo: Some(undo), .. }) = on else { return };
        let undone = match undo {
            Undo::Price { product, price } => self.set_price(product, price).await,
            Undo::Skip { stream } => self.skip(&stream).await,
            Undo::Database(tampering) => self.restore_database(tampering).await,
        };
        if let Err(error) = undone {
            tracing::error!(drill = drill.name, %error, "a drill left something behind: skip the event in the inbox, set the price right, or rebuild the order service's read model");
        }
    }

    /// The service that has the database is down meanwhile: while it makes slow changes, one after the other, no one else gets a turn.
    async fn restore_database(&self, tampering: Tampering) -> Result<(), String> {
        let service = self.needed(order::CATEGORY)?;
        service.kill().await;
        let undone = self.0.toys.deps.tasks.blocking(move || tampering.undo()).await;
        service.start().await.and(undone)
    }

    fn needed(&self, name: &str) -> Result<&Part, String> {
        self.part(name).ok_or_else(|| format!("this shop has no part {name}"))
    }

    fn database(&self, service: &str) -> Result<&std::path::Path, String> {
        let file = self.0.toys.databases.get(service).map(std::path::PathBuf::as_path);
        file.ok_or_else(|| {
            format!(
                "the read model of {service} is not in a file of its own, as this drill needs it"
            )
        })
    }
}
