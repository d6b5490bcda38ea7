//! A copy of the log as a tar archive, sent while the shop runs, and unpacked on arrival.

use std::{
    fs,
    io::{self, Seek as _},
    path::Path,
};

use anyhow::Context as _;
use bytes::Bytes;
use eventlog::Reader;
use tempfile::TempDir;
use tokio::sync::mpsc::Sender;

use crate::client::Client;

/// Bytes sent at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Sends what is durable of the log through `blocks`, from the log's own files: no copy is made here. Blocks as long as that takes.
pub(crate) fn stream(log: &Reader, blocks: &Sender<io::Result<Bytes>>) {
    if let Err(error) = send(log, blocks) {
        tracing::warn!(%error, "a backup was aborted");
        // The client sees a body that ends with an error, not a short archive.
        let _gave_up = blocks.blocking_send(Err(error));
    }
}

fn send(log: &Reader, blocks: &Sender<io::Result<Bytes>>) -> io::Result<()> {
    let out = Out { blocks, buffer: Vec::with_capacity(BLOCK_BYTES) };
    let mut archive = tar::Builder::new(out);
    for piece in eventlog::pieces(log) {
        let mut header = tar::Header::new_gnu();
        header.set_size(piece.size_bytes());
        header.set_mode(0o600);
        archive.append_data(&mut header, piece.name(), piece)?;
    }
    archive.into_inner()?.send()
}

/// The folder of the log in what was fetched.
pub(crate) const LOG: &str = "log";

/// Fetches a copy of a running shop's log into a new folder in `parent`, which is removed when dropped.
pub(crate) async fn fetch(client: &Client, parent: &Path) -> anyhow::Result<TempDir> {
    let mut archive = tempfile::tempfile_in(parent)
        .with_context(|| format!("{} cannot be written to", parent.display()))?;
    client.download("/events/backup", &mut archive).await?;
    archive.seek(io::SeekFrom::Start(0))?;
    let unpacked = tempfile::tempdir_in(parent)?;
    let log = unpacked.path().join(LOG);
    fs::create_dir(&log)?;
    tar::Archive::new(archive)
        .unpack(&log)
        .context("the copy did not arrive completely; try again")?;
    Ok(unpacked)
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
