//! What processes use of memory and processors (proc(5)).

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::Context as _;

/// What is resident of a process now, in bytes.
pub fn resident_bytes(id: u32) -> anyhow::Result<u64> {
    bytes(&format!("/proc/{id}/status"), "VmRSS:")
}

/// What a process takes of the memory, in bytes; pages that it shares with others count in part (Pss).
pub fn proportional_bytes(id: u32) -> anyhow::Result<u64> {
    bytes(&format!("/proc/{id}/smaps_rollup"), "Pss:")
}

/// Processor time that some processes have used so far, with their children and groups, living and ended.
pub fn processor_times(
    names: &BTreeMap<u32, &'static str>,
) -> anyhow::Result<BTreeMap<&'static str, Duration>> {
    let mut used = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        // Ignore one that has ended meanwhile, or is not a process.
        let Some((related, time)) = times(&entry?.path()) else { continue };
        // An engine may have many processes: its children, or those of its group.
        if let Some(name) = related.iter().find_map(|id| names.get(id)) {
            *used.entry(*name).or_default() += time;
        }
    }
    Ok(used)
}

/// The same of one process.
pub fn processor_time(id: u32) -> anyhow::Result<Duration> {
    let used = processor_times(&BTreeMap::from([(id, "")]))?;
    used.get("").copied().with_context(|| format!("there is no process {id}"))
}

/// What a file of `/proc` says under a name, in KiB there.
fn bytes(path: &str, name: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context(name.to_owned())?;
    let kib: u64 = line.split_whitespace().next().context(name.to_owned())?.parse()?;
    Ok(kib * 1024)
}

/// The ids of a process, its parent and its group, and the processor time that it and its ended children have used
/// (`/proc/PID/stat`).
fn times(process: &Path) -> Option<([u32; 3], Duration)> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let (id, rest) = stat.split_once(' ')?;
    // The name may hold anything, blanks and brackets too.
    let fields: Vec<&str> = rest.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |n: usize| fields.get(n - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)? + field(16)? + field(17)?;
    let time = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second());
    let related = |n: usize| field(n)?.try_into().ok();
    Some(([id.parse().ok()?, related(4)?, related(5)?], time))
}
