//! Watches what the gateway cannot: the shoppers' website, and the gateway itself.

use std::{sync::Arc, time::Duration};

use futures_util::future::join;
use kernel::Clock;
use site::{Config, Website};
use tokio_util::sync::CancellationToken;
use web::watch::{Condition, Watch};

use crate::outage::Outage;

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What the watch calls the parts, and itself.
pub(crate) const STOREFRONT: &str = "storefront";
pub(crate) const GATEWAY: &str = "gateway";
const BACK_OFFICE: &str = "back office";

/// Looks at the parts whether or not a page is open. A cheap clone.
#[derive(Clone)]
pub struct Watcher(Arc<Inner>);

struct Inner {
    storefront: Website,
    gateway: Website,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    watch: Watch,
}

impl Watcher {
    /// Of the gateway of `config`, and of the storefront, if it is known where that is.
    #[must_use]
    pub fn new(config: &Config, storefront: Website) -> Self {
        Self(Arc::new(Inner {
            storefront,
            gateway: Website::at(Some(config.gateway.clone())),
            clock: Arc::clone(&config.clock),
            shutdown: config.shutdown.clone(),
            watch: Watch::of(BACK_OFFICE),
        }))
    }

    /// Looks again and again, until the back office shuts down.
    pub async fn run(self) {
        let looking = async {
            loop {
                self.look().await;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        self.0.shutdown.run_until_cancelled(looking).await;
    }

    /// What it knows, to be kept over a restart.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.0.watch
    }

    /// How both parts are now, each asked for a second at most.
    pub(crate) async fn look(&self) {
        let Inner { storefront, gateway, clock, shutdown, watch } = &*self.0;
        let answers = join(storefront.answers(), gateway.answers()).await;
        // In a shop that stops, parts leave one after the other, and nothing is wrong.
        if shutdown.is_cancelled() {
            return;
        }
        let parts = [(STOREFRONT, answers.0), (GATEWAY, answers.1)];
        let known = parts.into_iter().filter_map(|(part, answers)| Some((part, answers?)));
        let parts = known.map(|(part, answers)| {
            let silent = || Condition::away("It has not answered the back office for a second.");
            (part.to_owned(), if answers { Condition::ready() } else { silent() })
        });
        watch.look(parts, &**clock);
    }

    /// Whether it is known where the storefront is.
    pub(crate) fn watches_storefront(&self) -> bool {
        self.0.storefront.is_known()
    }

    /// What is wrong with a part now.
    pub(crate) fn outage(&self, part: &str) -> Option<Outage> {
        self.0.watch.outage(part).map(Outage::from)
    }

    /// What was wrong in the last day.
    pub(crate) fn timeline(&self) -> Vec<Outage> {
        self.0.watch.timeline().into_iter().map(Outage::from).collect()
    }
}
