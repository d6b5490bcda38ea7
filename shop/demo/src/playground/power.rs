//! The power of the event store's disk, and with it of the machine that runs the shop: cut, and given back.

use std::time::Duration;

use contracts::rest::playground::Power;
use faults::{Dice, Part};
use futures_util::future::join_all;
use kernel::sync;

use super::{Inner, Playground, mend};

/// The power goes in one of so many changes of the disk from then on: in the middle of a write, or of a sync.
const CHANGES: u64 = 6;
/// If so little is written, it goes between two writes.
const LOOKS: u32 = 200;
const LOOK: Duration = Duration::from_millis(10);

impl Playground {
    /// Cuts the power in the middle of a write that the seed chooses. Every part dies with it; then the power is back, and they are started
    /// from what is left.
    pub(super) async fn cut_power(&self, seed: u64) {
        let Inner { toys, turn, .. } = &*self.0;
        let _turn = turn.lock().await;
        toys.disk.cut_power_in(Dice::new(seed).within(0..CHANGES));
        for _ in 0..LOOKS {
            if toys.disk.is_off() {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        toys.disk.cut_power();
        self.restore(seed).await;
    }

    /// Lets no cut that was asked for come any more, and gives the power back if it is away.
    pub(super) async fn keep_power(&self) {
        let Inner { toys, turn, chosen, .. } = &*self.0;
        let _turn = turn.lock().await;
        toys.disk.keep_power();
        if toys.disk.is_off() {
            let seed = sync::lock(chosen).seed;
            self.restore(seed).await;
        }
    }

    async fn restore(&self, seed: u64) {
        let Inner { toys, chosen, .. } = &*self.0;
        join_all(toys.parts.iter().map(Part::kill)).await;
        let restored = toys.disk.restore(seed);
        {
            let mut chosen = sync::lock(chosen);
            let power = chosen.power.get_or_insert_with(Power::default);
            power.cuts += 1;
            power.trouble = restored.as_ref().err().map(ToString::to_string);
            let loss = restored.unwrap_or_default();
            (power.lost, power.kept) = (power.lost + loss.lost, power.kept + loss.kept);
        }
        for part in &toys.parts {
            // The state of the part says why it cannot be started.
            let _state = mend(part).await;
        }
    }
}
