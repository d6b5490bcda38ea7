//! Seeded worlds: the whole shop under faults, deterministic.
