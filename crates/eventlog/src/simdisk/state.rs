//! The content of a simulated disk: of every file what a reader sees and what survives a power loss.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::inode::Inode;
use super::random::Random;
use super::{Chances, Counts, Fault};

#[derive(Clone)]
pub(super) struct State {
    random: Random,
    pub(super) steps: u64,
    pub(super) power_off_at: Option<u64>,
    pub(super) powered: bool,
    /// Files opened before the last crash belong to an earlier generation, and fail.
    pub(super) generation: u64,
    pub(super) planned: BTreeMap<u64, Fault>,
    pub(super) chances: Chances,
    pub(super) capacity: Option<u64>,
    pub(super) counts: Counts,
    inodes: BTreeMap<u64, Inode>,
    last_inode: u64,
    pub(super) names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// What happened to names and was not synced, in order.
    pub(super) pending: Vec<Change>,
    pub(super) dirs: BTreeSet<PathBuf>,
    pub(super) locks: BTreeSet<PathBuf>,
}

/// One change of names; a rename is one change, and survives as a whole or not.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) removed: Option<PathBuf>,
    pub(super) added: Option<(PathBuf, u64)>,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            steps: 0,
            power_off_at: None,
            powered: true,
            generation: 0,
            planned: BTreeMap::new(),
            chances: Chances::default(),
            capacity: None,
            counts: Counts::default(),
            inodes: BTreeMap::new(),
            last_inode: 0,
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending: Vec::new(),
            dirs: BTreeSet::new(),
            locks: BTreeSet::new(),
        }
    }

    /// Fails while the power is off, and for files of an earlier generation.
    pub(super) fn check_power(&self, generation: Option<u64>) -> io::Result<()> {
        if !self.powered || generation.is_some_and(|generation| generation != self.generation) {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    fn step(&mut self, generation: Option<u64>) -> io::Result<Option<Fault>> {
        self.check_power(generation)?;
        self.steps += 1;
        if self.power_off_at == Some(self.steps) {
            self.powered = false;
            self.check_power(generation)?;
        }
        let fault = self.planned.remove(&self.steps);
        if fault == Some(Fault::DiskFull) {
            self.counts.disk_full += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(fault)
    }

    /// A step to which no chance fault happens, but a planned one may.
    pub(super) fn plain_step(&mut self, generation: Option<u64>) -> io::Result<()> {
        match self.step(generation)? {
            Some(Fault::Failure) => self.failed_write(),
            _ => Ok(()),
        }
    }

    pub(super) fn sync_step(&mut self, generation: Option<u64>) -> io::Result<()> {
        let planned = self.step(generation)? == Some(Fault::Failure);
        if planned || self.happens(self.chances.failed_sync) {
            self.counts.failed_syncs += 1;
            return Err(io::Error::other("a sync failed, as planned"));
        }
        Ok(())
    }

    pub(super) fn write_step(
        &mut self,
        generation: u64,
        inode: u64,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<usize> {
        let planned = self.step(Some(generation))?;
        let failed = planned == Some(Fault::Failure) || self.happens(self.chances.failed_write);
        let short = planned == Some(Fault::ShortWrite) || self.happens(self.chances.short_write);
        let wanted = if failed || (short && bytes.len() > 1) {
            self.random.below(bytes.len())
        } else {
            bytes.len()
        };
        let bytes = bytes.get(..wanted).unwrap_or_default();
        let space = self.capacity.map(|capacity| capacity.saturating_sub(self.used()));
        let written = self.file(inode)?.write(offset, bytes, space);
        if failed {
            self.failed_write()?;
        }
        if written == 0 && wanted > 0 {
            self.counts.disk_full += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.counts.short_writes += u64::from(short);
        if written == 0 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(written) }
    }

    /// Takes all of the space, or none.
    pub(super) fn allocate_step(
        &mut self,
        generation: u64,
        inode: u64,
        from: u64,
        to: u64,
    ) -> io::Result<()> {
        self.plain_step(Some(generation))?;
        let space = self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used()));
        if !self.file(inode)?.allocate(from, to, space) {
            self.counts.disk_full += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// How much of a read is done.
    pub(super) fn reading(&mut self, wanted: usize) -> usize {
        if wanted > 1 && self.happens(self.chances.short_read) {
            self.counts.short_reads += 1;
            return 1 + self.random.below(wanted - 1);
        }
        wanted
    }

    /// After a failed sync each sector may have been saved, may be saved by the next sync, or may never be, though it can be
    /// read until the next crash.
    pub(super) fn drop_unsynced(&mut self, inode: u64) {
        let Some(inode) = self.inodes.get_mut(&inode).filter(|_| self.powered) else { return };
        for sector in std::mem::take(&mut inode.dirty) {
            match self.random.below(3) {
                0 => inode.save(sector),
                1 => _ = inode.dirty.insert(sector),
                _ => self.counts.lost_sectors += 1,
            }
        }
    }

    pub(super) fn crash(&mut self, seed: u64) {
        self.lose(&mut super::survivors(seed));
    }

    /// Loses of what was not synced all that does not survive.
    pub(super) fn lose(&mut self, survives: &mut dyn FnMut() -> bool) {
        self.counts.power_losses += 1;
        for inode in self.inodes.values_mut() {
            let (kept, lost) = inode.crash(survives);
            self.counts.kept_sectors += kept;
            self.counts.lost_sectors += lost;
        }
        for change in std::mem::take(&mut self.pending) {
            if survives() {
                change.apply(&mut self.durable_names);
            } else {
                self.counts.lost_names += 1;
            }
        }
        self.names = self.durable_names.clone();
        self.forget_unnamed();
        self.planned.clear();
        self.restart();
    }

    pub(super) fn restart(&mut self) {
        self.locks.clear();
        self.power_off_at = None;
        self.generation += 1;
        self.powered = true;
    }

    pub(super) fn create(&mut self, path: &Path) -> u64 {
        if let Some(&inode) = self.names.get(path) {
            if let Some(file) = self.inodes.get_mut(&inode) {
                file.set_length(0);
            }
            return inode;
        }
        self.last_inode += 1;
        self.inodes.insert(self.last_inode, Inode::default());
        self.names.insert(path.to_owned(), self.last_inode);
        self.pending
            .push(Change { removed: None, added: Some((path.to_owned(), self.last_inode)) });
        self.last_inode
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if self.dirs.remove(from) {
            self.dirs.insert(to.to_owned());
            self.rename_dir(from, to);
            return Ok(());
        }
        let inode = self.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.names.insert(to.to_owned(), inode);
        self.pending
            .push(Change { removed: Some(from.to_owned()), added: Some((to.to_owned(), inode)) });
        self.forget_unnamed();
        Ok(())
    }

    /// Durable at once, as all that concerns folders.
    fn rename_dir(&mut self, from: &Path, to: &Path) {
        let moved =
            |path: PathBuf| path.strip_prefix(from).map(|rest| to.join(rest)).unwrap_or(path);
        let renamed = |names: BTreeMap<PathBuf, u64>| {
            names.into_iter().map(|(path, inode)| (moved(path), inode)).collect()
        };
        self.names = renamed(std::mem::take(&mut self.names));
        self.durable_names = renamed(std::mem::take(&mut self.durable_names));
        for change in &mut self.pending {
            change.removed = change.removed.take().map(&moved);
            change.added = change.added.take().map(|(path, inode)| (moved(path), inode));
        }
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) {
        for change in std::mem::take(&mut self.pending) {
            let path = change.removed.as_ref().or(change.added.as_ref().map(|(path, _)| path));
            if path.is_some_and(|path| path.parent() == Some(dir)) {
                change.apply(&mut self.durable_names);
            } else {
                self.pending.push(change);
            }
        }
        self.forget_unnamed();
    }

    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) {
        let inode = self.create(path);
        let file = self.inodes.get_mut(&inode).expect("it was just created");
        file.set_length(0);
        file.write(0, bytes, None);
        file.sync();
        self.sync_dir(path.parent().unwrap_or(path));
    }

    /// Drops the files that have no name any more.
    pub(super) fn forget_unnamed(&mut self) {
        let pending =
            self.pending.iter().filter_map(|change| change.added.as_ref().map(|(_, inode)| inode));
        let named: BTreeSet<u64> = self
            .names
            .values()
            .chain(self.durable_names.values())
            .chain(pending)
            .copied()
            .collect();
        self.inodes.retain(|inode, _| named.contains(inode));
    }

    pub(super) fn inode(&self, path: &Path) -> io::Result<&Inode> {
        let inode = self.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        self.inodes.get(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn file(&mut self, inode: u64) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used(&self) -> u64 {
        self.inodes.values().map(Inode::allocated_bytes).sum()
    }

    fn failed_write(&mut self) -> io::Result<()> {
        self.counts.failed_writes += 1;
        Err(io::Error::other("a write failed, as planned"))
    }

    fn happens(&mut self, thousandths: u16) -> bool {
        thousandths > 0 && self.random.below(1000) < usize::from(thousandths)
    }
}

impl Change {
    fn apply(self, names: &mut BTreeMap<PathBuf, u64>) {
        if let Some(path) = self.removed {
            names.remove(&path);
        }
        if let Some((path, inode)) = self.added {
            names.insert(path, inode);
        }
    }
}
