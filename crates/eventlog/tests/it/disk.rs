//! The simulated disk treats what was not synced as a real one may, the same for the same seed.

use std::path::Path;

use eventlog::simdisk::SimDisk;
use eventlog::{Access, Files};

fn disk_with_file() -> SimDisk {
    let disk = SimDisk::new(0);
    disk.create_dir(Path::new("/d")).unwrap();
    let file = disk.create(Path::new("/d/f")).unwrap();
    file.write_at(0, &[1; 4096]).unwrap();
    file.sync_all().unwrap();
    disk.sync_dir(Path::new("/d")).unwrap();
    file.write_at(0, &[2; 4096]).unwrap();
    disk
}

fn after_crash(seed: u64) -> Vec<u8> {
    let disk = disk_with_file();
    disk.crash(seed);
    disk.contents().remove(Path::new("/d/f")).unwrap()
}

#[test]
fn unsynced_sectors_are_old_or_new_and_the_same_for_the_same_seed() {
    let mut mixed = 0;
    for seed in 0..50 {
        let bytes = after_crash(seed);
        assert_eq!(bytes, after_crash(seed));
        let sectors: Vec<_> = bytes.chunks(512).collect();
        assert!(sectors.iter().all(|sector| *sector == [1; 512] || *sector == [2; 512]));
        mixed += u32::from(bytes.contains(&1) && bytes.contains(&2));
    }
    assert!(mixed > 10);
}

#[test]
fn unsynced_names_may_be_lost_and_synced_ones_never() {
    let mut lost = 0;
    for seed in 0..50 {
        let disk = disk_with_file();
        disk.create(Path::new("/d/new")).unwrap();
        disk.rename(Path::new("/d/f"), Path::new("/d/g")).unwrap();
        disk.crash(seed);
        let names = disk.list(Path::new("/d")).unwrap();
        assert!(names.contains(&"f".to_owned()) != names.contains(&"g".to_owned()), "{names:?}");
        lost += disk.counts().lost_names;
    }
    assert!(lost > 10);
}

#[test]
fn what_was_open_before_a_crash_is_void_after_it() {
    let disk = disk_with_file();
    let file = disk.open(Path::new("/d/f"), Access::Write).unwrap();
    let lock = disk.lock(Path::new("/d/lock")).unwrap().unwrap();
    assert!(disk.lock(Path::new("/d/lock")).unwrap().is_none());
    disk.crash(0);
    assert!(file.write_at(0, &[3]).is_err());
    let again = disk.lock(Path::new("/d/lock")).unwrap();
    drop(lock);
    assert!(again.is_some() && disk.lock(Path::new("/d/lock")).unwrap().is_none());
}
