//! Read your writes: remembers the highest position shown to each token's holder, so that the next response is no older.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard},
};

use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderValue},
};
use kernel::sync;
use lru::LruCache;
use web::HttpNames;

/// Tokens remembered, some 1 MiB. A client that is forgotten only loses the convenience: clients can send positions themselves.
const TOKENS_MAX: NonZeroUsize = NonZeroUsize::new(16 * 1024).expect("is not zero");

/// The highest position per token. Tokens are kept as hashes; two that collide would only wait a little longer.
pub(crate) struct Positions {
    by_token: Mutex<LruCache<u64, u64>>,
    names: HttpNames,
}

/// Whose positions a request carries on.
#[derive(Clone, Copy)]
pub(crate) struct Holder(u64);

impl Positions {
    pub(crate) fn new(names: HttpNames) -> Self {
        Self { by_token: Mutex::new(LruCache::new(TOKENS_MAX)), names }
    }

    // ANCHOR: carry
    /// Raises the position in a request to the highest its token's holder was shown.
    pub(crate) fn carry(&self, headers: &mut HeaderMap) -> Option<Holder> {
        let mut hasher = DefaultHasher::new();
        headers.get(AUTHORIZATION)?.as_bytes().hash(&mut hasher);
        let holder = Holder(hasher.finish());
        let shown = self.lock().get(&holder.0).copied();
        let given = headers.get(self.names.position()).map(position);
        match (shown, given) {
            // What is malformed is the service's to refuse.
            (None, _) | (_, Some(None)) => {}
            (Some(shown), Some(Some(given))) if given >= shown => {}
            (Some(shown), _) => {
                headers.insert(self.names.position(), HeaderValue::from(shown));
            }
        }
        Some(holder)
    }
    // ANCHOR_END: carry

    /// Remembers the position in an answer. Only a token that a service has `admitted` takes room here: made-up ones would push
    /// out the others.
    pub(crate) fn note(&self, holder: Holder, headers: &HeaderMap, admitted: bool) {
        let Some(position) = headers.get(self.names.position()).and_then(position) else { return };
        let mut shown = self.lock();
        if admitted {
            let highest = shown.get_or_insert_mut(holder.0, || position);
            *highest = position.max(*highest);
        } else if let Some(highest) = shown.get_mut(&holder.0) {
            *highest = position.max(*highest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<u64, u64>> {
        sync::lock(&self.by_token)
    }
}

fn position(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}
