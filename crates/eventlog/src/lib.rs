//! The storage engine: an append-only, checksummed, hash-chained log.
