//! The state of the shop under its faults, as a response.

use std::time::Duration;

use contracts::rest::playground::{self, PartState};
use faults::{Down, Part};
use kernel::{Position, sync};

use super::{Inner, Playground};

impl Playground {
    /// Everything that is known now: no part is asked, so that none can keep it from being told.
    pub(super) fn state(&self) -> playground::Playground {
        let Inner { toys, watch, chosen, .. } = &*self.0;
        let parts = toys.parts.iter().map(part).collect();
        let missing = toys.bus.missing(self.reached());
        let chosen = sync::lock(chosen);
        let sale = chosen.sale.as_ref();
        playground::Playground {
            seed: chosen.seed,
            playing: chosen.playing.as_ref().map(|(playing, _)| *playing),
            drill: chosen.drill.as_ref().map(|on| on.drill.name.to_owned()),
            rates: toys.bus.rates(),
            traffic: chosen.traffic,
            parts,
            promises: watch.promises(),
            broken: watch.broken(),
            messages: toys.bus.counts(),
            missing,
            orders: watch.orders(),
            power: chosen.power.clone(),
            sale: sale.map(|sold| sold.told(watch)),
        }
    }

    /// The last sale, as the log has it by now.
    pub(super) fn sale(&self) -> Option<playground::Sale> {
        let sold = sync::lock(&self.0.chosen).sale.clone();
        sold.map(|sold| sold.told(&self.0.watch))
    }

    /// Up to where every follower of every part has come; what a part that is down had reached counts no more.
    fn reached(&self) -> Position {
        let of_part = |part: &Part| match part.service() {
            None => Some(Position::START),
            // Work that ends has no position.
            Some(service) => service
                .followers
                .iter()
                .map(runtime::Progress::position)
                .filter(|position| *position > Position::START)
                .min(),
        };
        self.0.toys.parts.iter().filter_map(of_part).min().unwrap_or(Position::START)
    }
}

fn part(part: &Part) -> playground::Part {
    let (state, trouble) = match part.state() {
        faults::PartState::Up => (PartState::Up, None),
        faults::PartState::Frozen => (PartState::Frozen, None),
        faults::PartState::Down(Down::Stopped, trouble) => (PartState::Stopped, trouble),
        faults::PartState::Down(Down::Killed, trouble) => (PartState::Killed, trouble),
    };
    let slow_ms = millis(part.slowness().per_event());
    let ailing = ailing(part).map(str::to_owned);
    playground::Part { name: part.name().to_owned(), state, slow_ms, ailing, trouble }
}

fn ailing(part: &Part) -> Option<&'static str> {
    if part.is_outdated() {
        Some("Of an older version")
    } else if part.is_held() {
        Some("Some of its tasks are frozen")
    } else if !part.skew().behind().is_zero() {
        Some("Its clock is wrong")
    } else {
        None
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
