//! What the writer, the readers and the maintenance of one open log have in common.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::files::Files;
use crate::hash::{Hash, Mark, StreamHasher};
use crate::heads::Heads;
use crate::segment::Segment;

/// ```text
/// writer ── publishes a durable batch ──▶ the last segment's index and end ──▶ heads ──▶ head ──▶ readers
/// maintenance ── swaps a sealed segment's index in memory for the one on disk
/// ```
///
/// Every lock is held for memory work alone, but for a search in an index on disk.
pub(crate) struct Shared {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: PathBuf,
    pub(crate) salt: [u8; 16],
    pub(crate) hasher: StreamHasher,
    /// Held by who writes an index.
    pub(crate) maintenance: Mutex<()>,
    /// In order; the last one is written to, all others are sealed.
    segments: RwLock<Arc<Vec<Arc<Segment>>>>,
    heads: RwLock<Heads>,
    head: AtomicU64,
    mark: Mutex<Mark>,
}

impl Shared {
    pub(crate) fn new(
        files: Arc<dyn Files>,
        dir: PathBuf,
        segments: Vec<Arc<Segment>>,
        heads: Heads,
        head: u64,
    ) -> Self {
        let salt = segments.first().expect("a log has at least one segment").header.salt;
        Self {
            files,
            dir,
            salt,
            hasher: StreamHasher::new(&salt),
            maintenance: Mutex::new(()),
            segments: RwLock::new(Arc::new(segments)),
            heads: RwLock::new(heads),
            head: AtomicU64::new(head),
            mark: Mutex::new(Mark { position: 0, hash: Hash::ZERO }),
        }
    }

    /// The segments there are. Whatever is not last in this list has reached its end for good.
    pub(crate) fn segments(&self) -> Arc<Vec<Arc<Segment>>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add_segment(&self, segment: Arc<Segment>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut segments).push(segment);
    }

    pub(crate) fn heads(&self) -> RwLockReadGuard<'_, Heads> {
        self.heads.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn heads_mut(&self) -> RwLockWriteGuard<'_, Heads> {
        self.heads.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last durable batch's end.
    pub(crate) fn mark(&self) -> Mark {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_mark(&self, mark: Mark) {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
    }

    /// The last durable position.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(crate) fn set_head(&self, head: u64) {
        self.head.store(head, Ordering::Release);
    }
}
