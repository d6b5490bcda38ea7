//! Our log: maintenance on a thread beside the writer, as in the shop.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use eventlog::{Maintenance, Opened, Options, OsFiles, open};

use super::producers::{Load, Sink, event, streams};

const SALT: [u8; 16] = *b"a salt for speed";

pub(super) fn sink(dir: &Path, load: Load) -> anyhow::Result<Box<Sink>> {
    let Opened { mut writer, maintenance, .. } = open(dir, Arc::new(OsFiles), Options::new(SALT))?;
    let appended = maintain(maintenance);
    let streams: Vec<Vec<String>> =
        (0..load.producers).map(|producer| streams(producer, load)).collect();
    let mut versions = vec![0; load.producers];
    Ok(Box::new(move |group| {
        let mut records = Vec::with_capacity(group.len() * load.batch);
        for producer in group {
            if let (Some(streams), Some(version)) =
                (streams.get(*producer), versions.get_mut(*producer))
            {
                records.extend(streams.iter().map(|stream| event(stream, *version)));
                *version += 1;
            }
        }
        writer.append(&records)?;
        // It looks again anyway if it was notified before.
        _ = appended.try_send(());
        Ok(())
    }))
}

/// Ends with the sender.
fn maintain(maintenance: Maintenance) -> SyncSender<()> {
    let (appended, told) = sync_channel(1);
    std::thread::spawn(move || {
        while let Ok(()) = told.recv() {
            // What failed is tried again after the next append.
            while matches!(maintenance.step(), Ok(true)) {}
        }
    });
    appended
}
