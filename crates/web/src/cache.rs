//! Caches responses as bytes until anything they show has changed.

use std::{
    convert::Infallible,
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard},
};

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH},
};
use kernel::sync;
use lru::LruCache;
use serde::Serialize;

use super::{Problem, json::json_bytes};

/// Answers kept at most; the pages that many ask for are far fewer, odd searches come and go.
const ENTRIES_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("is not zero");

/// The longest query that is a key; longer ones are answered without the cache.
const KEY_BYTES_MAX: usize = 512;

/// Ready answers to GETs by path and query. An answer holds for one generation of what it was made from.
pub struct Cache {
    answers: Mutex<Answers>,
    size_bytes_max: usize,
}

struct Answers {
    by_query: LruCache<Box<str>, Kept>,
    size_bytes: usize,
}

#[derive(Clone)]
struct Kept {
    generation: u64,
    body: Bytes,
    etag: HeaderValue,
}

/// An extractor: what a GET asks for, as far as a cache needs to know it.
#[derive(Clone, Debug)]
pub struct Asked {
    key: Box<str>,
    known: Option<HeaderValue>,
}

impl Cache {
    /// A cache of at most `size_bytes_max` bytes of answers.
    #[must_use]
    pub fn new(size_bytes_max: usize) -> Self {
        let answers = Answers { by_query: LruCache::new(ENTRIES_MAX), size_bytes: 0 };
        Self { answers: Mutex::new(answers), size_bytes_max }
    }

    /// The answer kept for `generation`, or the one made now. Read the generation before reading what it counts.
    ///
    /// A client that names the answer it has (`If-None-Match`) gets 304 if it is still the same.
    pub async fn answer<T: Serialize>(
        &self,
        asked: &Asked,
        generation: u64,
        make: impl Future<Output = Result<T, Problem>>,
    ) -> Result<Response, Problem> {
        if let Some(kept) = self.kept(&asked.key, generation) {
            return Ok(kept.response(asked));
        }
        let body = serde_json::to_vec(&make.await?).map_err(Problem::internal)?;
        let kept = Kept { generation, etag: etag(&body), body: body.into() };
        self.keep(&asked.key, &kept);
        Ok(kept.response(asked))
    }

    fn kept(&self, key: &str, generation: u64) -> Option<Kept> {
        self.lock().by_query.get(key).filter(|kept| kept.generation == generation).cloned()
    }

    fn keep(&self, key: &str, kept: &Kept) {
        if key.len() > KEY_BYTES_MAX || size_bytes(key, kept) > self.size_bytes_max {
            return;
        }
        let mut answers = self.lock();
        answers.size_bytes += size_bytes(key, kept);
        if let Some((key, old)) = answers.by_query.push(key.into(), kept.clone()) {
            answers.size_bytes -= size_bytes(&key, &old);
        }
        while answers.size_bytes > self.size_bytes_max {
            let Some((key, old)) = answers.by_query.pop_lru() else { break };
            answers.size_bytes -= size_bytes(&key, &old);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        sync::lock(&self.answers)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.lock();
        write!(f, "Cache({} answers, {} bytes)", answers.by_query.len(), answers.size_bytes)
    }
}

impl Kept {
    fn response(self, asked: &Asked) -> Response {
        let mut response = if asked.known.as_ref() == Some(&self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            json_bytes(self.body)
        };
        response.headers_mut().insert(ETAG, self.etag);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let key = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self { key: key.into(), known: parts.headers.get(IF_NONE_MATCH).cloned() })
    }
}

/// Of the content, not of the generation: another instance counts its own.
fn etag(body: &[u8]) -> HeaderValue {
    let digest = blake3::hash(body).to_hex();
    let short = digest.get(..32).expect("a digest has 64 hex digits");
    HeaderValue::try_from(format!("\"{short}\"")).expect("hex digits are visible ASCII")
}

fn size_bytes(key: &str, kept: &Kept) -> usize {
    key.len() + kept.body.len()
}
