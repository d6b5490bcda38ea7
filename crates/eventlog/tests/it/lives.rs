//! Whole lives of a log: many openings, each ended by a power loss, a kill, a failed write or a clean close, as a seed
//! decides; after each of them the log holds exactly what was acknowledged, and perhaps the batch that was on its way.

use eventlog::simdisk::{Chances, SimDisk};
use eventlog::{Opened, verify};

use crate::support::{Event, all, dir, try_append, try_open};

/// A little chance, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What must be in the log, and what may be.
#[derive(Default)]
struct Model {
    recorded: Vec<Event>,
    on_its_way: Vec<Event>,
}

impl Model {
    fn next_batch(&mut self, dice: &mut Dice) -> &[Event] {
        self.on_its_way.clear();
        for _ in 0..=dice.below(4) {
            let stream = format!(
                "{}-{}",
                ["depot", "account"][usize::from(dice.below(2) == 0)],
                dice.below(5)
            );
            let earlier = self.recorded.iter().chain(&self.on_its_way);
            let version = earlier.filter(|event| event.stream == stream).count() as u64;
            let number = (self.recorded.len() + self.on_its_way.len()) as u64;
            let mut event = Event::new(&stream, version, number);
            let longest = if dice.below(20) == 0 { 6000 } else { 400 };
            event.data = vec![b'd'; usize::try_from(dice.below(longest)).unwrap()];
            self.on_its_way.push(event);
        }
        &self.on_its_way
    }

    /// Takes what is there for the truth, if it may be.
    fn check(&mut self, found: Vec<Event>, context: &str) {
        let with_last = [self.recorded.as_slice(), &self.on_its_way].concat();
        assert!(found == self.recorded || found == with_last, "{context}: {} found", found.len());
        self.recorded = found;
        self.on_its_way.clear();
    }
}

fn live(disk: &SimDisk, model: &mut Model, dice: &mut Dice, context: &str) {
    let Ok(Opened { mut writer, reader, maintenance, .. }) = try_open(disk) else { return };
    model.check(all(&reader), context);
    for _ in 0..dice.below(60) {
        let batch = model.next_batch(dice).to_vec();
        if try_append(&mut writer, &batch).is_err() {
            return;
        }
        model.recorded.append(&mut model.on_its_way);
        if dice.below(3) == 0 {
            _ = maintenance.step();
        }
    }
}

#[test]
fn no_life_however_hard_loses_what_was_acknowledged() {
    let (mut lost_sectors, mut failed_syncs) = (0, 0);
    for seed in 0..150 {
        let (disk, mut dice, mut model) = (SimDisk::new(seed), Dice(seed), Model::default());
        for life in 0..12 {
            let context = format!("seed {seed}, life {life}");
            let chances =
                Chances { failed_write: 3, short_write: 50, failed_sync: 3, short_read: 50 };
            disk.set_chances(if dice.below(3) == 0 { chances } else { Chances::default() });
            if dice.below(2) == 0 {
                disk.lose_power_at(disk.steps() + 1 + dice.below(120));
            }
            live(&disk, &mut model, &mut dice, &context);
            match dice.below(3) {
                0 => disk.revive(),
                1 => disk.lose_unsynced(),
                _ => disk.crash(dice.below(u64::MAX)),
            }
        }
        disk.set_chances(Chances::default());
        verify(dir(), &disk, None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        model.check(all(&try_open(&disk).unwrap().reader), &format!("seed {seed}, at the end"));
        lost_sectors += disk.counts().lost_sectors;
        failed_syncs += disk.counts().failed_syncs;
    }
    assert!(lost_sectors > 300 && failed_syncs > 30, "{lost_sectors} {failed_syncs}");
}
