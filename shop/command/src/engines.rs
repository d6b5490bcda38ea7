//! Engines that need a server, each behind a feature of this command; an engine that is not built in is refused in one sentence.
//!
//! A shop in one process needs none of them, and is built in a fraction of the time.

#[cfg_attr(not(feature = "mongodb"), path = "engines/no_mongodb.rs")]
mod mongodb;
#[cfg_attr(not(feature = "rabbitmq"), path = "engines/no_rabbitmq.rs")]
mod rabbitmq;
#[cfg_attr(not(feature = "otlp"), path = "engines/no_traces.rs")]
mod traces;

pub(crate) use mongodb::{MongoStore, open_mongo};
pub(crate) use rabbitmq::{Broker, connect};
pub(crate) use traces::{Endpoint, spawn as spawn_exporter};

/// What keeps requests at the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Queues {
    /// One node: fast.
    #[default]
    Classic,
    /// A majority of nodes: survives the loss of one.
    Quorum,
}

/// Why an engine cannot be used, with the command that adds it.
pub(crate) fn left_out(engine: &str, feature: &str) -> String {
    runtime::model::left_out(engine, feature)
}
