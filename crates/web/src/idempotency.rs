//! Identifies retries of a request: ids that follow from what the client sent, so that the same request has the same ones.

use kernel::Idempotency;
use uuid::Uuid;

/// The request header that carries the client's key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The id of what a request creates: the same whenever the same request comes again.
#[must_use]
pub fn derived_id(idempotency: &Idempotency) -> Uuid {
    digest("created", &[idempotency.key.as_bytes()])
}

/// A `UUIDv8` over parts that cannot run into each other, each kind of id in a domain of its own.
pub(super) fn digest(domain: &str, parts: &[&[u8]]) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("agora chassis idempotency v1");
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
