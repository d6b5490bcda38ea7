//! The people of the shop as actors of events: `customer:ID` and `manager:ID`.

use kernel::Actor;
use uuid::Uuid;

/// The customer with this id.
#[must_use]
pub fn customer(id: Uuid) -> Actor {
    person("customer", id)
}

/// The manager with this id.
#[must_use]
pub fn manager(id: Uuid) -> Actor {
    person("manager", id)
}

fn person(kind: &str, id: Uuid) -> Actor {
    Actor::of(kind, &id.to_string()).expect("both kinds are well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_written_as_in_every_log_since_the_first() {
        let id = Uuid::from_u128(0xa60a_0000_0000_0000_0000_0000_0000_000b);
        assert_eq!(customer(id).to_string(), "customer:a60a0000-0000-0000-0000-00000000000b");
        assert_eq!(manager(id).to_string(), "manager:a60a0000-0000-0000-0000-00000000000b");
    }
}
