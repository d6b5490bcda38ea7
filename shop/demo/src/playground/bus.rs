//! The bus of a shop with a playground: any bus, wrapped in the faults of the worlds, which are counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use contracts::rest::playground::{MessageFault, Messages, Rates};
use faults::{BusDice, BusFault, FaultRates, FaultyTransport, Meddler};
use kernel::{Position, Recorded, sync};
use store::Transport;

/// Lost broadcasts that are kept in mind until all followers have made up for them.
const LOST_MAX: usize = 100_000;

/// A bus that can fail. Clones are the same bus.
#[derive(Clone)]
pub struct Bus {
    calm: Arc<dyn Transport>,
    faulty: Arc<FaultyTransport>,
    dice: BusDice,
    struck: Struck,
}

/// What went wrong so far.
#[derive(Clone, Default)]
struct Struck(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    times: BTreeMap<BusFault, u64>,
    lost: BTreeSet<Position>,
}

impl Meddler for Struck {
    fn struck(&self, fault: BusFault, event: Option<&Recorded>) {
        let mut counts = sync::lock(&self.0);
        *counts.times.entry(fault).or_default() += 1;
        if fault == BusFault::BroadcastLost
            && let Some(event) = event
            && counts.lost.len() < LOST_MAX
        {
            counts.lost.insert(event.position);
        }
    }
}

impl Bus {
    /// The same bus, reliable as long as no rates are set.
    #[must_use]
    pub fn around(calm: Arc<dyn Transport>) -> Self {
        let (dice, struck) = (BusDice::new(0), Struck::default());
        let faulty = FaultyTransport::around(Arc::clone(&calm), dice.clone(), struck.clone());
        Self { calm, faulty: Arc::new(faulty), dice, struck }
    }

    /// As the shop uses it.
    #[must_use]
    pub fn faulty(&self) -> Arc<dyn Transport> {
        self.faulty.clone()
    }

    /// The same without faults.
    #[must_use]
    pub fn calm(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.calm)
    }

    pub(super) fn reseed(&self, seed: u64) {
        self.dice.reseed(seed);
    }

    /// Cuts it off, or joins it again; the calm one stays as it is.
    pub(super) fn cut(&self, is_cut: bool) {
        self.faulty.cut(is_cut);
    }

    pub(super) fn set_rates(&self, rates: Rates) {
        self.faulty.set_rates(FaultRates {
            broadcast_lost: rates.broadcast_lost,
            broadcast_repeated: rates.broadcast_repeated,
            broadcast_delayed: rates.broadcast_delayed,
            broadcast_reordered: rates.broadcast_reordered,
            request_lost: rates.request_lost,
            request_repeated: rates.request_repeated,
            request_delayed: rates.request_delayed,
            reply_lost: rates.reply_lost,
        });
    }

    pub(super) fn rates(&self) -> Rates {
        let rates = self.faulty.rates();
        Rates {
            broadcast_lost: rates.broadcast_lost,
            broadcast_repeated: rates.broadcast_repeated,
            broadcast_delayed: rates.broadcast_delayed,
            broadcast_reordered: rates.broadcast_reordered,
            request_lost: rates.request_lost,
            request_repeated: rates.request_repeated,
            request_delayed: rates.request_delayed,
            reply_lost: rates.reply_lost,
        }
    }

    /// Every kind of fault that has happened.
    pub(super) fn counts(&self) -> Vec<Messages> {
        let counts = sync::lock(&self.struck.0);
        counts
            .times
            .iter()
            .map(|(fault, times)| Messages { fault: told(*fault), times: *times })
            .collect()
    }

    /// How many lost broadcasts some follower still lacks, if all are as far as `reached`.
    pub(super) fn missing(&self, reached: Position) -> u64 {
        let mut counts = sync::lock(&self.struck.0);
        counts.lost = counts.lost.split_off(&reached.next());
        counts.lost.len() as u64
    }
}

fn told(fault: BusFault) -> MessageFault {
    match fault {
        BusFault::BroadcastLost => MessageFault::BroadcastLost,
        BusFault::BroadcastRepeated => MessageFault::BroadcastRepeated,
        BusFault::BroadcastDelayed => MessageFault::BroadcastDelayed,
        BusFault::BroadcastReordered => MessageFault::BroadcastReordered,
        BusFault::RequestLost => MessageFault::RequestLost,
        BusFault::RequestRepeated => MessageFault::RequestRepeated,
        BusFault::RequestDelayed => MessageFault::RequestDelayed,
        BusFault::ReplyLost => MessageFault::ReplyLost,
    }
}
