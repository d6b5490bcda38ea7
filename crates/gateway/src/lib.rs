//! The gateway: one address for all services.
