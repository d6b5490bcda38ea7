//! A bare writer, the most a log can reach: the bytes of the events over space that was taken before, and a sync. No framing,
//! no checksums, no versions, no indexes.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::producers::{Load, Sink, event_bytes};

/// Written over again and again.
const FILE_BYTES: u64 = 64 << 20;

pub(super) fn sink(path: &Path, load: Load) -> anyhow::Result<Box<Sink>> {
    const STEP: usize = 1 << 20;
    let file = File::create_new(path)?;
    let zeros = vec![0; STEP];
    for offset in (0..FILE_BYTES).step_by(STEP) {
        file.write_all_at(&zeros, offset)?;
    }
    file.sync_all()?;
    let append = vec![b'e'; event_bytes() * load.batch];
    let (mut offset, mut bytes) = (0, Vec::new());
    Ok(Box::new(move |group| {
        bytes.clear();
        for _ in group {
            bytes.extend_from_slice(&append);
        }
        if offset + bytes.len() as u64 > FILE_BYTES {
            offset = 0;
        }
        file.write_all_at(&bytes, offset)?;
        file.sync_data()?;
        offset += bytes.len() as u64;
        Ok(())
    }))
}
