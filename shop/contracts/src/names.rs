//! The shop's names that others see: on the bus, in HTTP, in metrics and in databases. Never change one, or change all at once.

/// The product, as it stands in titles; its headers begin with it.
pub const SYSTEM: &str = "Agora";
/// What the names of exchanges, queues, event types, metrics and traces begin with; also the database in MongoDB.
pub const PREFIX: &str = "agora";
/// The header of positions.
pub const POSITION: &str = "agora-position";
/// The header in which a client names the channel of an order. A header, because services of 0.1.0 pass over one they do not know, and
/// refuse a member of a body.
pub const CHANNEL: &str = "agora-channel";
/// The title of the problem that more is asked for than can be done in time.
pub const BUSY: &str = "The shop is busy";
/// The type of the problem that an order could not be answered in time: it was refused before anything was recorded.
pub const ORDERS_BUSY: &str = "/problems/orders-busy";
