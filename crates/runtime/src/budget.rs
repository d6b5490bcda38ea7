//! How much memory a process may keep for what it could read again: streams at rest, and pages of the log.
//!
//! ```text
//!  memory ─┬─ a quarter: the states of streams at rest, of all kinds together; the longest unused leave first
//!          ├─ an eighth: events that were just recorded or read, for followers (half of it each)
//!          └─ the rest: what the work itself takes
//! ```

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use kernel::sync;

/// The memory that a process should stay within unless configured otherwise, in bytes.
pub const MEMORY: usize = 256 << 20;

/// The bytes that a tree's nodes take, roughly, for [`Aggregate::heap_bytes`](crate::Aggregate::heap_bytes); what its keys and values
/// point to comes to it.
#[must_use]
pub fn tree_bytes<K, V>(tree: &BTreeMap<K, V>) -> usize {
    // A tree has at least one node, of eleven entries; nodes of larger ones are two thirds full.
    let entries = if tree.is_empty() { 0 } else { (tree.len() * 3 / 2).max(11) };
    entries * (size_of::<K>() + size_of::<V>())
}

/// What a process may keep in memory, shared by everything that keeps something. Cheap to clone.
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    memory: usize,
    /// Taken by streams at rest.
    used: AtomicUsize,
    /// Counts the times that a stream came to rest.
    uses: AtomicU64,
    /// Events that streams in memory lack.
    skipped: AtomicU64,
    kinds: Mutex<Vec<Weak<dyn AtRest>>>,
}

/// Streams of one kind that are in memory although nothing is asked of them.
pub(crate) trait AtRest: Send + Sync {
    /// The number of the use since which its longest unused stream has rested; none if no stream rests.
    fn oldest(&self) -> Option<u64>;

    /// Lets that stream go.
    fn evict(&self);
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(MEMORY)
    }
}

impl Budget {
    /// For a process that is to stay within so many bytes.
    #[must_use]
    pub fn of(memory: usize) -> Self {
        let kinds = Mutex::default();
        let (used, uses, skipped) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { memory, used, uses, skipped, kinds }))
    }

    /// The bytes that streams at rest may take together, by the estimate of [`Aggregate::heap_bytes`](crate::Aggregate::heap_bytes).
    #[must_use]
    pub fn streams(&self) -> usize {
        self.0.memory / 4
    }

    /// The bytes that events kept for followers may take.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.0.memory / 8
    }

    /// The bytes that streams at rest take now, by the same estimate.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Events that could not be read when streams were taken into memory, each as often as that happened: commands are decided as if they
    /// had changed nothing.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.0.skipped.load(Ordering::Relaxed)
    }

    pub(crate) fn skips(&self) {
        self.0.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn join(&self, kind: Weak<dyn AtRest>) {
        let mut kinds = sync::lock(&self.0.kinds);
        kinds.retain(|kind| kind.strong_count() > 0);
        kinds.push(kind);
    }

    /// The number of a use that begins now.
    pub(crate) fn next_use(&self) -> u64 {
        self.0.uses.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn take(&self, bytes: usize) {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Lets the longest unused streams go until the others fit.
    pub(crate) fn make_room(&self) {
        while self.used() > self.streams() {
            let kinds = sync::lock(&self.0.kinds).clone();
            let kinds = kinds.iter().filter_map(Weak::upgrade);
            let oldest = kinds.filter_map(|kind| Some((kind.oldest()?, kind)));
            let Some((_, kind)) = oldest.min_by_key(|(used, _)| *used) else { return };
            kind.evict();
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Budget({} of {})", self.used(), self.streams())
    }
}
