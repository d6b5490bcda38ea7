//! What a power loss leaves.

use eventlog::simdisk::SimDisk;

use super::*;

/// A file that holds `old`, synced; on a disk over one in memory.
fn disk() -> (Disk, Arc<dyn File>) {
    let disk = Disk::over(Arc::new(SimDisk::new(1)));
    disk.create_dir(Path::new("/d")).expect("a folder");
    let file = disk.create(Path::new("/d/f")).expect("a file");
    file.write_at(0, &[1; 4 * SECTOR]).expect("it is written");
    file.sync_all().expect("it is synced");
    (disk, file)
}

fn read(disk: &Disk) -> Vec<u8> {
    let file = disk.open(Path::new("/d/f"), Access::Read).expect("it is there");
    let mut bytes = vec![0; 10 * SECTOR];
    let read = file.read_at(0, &mut bytes).expect("it is read");
    bytes.truncate(read);
    bytes
}

#[test]
fn what_was_synced_survives_and_of_the_rest_whole_sectors() {
    let mut losses = PowerLoss::default();
    for seed in 0..50 {
        let (disk, file) = disk();
        file.write_at(SECTOR as u64, &[2; 2 * SECTOR]).expect("it is written");
        file.sync_data().expect("it is synced");
        disk.cut_power_in(0);
        file.write_at(2 * SECTOR as u64, &[3; 4 * SECTOR]).expect_err("the power goes");
        assert!(disk.is_off());
        file.read_at(0, &mut [0]).expect_err("nothing works without power");
        let loss = disk.restore(seed).expect("it works again");
        file.sync_data().expect_err("it was opened before");
        let bytes = read(&disk);
        let (synced, rest) = bytes.split_at(2 * SECTOR);
        assert_eq!(synced, [[1; SECTOR], [2; SECTOR]].concat());
        for sector in rest.chunks(SECTOR) {
            let first = sector.first().copied().unwrap_or_default();
            assert!(sector.iter().all(|byte| *byte == first), "a torn sector");
        }
        assert!([4, 6].contains(&(bytes.len() / SECTOR)), "{}", bytes.len());
        assert_eq!(loss.lost + loss.kept, 4);
        losses = PowerLoss { lost: losses.lost + loss.lost, kept: losses.kept + loss.kept };
    }
    assert!(losses.lost > 0 && losses.kept > 0, "{losses:?}");
}

#[test]
fn a_sync_makes_durable_what_was_written_through_any_handle() {
    let (disk, file) = disk();
    let other = disk.open(Path::new("/d/f"), Access::Write).expect("it is there");
    file.write_at(0, &[8; SECTOR]).expect("it is written");
    disk.rename(Path::new("/d/f"), Path::new("/d/g")).expect("it has another name");
    disk.rename(Path::new("/d/g"), Path::new("/d/f")).expect("and its own again");
    other.sync_all().expect("it is synced");
    disk.cut_power();
    let loss = disk.restore(0).expect("it works again");
    assert_eq!(loss, PowerLoss::default());
    assert_eq!(read(&disk).first(), Some(&8));
}

#[test]
fn the_same_seed_loses_the_same() {
    let left = |seed| {
        let (disk, file) = disk();
        file.write_at(0, &[7; 3 * SECTOR]).expect("it is written");
        disk.cut_power();
        disk.restore(seed).expect("it works again");
        read(&disk)
    };
    assert_eq!(left(5), left(5));
}

#[test]
fn a_full_disk_lets_nothing_find_new_space() {
    let (disk, file) = disk();
    disk.fill(true);
    let full = |error: io::Error| error.kind() == io::ErrorKind::StorageFull;
    assert!(disk.create(Path::new("/d/g")).is_err_and(full));
    assert!(file.write_at(4 * SECTOR as u64, &[0; SECTOR]).is_err_and(full));
    assert!(file.allocate(0, 9 * SECTOR as u64).is_err_and(full));
    file.write_at(0, &[2; SECTOR]).expect("what has its space is written over");
    file.sync_data().expect("and synced");
    assert_eq!(read(&disk).len(), 4 * SECTOR);
    disk.fill(false);
    file.write_at(4 * SECTOR as u64, &[0; SECTOR]).expect("there is room again");
}
