//! A sorted table in an index file, searched with few reads: an entry's place can be estimated from its value, because hashes,
//! positions and times are spread almost evenly.

use std::io;
use std::ops::Range;

use crate::files::{File, read_full};

/// What is read of a table at once.
const PAGE_BYTES: usize = 4096;

/// Entries of one size, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) at: u64,
    pub(super) entry_bytes: usize,
    pub(super) count: u32,
}

/// What is searched for.
pub(super) struct Wanted<H, V> {
    /// Holds for the first entries of the table, and for none after them.
    pub(super) holds: H,
    /// The number that entries are sorted by, or its first bits.
    pub(super) value: V,
    /// The value at the border between those for which `holds` and the others.
    pub(super) near: u64,
    /// Where all values lie.
    pub(super) within: Range<u64>,
}

/// Some entries of a table that were read together. Kept from one search to the next, it often spares the next its reads.
#[derive(Debug, Default)]
pub(crate) struct Page {
    first: u32,
    count: u32,
    bytes: Vec<u8>,
}

/// A place in a table, and the value there.
#[derive(Debug, Clone, Copy)]
struct Edge {
    index: u32,
    value: u64,
}

impl Table {
    /// How many of the first entries are those for which `wanted` holds. `page` is empty or of the same table, and then has
    /// the entries around that place.
    ///
    /// Every second search within the remaining part halves it, so that values spread in whatever way cost twice as many reads
    /// as a binary search at most.
    pub(super) fn partition<H, V>(
        &self,
        file: &dyn File,
        page: &mut Page,
        wanted: &Wanted<H, V>,
    ) -> io::Result<u32>
    where
        H: Fn(&[u8]) -> bool,
        V: Fn(&[u8]) -> u64,
    {
        if let Some(index) = self.found_in(page, 0..self.count, &wanted.holds) {
            return Ok(index);
        }
        let mut low = Edge { index: 0, value: wanted.within.start };
        let mut high = Edge { index: self.count, value: wanted.within.end };
        for tries in 0_u32.. {
            let left = high.index - low.index;
            if left == 0 {
                break;
            }
            let evenly = tries < 2 || tries.is_multiple_of(2);
            let ahead = if evenly { share(low, high, wanted.near) } else { left / 2 };
            self.read(file, page, low.index + ahead, low.index..high.index)?;
            if let Some(index) = self.found_in(page, low.index..high.index, &wanted.holds) {
                return Ok(index);
            }
            let (first, last) = (page.entry(page.first, self), page.entry(page.end() - 1, self));
            let value = |entry: Option<&[u8]>| entry.map_or(wanted.near, &wanted.value);
            if first.is_some_and(&wanted.holds) {
                low = Edge { index: page.end(), value: value(last) };
            } else {
                high = Edge { index: page.first, value: value(first) };
            }
        }
        Ok(low.index)
    }

    /// An entry: from the page if it is there.
    pub(super) fn entry(&self, file: &dyn File, page: &Page, index: u32) -> io::Result<Vec<u8>> {
        if let Some(entry) = page.entry(index, self) {
            return Ok(entry.to_vec());
        }
        let mut bytes = vec![0; self.entry_bytes];
        read_full(file, self.offset(index), &mut bytes)?;
        Ok(bytes)
    }

    /// The place searched for, if the page shows that it is there: all of `within` is either on it or on one side of that place.
    fn found_in(
        &self,
        page: &Page,
        within: Range<u32>,
        holds: &impl Fn(&[u8]) -> bool,
    ) -> Option<u32> {
        let (mut low, mut high) = (page.first, page.end());
        while low < high {
            let middle = low + (high - low) / 2;
            if page.entry(middle, self).is_some_and(holds) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let begins = low > page.first || page.first == within.start;
        let ends = low < page.end() || page.end() == within.end;
        (page.count > 0 && begins && ends).then_some(low)
    }

    /// Reads the entries around a place, and none out of `within`.
    fn read(
        &self,
        file: &dyn File,
        page: &mut Page,
        around: u32,
        within: Range<u32>,
    ) -> io::Result<()> {
        let most = u32::try_from(PAGE_BYTES / self.entry_bytes).unwrap_or(1);
        let count = most.min(within.end - within.start);
        let first = around.saturating_sub(count / 2).clamp(within.start, within.end - count);
        page.bytes.clear();
        page.bytes.resize(count as usize * self.entry_bytes, 0);
        (page.first, page.count) = (first, count);
        read_full(file, self.offset(first), &mut page.bytes).map(drop)
    }

    fn offset(&self, index: u32) -> u64 {
        self.at + self.entry_bytes as u64 * u64::from(index)
    }
}

impl Page {
    fn end(&self) -> u32 {
        self.first + self.count
    }

    fn entry(&self, index: u32, table: &Table) -> Option<&[u8]> {
        let place = index.checked_sub(self.first).filter(|place| *place < self.count)?;
        self.bytes.chunks_exact(table.entry_bytes).nth(place as usize)
    }
}

/// How many of the entries between two places come before a value, if they are spread evenly.
fn share(low: Edge, high: Edge, value: u64) -> u32 {
    let all = u128::from(high.value.saturating_sub(low.value)).max(1);
    let before = u128::from(value.saturating_sub(low.value)).min(all);
    let left = high.index - low.index;
    u32::try_from(u128::from(left) * before / all).unwrap_or(left)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::{self, Files as _};
    use crate::simdisk::SimDisk;

    /// A table of numbers of 8 bytes, and how often a search in it may read.
    fn check(values: &[u64], most_reads: u64) {
        let disk = SimDisk::new(1);
        let file = disk.create(Path::new("table")).unwrap();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        files::write_all(&*file, 0, &bytes).unwrap();
        let number = |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk().unwrap());
        let table = Table { at: 0, entry_bytes: 8, count: u32::try_from(values.len()).unwrap() };
        let counted = Counted { file: &*file, reads: std::sync::atomic::AtomicU64::new(0) };
        let mut kept = Page::default();
        let some = values.iter().step_by(1 + values.len() / 300);
        for wanted in some.flat_map(|value| [value.saturating_sub(1), *value, value + 1]) {
            let expected = values.partition_point(|value| *value < wanted);
            let search = Wanted {
                holds: |entry: &[u8]| number(entry) < wanted,
                value: number,
                near: wanted,
                within: 0..1 << 40,
            };
            counted.reads.store(0, std::sync::atomic::Ordering::Relaxed);
            let found = table.partition(&counted, &mut Page::default(), &search).unwrap();
            assert_eq!(found as usize, expected, "{wanted}");
            let reads = counted.reads.load(std::sync::atomic::Ordering::Relaxed);
            assert!(reads <= most_reads, "{reads} reads for {wanted}");
            assert_eq!(table.partition(&counted, &mut kept, &search).unwrap(), found);
        }
    }

    /// Counts reads.
    struct Counted<'f> {
        file: &'f dyn File,
        reads: std::sync::atomic::AtomicU64,
    }

    impl File for Counted<'_> {
        fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
            self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.file.read_at(offset, into)
        }

        fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
            self.file.write_at(offset, bytes)
        }

        fn length(&self) -> io::Result<u64> {
            self.file.length()
        }

        fn set_length(&self, bytes: u64) -> io::Result<()> {
            self.file.set_length(bytes)
        }

        fn sync_data(&self) -> io::Result<()> {
            self.file.sync_data()
        }

        fn sync_all(&self) -> io::Result<()> {
            self.file.sync_all()
        }
    }

    #[test]
    fn values_spread_by_chance_are_found_with_few_reads() {
        let mut values: Vec<u64> = (0..20_000_u64)
            .map(|number| {
                let hash = blake3::hash(&number.to_le_bytes());
                u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap()) >> 24
            })
            .collect();
        values.sort_unstable();
        check(&values, 3);
    }

    #[test]
    fn values_that_are_crowded_in_places_are_found_too() {
        let crowded: Vec<u64> = (0..5_000_u64).map(|number| (number / 7).pow(3)).collect();
        check(&crowded, 24);
        let equal = vec![5; 3_000];
        check(&equal, 24);
        check(&[], 0);
        check(&[9], 1);
    }
}
