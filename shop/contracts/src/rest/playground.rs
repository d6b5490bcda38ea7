//! Answers about the playground: the faults that are injected into a running sample shop, and their effects.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The shop under faults, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Playground {
    /// From which all chance comes.
    pub seed: u64,
    /// What is being played, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playing: Option<Playing>,
    /// The drill that is on, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
    pub rates: Rates,
    /// Visits of sample customers in a minute; none if they come as they do without faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<u32>,
    pub parts: Vec<Part>,
    pub promises: Vec<Promise>,
    /// Broken promises, in words: the first of them.
    pub broken: Vec<String>,
    /// What went wrong on the bus since the start.
    pub messages: Vec<Messages>,
    /// Lost broadcasts that some follower has not made up for yet.
    pub missing: u64,
    pub orders: Orders,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale: Option<Sale>,
}

/// Something prepared to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Preset {
    /// The accounting service is killed, and started again a minute later.
    AccountingAway,
    /// Every message arrives twice.
    EverythingTwice,
    /// The power of the event store's disk is cut while many people shop.
    PowerCut,
    /// Two shoppers want the last unit at the same moment.
    LastUnit,
}

/// A preset under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Playing {
    pub preset: Preset,
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// With `PowerCut`: when the power is to go, until it has gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub power_goes_at: Option<Timestamp>,
}

/// How often what goes wrong on the bus, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", default)]
pub struct Rates {
    pub broadcast_lost: u16,
    pub broadcast_repeated: u16,
    pub broadcast_delayed: u16,
    pub broadcast_reordered: u16,
    pub request_lost: u16,
    pub request_repeated: u16,
    pub request_delayed: u16,
    pub reply_lost: u16,
}

impl Rates {
    /// All of them.
    #[must_use]
    pub fn each(self) -> [u16; 8] {
        [
            self.broadcast_lost,
            self.broadcast_repeated,
            self.broadcast_delayed,
            self.broadcast_reordered,
            self.request_lost,
            self.request_repeated,
            self.request_delayed,
            self.reply_lost,
        ]
    }
}

/// A service, or the event store, under faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Part {
    pub name: String,
    pub state: PartState,
    /// How long it takes over each event; 0 if it is as fast as it can be.
    pub slow_ms: u64,
    /// What else is wrong with it, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ailing: Option<String>,
    /// Why it could not be started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PartState {
    Up,
    Frozen,
    Stopped,
    Killed,
}

/// Two ways to count the same thing in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Promise {
    pub about: About,
    pub left: i64,
    pub right: i64,
    /// Whether they are sums of money, in the smallest unit of the currency.
    pub money: bool,
    /// Whether no event of the log has ever broken it.
    pub holds: bool,
}

/// What a promise is about, and what stands on its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum About {
    /// Credit granted; left and spent.
    Money,
    /// Units received; on hand and sold.
    Stock,
    /// Events; the last one's position.
    Log,
    /// Orders finalized; invoices issued and to come.
    Orders,
}

/// A kind of fault of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum MessageFault {
    BroadcastLost,
    BroadcastRepeated,
    BroadcastDelayed,
    BroadcastReordered,
    RequestLost,
    RequestRepeated,
    RequestDelayed,
    ReplyLost,
}

/// How often a fault of the bus happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Messages {
    pub fault: MessageFault,
    pub times: u64,
    /// How many have no known outcome yet: events that a follower still lacks, and appends that have no answer yet, or
    /// only one of two. Reads are not among them: they change nothing, and are asked again.
    #[serde(default)]
    pub open: u64,
    /// How many were recorded a second time, which none may be.
    #[serde(default)]
    pub twice: u64,
}

/// The orders of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Orders {
    pub finalized: u64,
    pub denied: u64,
    pub open: u64,
    /// When the one was placed that has been open for longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Timestamp>,
    /// For which services the open ones wait; one may wait for two.
    pub awaited: Vec<Awaited>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Awaited {
    pub service: String,
    pub orders: u64,
}

/// The power of the event store's disk: how often it was cut, and what was lost with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Power {
    pub cuts: u64,
    /// Sectors that were written, not synced, and lost.
    pub lost: u64,
    /// Sectors that were there without having been synced.
    pub kept: u64,
    /// Why it could not be given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// The last flash sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Sale {
    pub product_id: Uuid,
    pub product: String,
    pub units: u32,
    pub shoppers: u32,
    /// Orders that were finalized, denied, and are still open.
    pub sold: u64,
    pub denied: u64,
    pub open: u64,
    /// Shoppers who were refused before an order was recorded.
    pub turned_away: u64,
}
