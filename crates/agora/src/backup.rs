//! A copy of the log as a tar archive, sent while the shop runs, and unpacked and verified on arrival.

use std::{
    fs,
    io::{self, Seek as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use bytes::Bytes;
use eventlog::{OsFiles, Reader, Verified};
use tokio::sync::mpsc::Sender;

use crate::client::Client;

/// Bytes sent at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Sends a verified copy of the log through `blocks`; blocks as long as that takes.
pub(crate) fn stream(log: &Reader, blocks: &Sender<io::Result<Bytes>>) {
    if let Err(error) = copy(log, blocks) {
        tracing::warn!(%error, "a backup was broken off");
        // The client sees a body that ends with an error, not a short archive.
        let _gave_up = blocks.blocking_send(Err(error));
    }
}

fn copy(log: &Reader, blocks: &Sender<io::Result<Bytes>>) -> io::Result<()> {
    let folder = tempfile::Builder::new().prefix("agora-backup-").tempdir()?;
    let copy = folder.path().join("log");
    eventlog::backup(log, &copy, &OsFiles).map_err(io::Error::other)?;
    let out = Out { blocks, buffer: Vec::with_capacity(BLOCK_BYTES) };
    let mut archive = tar::Builder::new(out);
    for path in files_of(&copy)? {
        let name = path.file_name().unwrap_or_default().to_owned();
        archive.append_path_with_name(&path, name)?;
    }
    archive.into_inner()?.send()
}

/// The files of a folder, in order.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// Fetches a copy of a running shop's log into `dest`, an empty folder or none yet, and verifies it.
pub(crate) async fn fetch(client: &Client, dest: &Path) -> anyhow::Result<Verified> {
    let parent =
        dest.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut archive = tempfile::tempfile_in(parent)
        .with_context(|| format!("{} cannot be written to", parent.display()))?;
    client.download("/events/backup", &mut archive).await?;
    archive.seek(io::SeekFrom::Start(0))?;
    let unpacked = tempfile::tempdir_in(parent)?;
    let log = unpacked.path().join("log");
    fs::create_dir(&log)?;
    tar::Archive::new(archive).unpack(&log).context("the copy did not arrive whole; try again")?;
    // Verifies, copies into the empty destination, and verifies again.
    Ok(eventlog::restore(&log, dest, &OsFiles)?)
}

struct Out<'a> {
    blocks: &'a Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Out<'_> {
    fn send(mut self) -> io::Result<()> {
        self.pass_on()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let block = Bytes::from(std::mem::take(&mut self.buffer));
        self.blocks
            .blocking_send(Ok(block))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the client went away"))
    }
}

impl io::Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BLOCK_BYTES {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
