//! The event bus: one port, its contract, and the transports behind it.
