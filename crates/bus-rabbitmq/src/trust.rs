//! Which messages to trust. The broker checks who may write to an exchange, and under which routing key; everything else that a
//! message says about its sender is only a claim.
//!
//! A sender may add routing keys (`CC`), and have a message passed on from a queue of its own under any key (dead-lettering). So
//! the key that counts is the delivery's own, and a message that was ever dead-lettered is not trusted.

use lapin::{message::Delivery, types::ShortString};

use super::Names;
use crate::{wire, wire::Malformed, wire::Wire};
use store::{Announcement, Append, Read};

/// What appends are bound by, each under the category of its stream.
pub(super) const APPENDS: &str = "append.#";
/// The routing key of reads.
pub(super) const READS: &str = "read";
/// The categories of the streams in which reactors note how far they are, and in which decisions about inboxes are recorded: each stream is its
/// own service's.
const OWN: [&str; 2] = ["reactor", "inbox"];
/// What the broker adds to a message that it took from one queue to pass it on to another.
const DEATH: &str = "x-death";

/// A request whose routing key names what it requests.
pub(super) trait Keyed {
    fn key(&self) -> String;
}

impl Keyed for Append {
    fn key(&self) -> String {
        let mut key = format!("append.{}", self.stream.category());
        if OWN.contains(&self.stream.category()) {
            key = format!("{key}.{}", self.stream.id());
        }
        // Names are ASCII.
        key.truncate(wire::KEY_BYTES_MAX);
        key
    }
}

impl Keyed for Read {
    fn key(&self) -> String {
        READS.to_owned()
    }
}

/// A request, if the broker has checked that its sender may ask for that.
///
/// A message sent to the queue itself comes from a user that may write to every queue.
pub(super) fn decode<Q: Keyed + Wire>(request: &Delivery, names: &Names) -> Result<Q, Malformed> {
    let question = Q::decode(&request.data, names)?;
    straight(request)?;
    let (exchange, key) = (request.exchange.as_str(), request.routing_key.as_str());
    let allowed = question.key();
    if exchange.is_empty() || (exchange == &*names.requests && key == allowed) {
        return Ok(question);
    }
    Err(Malformed::because(&format_args!(
        "this request needs the routing key {allowed} at {}",
        names.requests
    )))
}

/// An announcement speaks for the service that its routing key names.
pub(super) fn own_name(key: &str, announcement: &Announcement) -> Result<(), Malformed> {
    if key == wire::service_key(&announcement.name) {
        return Ok(());
    }
    Err(Malformed::because(&format_args!(
        "{} is announced under the routing key of {}",
        announcement.name,
        wire::service_of(key).unwrap_or(key)
    )))
}

/// Came from its sender without passing through another queue.
pub(super) fn straight(delivery: &Delivery) -> Result<(), Malformed> {
    let headers = delivery.properties.headers().as_ref();
    if headers.is_some_and(|headers| headers.contains_key(DEATH)) {
        return Err(Malformed::because(&"it was dead-lettered from another queue"));
    }
    Ok(())
}

/// The reply address. Never one of the system's own queues: what we send there would be trusted as ours.
pub(super) fn way_back<'a>(request: &'a Delivery, names: &Names) -> Option<&'a ShortString> {
    request.properties.reply_to().as_ref().filter(|queue| !names.is_own(queue.as_str()))
}
