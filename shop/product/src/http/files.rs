//! Recently read files of pictures, within a bound, and turns for reading others from the log.

use std::{
    borrow::Cow,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use contracts::picture::{Hash, Kind};
use kernel::sync;
use lru::LruCache;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};
use web::Problem;

/// Bytes of files kept: the pictures of some pages of the catalogue. Browsers keep their own for good.
const BYTES_MAX: usize = 8 * 1024 * 1024;
const FILES_MAX: NonZeroUsize = NonZeroUsize::new(1024).expect("is not zero");

/// Files read from the log at once, so that reads by which commands are decided never wait behind them.
const READS_MAX: usize = 4;
/// How long to wait for a turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// When to ask again after that.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A file of a picture.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) kind: Kind,
    pub(crate) bytes: Bytes,
}

/// The files.
#[derive(Debug)]
pub(crate) struct Files {
    kept: Mutex<Kept>,
    turns: Semaphore,
}

#[derive(Debug)]
struct Kept {
    by_hash: LruCache<Hash, File>,
    size_bytes: usize,
}

impl Files {
    pub(crate) fn kept(&self, hash: Hash) -> Option<File> {
        self.lock().by_hash.get(&hash).cloned()
    }

    pub(crate) fn keep(&self, hash: Hash, file: &File) {
        let mut kept = self.lock();
        kept.size_bytes += file.bytes.len();
        if let Some((_, old)) = kept.by_hash.push(hash, file.clone()) {
            kept.size_bytes -= old.bytes.len();
        }
        while kept.size_bytes > BYTES_MAX {
            let Some((_, old)) = kept.by_hash.pop_lru() else { break };
            kept.size_bytes -= old.bytes.len();
        }
    }

    /// Waits until a file may be read from the log.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        match tokio::time::timeout(PATIENCE, self.turns.acquire()).await {
            Ok(turn) => turn.map_err(Problem::internal),
            Err(_) => {
                Err(Problem::busy(RETRY_AFTER, "Too many pictures at once; try again in a second."))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        sync::lock(&self.kept)
    }
}

impl Default for Files {
    fn default() -> Self {
        let kept = Kept { by_hash: LruCache::new(FILES_MAX), size_bytes: 0 };
        Self { kept: Mutex::new(kept), turns: Semaphore::new(READS_MAX) }
    }
}

impl PartialSchema for File {
    fn schema() -> RefOr<Schema> {
        let bytes = ObjectBuilder::new().schema_type(Type::String);
        bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).into()
    }
}

impl ToSchema for File {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("File")
    }
}
