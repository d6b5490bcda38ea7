//! The names of a system at the broker and in messages: all begin with one prefix.

use std::sync::Arc;

use kernel::EventType;

/// The longest prefix.
const PREFIX_MAX: usize = 40;

/// The names of one system. Two systems with different prefixes share a virtual host without receiving each other's messages.
///
/// They are separated, not protected from each other: to forbid writing to another system's queues, use a user without that right,
/// or another virtual host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The topic exchange for broadcasts.
    pub events: Arc<str>,
    /// The topic exchange for batches of events, apart from single events: a consumer of all events need not receive them twice.
    pub batches: Arc<str>,
    /// The topic exchange for announcements: each service may write its own routing key.
    pub services: Arc<str>,
    /// The topic exchange for requests. Routing keys say what is requested, so that the broker can check who may.
    pub requests: Arc<str>,
    /// The queue of appends.
    pub append: Arc<str>,
    /// The queue of reads.
    pub read: Arc<str>,
    /// The queue of requests that cannot be answered.
    pub dead_letters: Arc<str>,
    prefix: Arc<str>,
}

/// A text that cannot be a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot begin the names at a broker: give 1 to 40 lower-case letters, digits and hyphens"
)]
pub struct BadPrefix(String);

impl Names {
    /// The names that begin with `prefix`: 1 to 40 lower-case letters, digits and hyphens.
    ///
    /// ```
    /// let names = bus_rabbitmq::Names::new("bank")?;
    /// assert_eq!(&*names.events, "bank.events");
    /// # Ok::<_, bus_rabbitmq::BadPrefix>(())
    /// ```
    pub fn new(prefix: &str) -> Result<Self, BadPrefix> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if prefix.is_empty() || prefix.len() > PREFIX_MAX || !prefix.bytes().all(plain) {
            return Err(BadPrefix(prefix.chars().take(2 * PREFIX_MAX).collect()));
        }
        let of = |name: &str| format!("{prefix}.{name}").into();
        Ok(Self {
            events: of("events"),
            batches: of("batches"),
            services: of("services"),
            requests: of("requests"),
            append: of("eventstore.append"),
            read: of("eventstore.read"),
            dead_letters: of("dead-letters"),
            prefix: prefix.into(),
        })
    }

    /// The `source` of events of a category, such as `/bank/account`.
    pub(crate) fn source(&self, category: &str) -> String {
        format!("/{}/{category}", self.prefix)
    }

    /// The `type` of an event, such as `bank.account.opened`, unique to the system.
    pub(crate) fn event_type(&self, kind: &EventType) -> String {
        format!("{}.{}", self.prefix, kind.as_str())
    }

    /// The event type without the prefix; none if it is another system's.
    pub(crate) fn own<'a>(&self, event_type: &'a str) -> Option<&'a str> {
        event_type.strip_prefix(&*self.prefix)?.strip_prefix('.')
    }

    /// The `dataschema` of an event: type and schema number, such as `urn:bank:account.opened:1`.
    #[must_use]
    pub fn dataschema(&self, kind: &EventType, schema: u32) -> String {
        format!("urn:{}:{}:{schema}", self.prefix, kind.as_str())
    }

    /// The prefix of all of the system's queues.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether a queue is one of the system's own.
    pub(crate) fn is_own(&self, queue: &str) -> bool {
        self.own(queue).is_some()
    }
}

impl Default for Names {
    /// Those that begin with `app`.
    fn default() -> Self {
        Self::new("app").expect("it is well-formed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plain_word() {
        for bad in ["", "a.b", "Bank", "a b", "ü", "#", &"a".repeat(41)] {
            assert!(Names::new(bad).is_err(), "{bad:?}");
        }
        let names = Names::new("bank-2").expect("well-formed");
        assert!(names.is_own("bank-2.eventstore.append"));
        assert!(!names.is_own("bank-23.eventstore.append") && !names.is_own("bank-2"));
    }
}
