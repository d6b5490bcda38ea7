//! The operating system's files without syncs, for a log that is made as a whole.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::{Access, File, Files, Lock, OsFiles};

/// The operating system's files, none of which is synced: a power loss may leave any part of what was written. For a log that is not used
/// before it is whole, and whose files are synced then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsynced;

struct UnsyncedFile(Arc<dyn File>);

impl Files for Unsynced {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        OsFiles.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        OsFiles.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(UnsyncedFile(OsFiles.create(path)?)))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(UnsyncedFile(OsFiles.open(path, access)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        OsFiles.remove(path)
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        OsFiles.lock(path)
    }
}

impl File for UnsyncedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(offset, bytes)
    }

    fn is_named(&self) -> io::Result<bool> {
        self.0.is_named()
    }

    fn allocate(&self, from: u64, to: u64) -> io::Result<bool> {
        self.0.allocate(from, to)
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.0.set_length(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }
}
