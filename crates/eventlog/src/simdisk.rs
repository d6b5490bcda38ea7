//! A simulated disk: files in memory that a power loss treats as badly as a real one may, the same for the same seed.
//!
//! What was not synced is lost or kept sector by sector and name by name, in any combination. Writes may fail or fall
//! short, syncs may fail and drop what they were to save, the disk may be full, reads may be short. Every such event is
//! counted. Each operation that changes the disk is a step; power can be lost at any chosen one.
//!
//! Simpler than a real disk in this: folders are durable at once, a name that could not be synced can be synced later,
//! and of a sector written twice only the last content may survive.

mod inode;
mod random;
mod state;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::files::{Access, File, Files, Lock};
use state::{Change, State};

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// What can happen to one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A write, or whatever the step is, fails and changes nothing, or a part.
    Failure,
    /// A short write: writes only a part, and returns how much.
    ShortWrite,
    /// The step fails for lack of space.
    DiskFull,
}

/// How often faults happen by themselves, in thousandths of the operations they can happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chances {
    /// Of writes.
    pub failed_write: u16,
    /// Of writes.
    pub short_write: u16,
    /// Of syncs of files and folders.
    pub failed_sync: u16,
    /// Of reads of more than one byte.
    pub short_read: u16,
}

/// How often what occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Power losses.
    pub power_losses: u64,
    /// Sectors that were written, not synced, and lost.
    pub lost_sectors: u64,
    /// Sectors that survived without a sync.
    pub kept_sectors: u64,
    /// Creations, renames and removals that were lost.
    pub lost_names: u64,
    /// Writes and other steps that failed.
    pub failed_writes: u64,
    /// Writes that did a part.
    pub short_writes: u64,
    /// Syncs that failed.
    pub failed_syncs: u64,
    /// Steps that found no space.
    pub disk_full: u64,
    /// Reads that gave less than asked for.
    pub short_reads: u64,
}

/// Of what a power loss meets unsynced, whether each in turn is left: from none to all of it, as the seed decides.
pub fn survivors(seed: u64) -> impl FnMut() -> bool {
    let mut random = random::Random(seed);
    let odds = random.below(5);
    move || random.below(4) < odds
}

impl SimDisk {
    /// An empty disk; the seed decides which faults happen where chances are set.
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// Another disk with the same content, names, plans and counts. Files and locks held on this one are not on that.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut state = self.state().clone();
        state.locks.clear();
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Number of steps so far.
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// Everything that occurred so far.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Takes the power away instead of doing a step, counted from the beginning; everything fails until [`Self::crash`].
    pub fn lose_power_at(&self, step: u64) {
        self.state().power_off_at = Some(step);
    }

    /// Whether a power loss planned by [`Self::lose_power_at`] has come.
    pub fn is_off(&self) -> bool {
        !self.state().powered
    }

    /// Lets a fault happen at a step, counted from the beginning.
    pub fn fail_at(&self, step: u64, fault: Fault) {
        self.state().planned.insert(step, fault);
    }

    /// Lets faults happen by chance from now on.
    pub fn set_chances(&self, chances: Chances) {
        self.state().chances = chances;
    }

    /// Limits what all files together may take, in bytes, in whole sectors.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// Loses power and gets it back: of what was not synced, the seed decides what is left. Open files and locks are void.
    pub fn crash(&self, seed: u64) {
        self.state().crash(seed);
    }

    /// The harshest [`Self::crash`]: nothing that was not synced is left.
    pub fn lose_unsynced(&self) {
        self.state().lose(&mut || false);
    }

    /// Gives power back with nothing lost, as if only the process had been killed. Open files and locks are void.
    pub fn revive(&self) {
        self.state().restart();
    }

    /// All files with their content, as a reader sees it now.
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        state
            .names
            .keys()
            .filter_map(|path| Some((path.clone(), state.inode(path).ok()?.current.clone())))
            .collect()
    }

    /// Puts a file there, durable at once, past all faults: to damage a file on purpose.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        self.state().put(path, bytes);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, inode: u64, generation: u64) -> Arc<dyn File> {
        Arc::new(SimFile { disk: self.clone(), inode, generation })
    }
}

impl Files for SimDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check_power(None)?;
        state.dirs.extend(dir.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        state.check_power(None)?;
        if !state.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.state();
        state.plain_step(None)?;
        let inode = state.create(path);
        Ok(self.file(inode, state.generation))
    }

    fn open(&self, path: &Path, _access: Access) -> io::Result<Arc<dyn File>> {
        let state = self.state();
        state.check_power(None)?;
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(inode, state.generation))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.plain_step(None)?;
        state.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.plain_step(None)?;
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        state.pending.push(Change { removed: Some(path.to_owned()), added: None });
        state.forget_unnamed();
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.sync_step(None)?;
        state.sync_dir(dir);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut state = self.state();
        state.check_power(None)?;
        let (path, generation) = (path.to_owned(), state.generation);
        let free = state.locks.insert(path.clone());
        Ok(free.then(|| Lock::new(Held { disk: self.clone(), path, generation })))
    }
}

/// A held lock, void after a crash.
struct Held {
    disk: SimDisk,
    path: PathBuf,
    generation: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.generation == self.generation {
            state.locks.remove(&self.path);
        }
    }
}

struct SimFile {
    disk: SimDisk,
    inode: u64,
    generation: u64,
}

impl File for SimFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.check_power(Some(self.generation))?;
        let wanted = state.reading(into.len());
        let into = into.get_mut(..wanted).unwrap_or_default();
        Ok(state.file(self.inode)?.read(offset, into))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.write_step(self.generation, self.inode, offset, bytes)
    }

    fn length(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.check_power(Some(self.generation))?;
        Ok(state.file(self.inode)?.current.len() as u64)
    }

    fn allocate(&self, from: u64, to: u64) -> io::Result<bool> {
        let mut state = self.disk.state();
        state.allocate_step(self.generation, self.inode, from, to)?;
        Ok(true)
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.plain_step(Some(self.generation))?;
        state.file(self.inode)?.set_length(bytes);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        match state.sync_step(Some(self.generation)) {
            Ok(()) => state.file(self.inode)?.sync(),
            Err(error) => {
                state.drop_unsynced(self.inode);
                return Err(error);
            }
        }
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}
