//! A bus that loses, repeats, delays and reorders messages, driven by a seed.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kernel::{Recorded, sync};
use runtime::Tasks;
use store::{
    Append, Appended, Link, Memory, Message, NoReply, Page, Read, Receiver, Requests, Topic,
    Transport,
};

pub use self::fate::BusDice;
use self::fate::Fate;
use crate::Dice;

mod fate;
#[cfg(test)]
mod tests;

/// How often what goes wrong on the bus, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// Of recorded events on their way to subscribers.
    pub broadcast_lost: u16,
    /// Of the same, delivered twice.
    pub broadcast_repeated: u16,
    /// Of the same, delivered late.
    pub broadcast_delayed: u16,
    /// Of groups of events.
    pub broadcast_reordered: u16,
    /// Of questions to the event store, and of its answers.
    pub request_lost: u16,
    /// Of the same, delivered late.
    pub request_delayed: u16,
    /// Of appends.
    pub request_repeated: u16,
    /// Of the answers to appends and reads.
    pub reply_lost: u16,
}

impl FaultRates {
    /// Everything goes wrong, now and then.
    pub const STORM: Self = Self {
        broadcast_lost: 100,
        broadcast_repeated: 100,
        broadcast_delayed: 100,
        broadcast_reordered: 200,
        request_lost: 30,
        request_delayed: 100,
        request_repeated: 50,
        reply_lost: 30,
    };
}

/// What went wrong on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusFault {
    /// A recorded event did not reach the subscribers.
    BroadcastLost,
    /// It reached them a second time.
    BroadcastRepeated,
    /// It reached them late.
    BroadcastDelayed,
    /// Events recorded together reached them in the wrong order.
    BroadcastReordered,
    /// The event store did not get a request.
    RequestLost,
    /// It got it late.
    RequestDelayed,
    /// It got an append a second time.
    RequestRepeated,
    /// Its reply was lost.
    ReplyLost,
}

/// Watches a bus, and may spoil what passes: how a test counts faults and plants bugs. By default it does neither.
pub trait Meddler: Send + Sync {
    /// Called for every fault, with the event affected if it was being delivered to subscribers.
    fn struck(&self, _fault: BusFault, _event: Option<&Recorded>) {}

    /// Called, in addition, for every append that a fault affected.
    fn struck_append(&self, _fault: BusFault, _append: &Append) {}

    /// Called for every reply to an append that its sender receives, including replies to a repeated append.
    fn answered(&self, _append: &Append, _answer: &Appended) {}

    /// Whether an event never arrives at subscribers.
    fn withholds(&self, _event: &Recorded) -> bool {
        false
    }

    /// What an append becomes before the event store sees it; none if it is answered with this error.
    fn append(&self, append: Append) -> Result<Append, NoReply> {
        Ok(append)
    }

    /// What a page becomes before the one who asked sees it; the request times out on an error.
    fn page(&self, _read: &Read, page: Page) -> Result<Page, NoReply> {
        Ok(page)
    }
}

/// Leaves everything as it is.
struct Honest;

impl Meddler for Honest {}

/// A transport, with faults at given rates.
pub struct FaultyTransport {
    calm: Arc<dyn Transport>,
    dice: BusDice,
    rates: Mutex<FaultRates>,
    is_cut: AtomicBool,
    meddler: Arc<dyn Meddler>,
    /// Carries what arrives later.
    tasks: Tasks,
}

impl FaultyTransport {
    /// A reliable bus in memory, all of whose chance comes from `dice`.
    #[must_use]
    pub fn new(dice: Dice) -> Self {
        Self::with(dice, Honest)
    }

    /// The same with a meddler on it.
    #[must_use]
    pub fn with(dice: Dice, meddler: impl Meddler + 'static) -> Self {
        let dice = BusDice::of(dice);
        Self::around(Arc::new(Memory::new()), dice, meddler)
    }

    /// Any bus, reliable as long as no rates are set.
    #[must_use]
    pub fn around(
        calm: Arc<dyn Transport>,
        dice: BusDice,
        meddler: impl Meddler + 'static,
    ) -> Self {
        let (rates, is_cut, tasks) = (Mutex::default(), AtomicBool::default(), Tasks::inline());
        Self { calm, dice, rates, is_cut, meddler: Arc::new(meddler), tasks }
    }

    /// Changes the rates of faults from now on.
    pub fn set_rates(&self, rates: FaultRates) {
        *sync::lock(&self.rates) = rates;
    }

    /// The rates as they are set.
    pub fn rates(&self) -> FaultRates {
        *sync::lock(&self.rates)
    }

    /// Cuts the bus off, or joins it again: meanwhile nothing is published, and requests find no server.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::Relaxed);
    }

    /// Whether it is cut off.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// How the next event reaches subscribers.
    fn fate(&self, event: &Recorded) -> Fate {
        let rates = self.rates();
        let fate = self.dice.fate(&rates);
        let struck = |happens: bool, fault| {
            if happens {
                self.meddler.struck(fault, Some(event));
            }
        };
        struck(fate.is_lost, BusFault::BroadcastLost);
        struck(fate.again.is_some(), BusFault::BroadcastRepeated);
        struck(fate.late.is_some(), BusFault::BroadcastDelayed);
        fate
    }

    /// Whether a request is struck, which may be an append.
    fn strikes(&self, per_mille: u16, fault: BusFault, append: Option<&Append>) -> bool {
        let happens = self.dice.strikes_request(per_mille);
        if happens {
            self.meddler.struck(fault, None);
            if let Some(append) = append {
                self.meddler.struck_append(fault, append);
            }
        }
        happens
    }

    fn pause(&self, below: u64) -> Duration {
        self.dice.pause(below)
    }

    /// Delivers a message after a while.
    fn later(&self, message: Message, pause: Duration) {
        let calm = Arc::clone(&self.calm);
        self.tasks.spawn("late message", async move {
            tokio::time::sleep(pause).await;
            calm.publish(message).await;
        });
    }

    async fn on_the_way(&self, append: Option<&Append>, timeout: Duration) -> Result<(), NoReply> {
        if self.is_cut() {
            return Err(NoReply::Unreachable);
        }
        let rates = self.rates();
        if self.strikes(rates.request_lost, BusFault::RequestLost, append) {
            tokio::time::sleep(timeout).await;
            return Err(NoReply::TimedOut);
        }
        if self.strikes(rates.request_delayed, BusFault::RequestDelayed, append) {
            tokio::time::sleep(self.pause(500)).await;
        }
        Ok(())
    }

    async fn on_the_way_back<A>(
        &self,
        answer: A,
        append: Option<&Append>,
        timeout: Duration,
    ) -> Result<A, NoReply> {
        if self.is_cut() {
            return Err(NoReply::Lost);
        }
        if self.strikes(self.rates().reply_lost, BusFault::ReplyLost, append) {
            tokio::time::sleep(timeout).await;
            return Err(NoReply::TimedOut);
        }
        Ok(answer)
    }
}

#[async_trait]
impl Transport for FaultyTransport {
    async fn subscribe(&self, topic: Topic) -> Receiver {
        self.calm.subscribe(topic).await
    }

    async fn publish(&self, message: Message) {
        if self.is_cut() {
            return;
        }
        let Message::Recorded(batch) = message else { return self.calm.publish(message).await };
        let arriving = batch.iter().filter(|event| !self.meddler.withholds(event));
        let fated = |event: &Arc<Recorded>| (Arc::clone(event), self.fate(event));
        let mut events: Vec<_> = arriving.map(fated).collect();
        if events.len() > 1 && self.dice.reorders(self.rates().broadcast_reordered) {
            self.meddler.struck(BusFault::BroadcastReordered, None);
            events.reverse();
        }
        for (event, Fate { is_lost, again, late }) in events {
            let message = Message::Recorded(Arc::from(vec![event]));
            if is_lost {
                continue;
            }
            if let Some(pause) = again {
                self.later(message.clone(), pause);
            }
            match late {
                Some(pause) => self.later(message, pause),
                None => self.calm.publish(message).await,
            }
        }
    }

    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply> {
        self.on_the_way(Some(&append), timeout).await?;
        let append = self.meddler.append(append)?;
        let rates = self.rates();
        if self.strikes(rates.request_repeated, BusFault::RequestRepeated, Some(&append)) {
            let (calm, again, pause) = (Arc::clone(&self.calm), append.clone(), self.pause(2000));
            let meddler = Arc::clone(&self.meddler);
            self.tasks.spawn("repeated request", async move {
                tokio::time::sleep(pause).await;
                if let Ok(answer) = calm.append(again.clone(), timeout).await {
                    meddler.answered(&again, &answer);
                }
            });
        }
        let answer = self.calm.append(append.clone(), timeout).await?;
        let answer = self.on_the_way_back(answer, Some(&append), timeout).await?;
        self.meddler.answered(&append, &answer);
        Ok(answer)
    }

    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply> {
        self.on_the_way(None, timeout).await?;
        let page = self.calm.read(read.clone(), timeout).await?;
        let page = self.meddler.page(&read, page);
        if page.is_err() {
            tokio::time::sleep(timeout).await;
        }
        self.on_the_way_back(page?, None, timeout).await
    }

    async fn serve_appends(&self) -> Requests<Append, Appended> {
        self.calm.serve_appends().await
    }

    async fn serve_reads(&self) -> Requests<Read, Page> {
        self.calm.serve_reads().await
    }

    fn link(&self) -> Link {
        let link = self.calm.link();
        Link { connected: link.connected && !self.is_cut(), ..link }
    }
}
