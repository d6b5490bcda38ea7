//! A disk whose power can be cut: of what was not synced by then, a seed decides what is left.
//!
//! It lies over any other file system, such as that of the operating system, and keeps of each sector that is written what it held before,
//! until the file is synced. Simpler than a real disk in this: names and files that were cut are durable at once.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use eventlog::{Access, File, Files, Lock, simdisk};
use kernel::sync;

/// What a disk writes whole, or not at all.
const SECTOR: usize = 512;

/// A file system over another one. Clones are the same disk.
#[derive(Clone)]
pub struct Disk {
    under: Arc<dyn Files>,
    state: Arc<Mutex<State>>,
}

/// What was lost with the power, in sectors of 512 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerLoss {
    /// Written, not synced, and lost.
    pub lost: u64,
    /// Written and not synced, and there all the same.
    pub kept: u64,
}

#[derive(Default)]
struct State {
    is_off: bool,
    is_full: bool,
    /// Changes after which the power goes.
    off_after: Option<u64>,
    /// Files opened before the last loss belong to an earlier generation, and fail.
    generation: u64,
    /// Files have numbers, because they may get another name: a sync is of a file, through whichever handle.
    numbers: BTreeMap<PathBuf, u64>,
    next: u64,
    unsynced: BTreeMap<u64, Unsynced>,
}

/// What was written to a file since its last sync.
struct Unsynced {
    file: Arc<dyn File>,
    length: u64,
    /// What each sector held before.
    before: BTreeMap<u64, Vec<u8>>,
}

impl Disk {
    /// A disk over `under`, with power.
    #[must_use]
    pub fn over(under: Arc<dyn Files>) -> Self {
        Self { under, state: Arc::default() }
    }

    /// Takes the power away in the middle of what is written next: in the `change`th change from now on, counted from 0.
    pub fn cut_power_in(&self, change: u64) {
        self.state().off_after = Some(change);
    }

    /// Takes the power away. Everything fails from now on.
    pub fn cut_power(&self) {
        self.state().is_off = true;
    }

    /// Lets the power stay after all, if it has not gone yet.
    pub fn keep_power(&self) {
        self.state().off_after = None;
    }

    /// Whether the power is away.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().is_off
    }

    /// Fills it up, or makes room on it again. While it is full, what was written before can be read and written over, but nothing finds new
    /// space: no file, no further zeros behind what a file holds.
    pub fn fill(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    /// Whether it is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.state().is_full
    }

    /// Gives the power back. Of what was not synced, the seed decides what is left; files that are open are void.
    pub fn restore(&self, seed: u64) -> io::Result<PowerLoss> {
        let mut state = self.state();
        let mut survives = simdisk::survivors(seed);
        let mut loss = PowerLoss::default();
        for unsynced in std::mem::take(&mut state.unsynced).into_values() {
            unsynced.lose(&mut survives, &mut loss)?;
        }
        *state =
            State { generation: state.generation + 1, is_full: state.is_full, ..State::default() };
        Ok(loss)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    fn file(&self, path: &Path, file: Arc<dyn File>) -> Arc<dyn File> {
        let mut state = self.state();
        let fresh = state.next;
        let number = *state.numbers.entry(path.to_owned()).or_insert(fresh);
        state.next += u64::from(number == fresh);
        let generation = state.generation;
        Arc::new(Watched { disk: self.clone(), file, number, generation })
    }
}

impl State {
    fn check(&self, generation: Option<u64>) -> io::Result<()> {
        if self.is_off || generation.is_some_and(|generation| generation != self.generation) {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    fn find_space(&self) -> io::Result<()> {
        if self.is_full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    /// One more change, unless the power goes with it.
    fn change(&mut self, generation: Option<u64>) -> io::Result<()> {
        self.check(generation)?;
        match self.off_after {
            Some(0) => self.is_off = true,
            Some(left) => self.off_after = Some(left - 1),
            None => {}
        }
        self.check(generation)
    }
}

impl Unsynced {
    fn of(file: &Arc<dyn File>) -> io::Result<Self> {
        Ok(Self { file: Arc::clone(file), length: file.length()?, before: BTreeMap::new() })
    }

    /// Keeps what the sectors of a range hold.
    fn keep(&mut self, offset: u64, bytes: usize) -> io::Result<()> {
        let size = SECTOR as u64;
        for sector in offset / size..(offset + bytes as u64).div_ceil(size) {
            if !self.before.contains_key(&sector) {
                let mut held = vec![0; SECTOR];
                let read = self.file.read_at(sector * size, &mut held)?;
                held.truncate(read);
                self.before.insert(sector, held);
            }
        }
        Ok(())
    }

    fn lose(self, survives: &mut dyn FnMut() -> bool, loss: &mut PowerLoss) -> io::Result<()> {
        let longer = survives();
        for (sector, mut held) in self.before {
            if survives() {
                loss.kept += 1;
            } else {
                held.resize(SECTOR, 0);
                let end = self.file.length()?;
                let from = sector * SECTOR as u64;
                let room = usize::try_from(end.saturating_sub(from)).unwrap_or(SECTOR).min(SECTOR);
                self.file.write_at(from, held.get(..room).unwrap_or_default())?;
                loss.lost += 1;
            }
        }
        if !longer && self.file.length()? > self.length {
            self.file.set_length(self.length)?;
        }
        self.file.sync_all()
    }
}

impl Files for Disk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.state().check(None)?;
        self.under.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.state().check(None)?;
        self.under.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        {
            let mut state = self.state();
            state.find_space()?;
            state.change(None)?;
        }
        Ok(self.file(path, self.under.create(path)?))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        self.state().check(None)?;
        Ok(self.file(path, self.under.open(path, access)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change(None)?;
        self.under.rename(from, to)?;
        if let Some(number) = state.numbers.remove(from) {
            state.numbers.insert(to.to_owned(), number);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change(None)?;
        self.under.remove(path)?;
        if let Some(number) = state.numbers.remove(path) {
            state.unsynced.remove(&number);
        }
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.state().change(None)?;
        self.under.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.state().check(None)?;
        self.under.lock(path)
    }
}

/// An open file of the disk.
struct Watched {
    disk: Disk,
    file: Arc<dyn File>,
    number: u64,
    generation: u64,
}

impl Watched {
    /// Adds a change to what was written since the last sync, and makes it. The one in which the power goes is written, and not answered.
    fn change<T>(
        &self,
        keep: impl FnOnce(&mut Unsynced) -> io::Result<()>,
        make: impl FnOnce(&dyn File) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.disk.state();
        state.check(Some(self.generation))?;
        let is_on = state.change(None);
        let unsynced = match state.unsynced.entry(self.number) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Unsynced::of(&self.file)?),
        };
        keep(unsynced)?;
        let made = make(&*self.file)?;
        is_on.map(|()| made)
    }

    fn sync(&self, sync: impl FnOnce(&dyn File) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.disk.state();
        state.change(Some(self.generation))?;
        sync(&*self.file)?;
        state.unsynced.remove(&self.number);
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        self.disk.state().check(Some(self.generation))
    }
}

impl File for Watched {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.file.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        // A log takes its space by writing zeros ahead of itself; what it writes over them finds its space.
        if bytes.iter().all(|byte| *byte == 0) {
            self.disk.state().find_space()?;
        }
        self.change(
            |unsynced| unsynced.keep(offset, bytes.len()),
            |file| file.write_at(offset, bytes),
        )
    }

    fn is_named(&self) -> io::Result<bool> {
        self.file.is_named()
    }

    fn length(&self) -> io::Result<u64> {
        self.check()?;
        self.file.length()
    }

    fn allocate(&self, from: u64, to: u64) -> io::Result<bool> {
        self.check()?;
        self.disk.state().find_space()?;
        self.file.allocate(from, to)
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.change(|_| Ok(()), |file| file.set_length(bytes))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync(|file| file.sync_data())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync(|file| file.sync_all())
    }
}

#[cfg(test)]
mod tests;
