//! The bus of a shop with a playground: any bus, wrapped in the faults of the worlds, which are counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use contracts::rest::playground::{MessageFault, Messages, Rates};
use faults::{BusDice, BusFault, FaultRates, FaultyTransport, Meddler};
use kernel::{EventId, Position, Recorded, sync};
use store::{Append, Appended, Transport};

/// Messages that are kept in mind until their outcome is known, of each kind.
const OPEN_MAX: usize = 100_000;

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
    /// Appends that were struck and have no answer yet, by their first events.
    unanswered: BTreeSet<(BusFault, EventId)>,
    /// Appends that came twice, each with the answers so far: where it is recorded, if it is.
    repeated: BTreeMap<EventId, Vec<Option<Position>>>,
    /// Of those, what was recorded in two places.
    twice: u64,
}

impl Meddler for Struck {
    fn struck(&self, fault: BusFault, event: Option<&Recorded>) {
        let mut counts = sync::lock(&self.0);
        *counts.times.entry(fault).or_default() += 1;
        if fault == BusFault::BroadcastLost
            && let Some(event) = event
            && counts.lost.len() < OPEN_MAX
        {
            counts.lost.insert(event.position);
        }
    }

    fn struck_append(&self, fault: BusFault, append: &Append) {
        let Some(id) = append.events.first().map(|event| event.id) else { return };
        let mut counts = sync::lock(&self.0);
        if fault == BusFault::RequestRepeated {
            if counts.repeated.len() < OPEN_MAX {
                counts.repeated.entry(id).or_default();
            }
        } else if counts.unanswered.len() < OPEN_MAX {
            counts.unanswered.insert((fault, id));
        }
    }

    fn answered(&self, append: &Append, answer: &Appended) {
        let mut counts = sync::lock(&self.0);
        if counts.unanswered.is_empty() && counts.repeated.is_empty() {
            return;
        }
        let Some(id) = append.events.first().map(|event| event.id) else { return };
        for fault in [BusFault::RequestLost, BusFault::RequestDelayed, BusFault::ReplyLost] {
            counts.unanswered.remove(&(fault, id));
        }
        counts.compare(id, recorded(answer));
    }
}

/// Where the first event of an append is recorded.
fn recorded(answer: &Appended) -> Option<Position> {
    match answer {
        Appended::Recorded { first, .. } => Some(*first),
        _ => None,
    }
}

impl Counts {
    /// Takes note of an answer to an append that came twice: both must name the same place, or none.
    fn compare(&mut self, id: EventId, recorded: Option<Position>) {
        let Some(answers) = self.repeated.get_mut(&id) else { return };
        answers.push(recorded);
        if let [first, other] = answers[..] {
            let is_twice = first.zip(other).is_some_and(|(first, other)| first != other);
            self.twice += u64::from(is_twice);
            self.repeated.remove(&id);
        }
    }

    /// How many messages that a fault struck have no known outcome yet.
    fn open(&self, fault: BusFault) -> u64 {
        let count = match fault {
            BusFault::BroadcastLost => self.lost.len(),
            BusFault::RequestRepeated => self.repeated.len(),
            fault => self.unanswered.iter().filter(|(of, _)| *of == fault).count(),
        };
        count as u64
    }

    fn messages(&self, fault: BusFault, times: u64) -> Messages {
        let twice = if fault == BusFault::RequestRepeated { self.twice } else { 0 };
        Messages { fault: told(fault), times, open: self.open(fault), twice }
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

    /// Every kind of fault that has happened, and its outcome.
    pub(super) fn counts(&self) -> Vec<Messages> {
        let counts = sync::lock(&self.struck.0);
        counts.times.iter().map(|(fault, times)| counts.messages(*fault, *times)).collect()
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

#[cfg(test)]
mod tests {
    use kernel::Version;
    use store::conformance::samples::append;

    use super::*;

    /// The one kind of fault that has happened: of how many the outcome is open, and how many were recorded twice.
    fn told(bus: &Bus) -> (u64, u64) {
        let counts = bus.counts();
        assert_eq!(counts.len(), 1, "{counts:?}");
        (counts[0].open, counts[0].twice)
    }

    fn recorded_at(position: u64) -> Appended {
        let at = Position(position);
        Appended::Recorded { first: at, last: at, version: Version(0), time: None }
    }

    #[test]
    fn an_append_that_was_struck_is_open_until_its_sender_has_an_answer() {
        for fault in [BusFault::RequestLost, BusFault::RequestDelayed, BusFault::ReplyLost] {
            let bus = Bus::around(Arc::new(store::Memory::new()));
            let [struck, other] = [1, 2].map(|id| append("order-1", None, &[id]));
            bus.struck.struck(fault, None);
            bus.struck.struck_append(fault, &struck);
            bus.struck.answered(&other, &recorded_at(1));
            assert_eq!(told(&bus), (1, 0), "{fault:?}");
            bus.struck.answered(&struck, &recorded_at(2));
            assert_eq!(told(&bus), (0, 0), "{fault:?}");
        }
    }

    #[test]
    fn an_append_that_came_twice_is_recorded_once_if_both_answers_name_one_place() {
        for (second, twice) in [(4, 0), (5, 1)] {
            let bus = Bus::around(Arc::new(store::Memory::new()));
            let repeated = append("order-1", None, &[1]);
            bus.struck.struck(BusFault::RequestRepeated, None);
            bus.struck.struck_append(BusFault::RequestRepeated, &repeated);
            bus.struck.answered(&repeated, &recorded_at(4));
            assert_eq!(told(&bus), (1, 0), "the other answer is still to come");
            bus.struck.answered(&repeated, &recorded_at(second));
            assert_eq!(told(&bus), (0, twice));
        }
    }
}
