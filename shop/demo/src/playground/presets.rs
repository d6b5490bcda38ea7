//! Presets: groups of faults that are applied for a limited time.

use std::time::Duration;

use contracts::rest::playground::{Playing, Preset, Rates};
use kernel::sync;
use tokio_util::sync::CancellationToken;

use super::{Playground, sale};

/// Visits in a minute while a preset is played, so that there is something to see.
const VISITS: u32 = 240;
/// The same where the shop is to be under load.
const VISITS_MANY: u32 = 1500;
/// How often it is looked whether a sale is over.
const LOOK: Duration = Duration::from_millis(50);
/// A rate of always.
const ALWAYS: u16 = 1000;

/// What is reported of a flash sale that failed.
const NOT_HELD: &str = "The flash sale could not be held: a part of the shop is down or busy. End the faults, and hold it again.";

/// How long many people shop before the power goes.
fn loaded(lasts: Duration) -> Duration {
    lasts / 3
}

impl Playground {
    /// Plays a preset instead of whatever is being played. When it is over, all faults end.
    pub(super) async fn play(&self, preset: Preset, seed: u64, lasts: Duration) {
        self.heal().await;
        self.begin(seed);
        let end = CancellationToken::new();
        let now = self.now();
        let power_goes_at = (preset == Preset::PowerCut).then(|| now + loaded(lasts));
        let playing = Playing { preset, until: now + lasts, power_goes_at };
        sync::lock(&self.0.chosen).playing = Some((playing, end.clone()));
        let playground = self.clone();
        self.0.toys.deps.tasks.spawn_until_stopped("playground-preset", async move {
            let played = end.run_until_cancelled(playground.perform(preset, seed, lasts)).await;
            if played.is_some() {
                playground.heal().await;
            }
        });
    }

    async fn perform(&self, preset: Preset, seed: u64, lasts: Duration) {
        match preset {
            Preset::AccountingAway => {
                self.set_traffic(Some(VISITS));
                if let Some(accounting) = self.part(contracts::accounting::CATEGORY) {
                    accounting.kill().await;
                }
            }
            Preset::EverythingTwice => {
                let twice = Rates {
                    broadcast_repeated: ALWAYS,
                    request_repeated: ALWAYS,
                    ..Rates::default()
                };
                self.set_rates(twice);
                self.set_traffic(Some(VISITS));
            }
            Preset::PowerCut => {
                self.set_traffic(Some(VISITS_MANY));
                tokio::time::sleep(loaded(lasts)).await;
                if let Some((playing, _)) = &mut sync::lock(&self.0.chosen).playing {
                    playing.power_goes_at = None;
                }
                self.cut_power(seed).await;
                tokio::time::sleep(lasts.saturating_sub(loaded(lasts))).await;
                return;
            }
            Preset::LastUnit => {
                // However it goes, it has no longer than other presets.
                let _over = tokio::time::timeout(lasts, self.last_unit(seed)).await;
                return;
            }
        }
        tokio::time::sleep(lasts).await;
    }

    /// The sale of the last unit, from a calm beginning to its end: while the shop is busy, both might be turned away.
    async fn last_unit(&self, seed: u64) {
        self.set_traffic(Some(0));
        while self.0.watch.orders().open > 0 {
            tokio::time::sleep(LOOK).await;
        }
        // A preset goes on without it; the log says why.
        let _told = self.hold_sale(2, 1, seed).await;
        while self.sale().is_some_and(|sale| sale.open > 0) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Holds a flash sale, and keeps what comes of it. Other sample customers pause from then on: they would buy as well, and have what runs
    /// out delivered.
    pub(super) async fn hold_sale(
        &self,
        shoppers: u32,
        units: u32,
        seed: u64,
    ) -> Result<(), &'static str> {
        self.set_traffic(Some(0));
        match sale::hold(self.0.toys.demo.shop(), shoppers, units, seed).await {
            Ok(sold) => {
                sync::lock(&self.0.chosen).sale = sold;
                Ok(())
            }
            Err(refused) => {
                tracing::warn!(%refused, "{NOT_HELD}");
                Err(NOT_HELD)
            }
        }
    }
}
