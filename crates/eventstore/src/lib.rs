//! The event store service: conditional appends, reads and broadcasts over a store.
