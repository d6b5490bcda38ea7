//! A file on a simulated disk, in sectors that are durable or not.

use std::collections::BTreeSet;

const SECTOR: usize = 512;

#[derive(Clone, Default)]
pub(super) struct Inode {
    pub(super) current: Vec<u8>,
    durable: Vec<u8>,
    pub(super) dirty: BTreeSet<usize>,
    /// The sectors that take space; the others are holes.
    allocated: BTreeSet<usize>,
}

impl Inode {
    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> usize {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let held = self.current.get(from..).unwrap_or_default();
        let count = held.len().min(into.len());
        // Copied whole: tests read megabytes, in a debug build.
        into.split_at_mut(count).0.copy_from_slice(held.split_at(count).0);
        count
    }

    pub(super) fn allocated_bytes(&self) -> u64 {
        (self.allocated.len() * SECTOR) as u64
    }

    /// Takes the space of a range, if there is enough.
    pub(super) fn allocate(&mut self, from: u64, to: u64, space: u64) -> bool {
        let sector = |offset: u64| usize::try_from(offset).expect("simulated files are small");
        let range = sector(from) / SECTOR..sector(to).div_ceil(SECTOR);
        let missing: Vec<usize> = range.filter(|sector| !self.allocated.contains(sector)).collect();
        let fits = (missing.len() * SECTOR) as u64 <= space;
        if fits {
            self.allocated.extend(missing);
        }
        fits
    }

    /// Writes as much as there is space for; returns how much that was.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8], mut space: Option<u64>) -> usize {
        let mut from = usize::try_from(offset).expect("simulated files are small");
        let mut left = bytes;
        while !left.is_empty() {
            let sector = from / SECTOR;
            if !self.allocated.contains(&sector) {
                let Some(rest) =
                    space.map_or(Some(u64::MAX), |space| space.checked_sub(SECTOR as u64))
                else {
                    break;
                };
                space = space.map(|_| rest);
                self.allocated.insert(sector);
            }
            let (now, rest) = left.split_at(left.len().min((sector + 1) * SECTOR - from));
            if self.current.len() < from + now.len() {
                resize(&mut self.current, from + now.len());
            }
            self.current
                .get_mut(from..from + now.len())
                .expect("it was just made that long")
                .copy_from_slice(now);
            self.dirty.insert(sector);
            (from, left) = (from + now.len(), rest);
        }
        bytes.len() - left.len()
    }

    pub(super) fn set_length(&mut self, bytes: u64) {
        let length = usize::try_from(bytes).expect("simulated files are small");
        resize(&mut self.current, length);
        self.allocated.split_off(&length.div_ceil(SECTOR));
        self.dirty.split_off(&length.div_ceil(SECTOR));
    }

    pub(super) fn sync(&mut self) {
        resize(&mut self.durable, self.current.len());
        for sector in std::mem::take(&mut self.dirty) {
            self.save(sector);
        }
    }

    /// Makes one sector durable.
    pub(super) fn save(&mut self, sector: usize) {
        let end = ((sector + 1) * SECTOR).min(self.current.len());
        if self.durable.len() < end {
            resize(&mut self.durable, end);
        }
        let from = self.current.get(sector * SECTOR..end).unwrap_or_default();
        if let Some(to) = self.durable.get_mut(sector * SECTOR..end) {
            to.copy_from_slice(from);
        }
    }

    /// Keeps a part of what was not synced; returns how many sectors were kept and lost.
    pub(super) fn crash(&mut self, survives: &mut dyn FnMut() -> bool) -> (u64, u64) {
        let (mut kept, mut lost) = (0, 0);
        let length = if survives() { self.current.len() } else { self.durable.len() };
        for sector in std::mem::take(&mut self.dirty) {
            if survives() {
                self.save(sector);
                kept += 1;
            } else {
                lost += 1;
            }
        }
        resize(&mut self.durable, length);
        self.current.clone_from(&self.durable);
        self.allocated.split_off(&length.div_ceil(SECTOR));
        (kept, lost)
    }
}

/// Cuts `bytes`, or lengthens them by zeros; without a step per byte, unlike [`Vec::resize`] in a debug build.
fn resize(bytes: &mut Vec<u8>, length: usize) {
    match length.checked_sub(bytes.len()) {
        Some(more) => bytes.extend_from_slice(&vec![0; more]),
        None => bytes.truncate(length),
    }
}
