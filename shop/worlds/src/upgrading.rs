//! An upgrade in a world with two versions: all instances are of the older one at first. They are replaced by the newer one, one after the
//! other, and by the older one again at any moment. One may be cut off, so that its announcements arrive nowhere, and meets what it does not read.

use contracts::{customer, order, product};
use runtime::Progress;

use crate::{
    faults::Fault,
    schedule::Schedule,
    versions::{Program, Versions},
};

/// The services whose instances may be cut off; of these, most often the one whose model rests on channels.
const CUT_OFF: [&str; 4] =
    [order::CATEGORY, order::CATEGORY, product::CATEGORY, customer::CATEGORY];

impl Schedule {
    /// One may be cut off; all others are replaced by the newer version, one after the other.
    pub(crate) async fn upgrade(&self, versions: &Versions) {
        if self.dice.happens(700) {
            let service = *self.dice.pick(&CUT_OFF);
            let name = format!("{service}-2");
            versions.install(&name, Program::CutOff);
            self.tally.count(Fault::CutOff);
            let instance = self.environment.start(service, self.environment.models(&name)).await;
            self.instances.borrow_mut().insert(name, instance);
        }
        for name in self.named(|program| program == Program::Older) {
            self.pause().await;
            self.replace(&name, versions, Program::Newer).await;
        }
    }

    /// An instance is replaced by one of the other version.
    pub(crate) async fn change_version(&self, versions: &Versions) {
        let Some((name, _)) = self.any_instance() else { return };
        let other = match versions.program(&name) {
            Program::Newer => Program::Older,
            Program::Older | Program::CutOff => Program::Newer,
        };
        self.replace(&name, versions, other).await;
    }

    /// Every older instance is replaced by the newer version.
    pub(crate) async fn upgrade_all(&self, versions: &Versions) {
        for name in self.named(|program| program != Program::Newer) {
            self.replace(&name, versions, Program::Newer).await;
        }
    }

    fn named(&self, wanted: impl Fn(Program) -> bool) -> Vec<String> {
        let Some(versions) = &self.environment.versions else { return Vec::new() };
        let instances = self.instances.borrow();
        instances.keys().filter(|name| wanted(versions.program(name))).cloned().collect()
    }

    async fn replace(&self, name: &str, versions: &Versions, program: Program) {
        let Some(instance) = self.instances.borrow_mut().remove(name) else { return };
        self.tally.count(Fault::VersionChanged);
        let service = instance.service.name;
        let troubles = instance.service.followers.iter().filter_map(Progress::trouble);
        let has_stopped = troubles.into_iter().any(|trouble| trouble.contains("stopped before"));
        self.tally.add(Fault::NewerSchemaMet, u64::from(has_stopped));
        let models = instance.kill().await;
        versions.install(name, program);
        let instance = self.environment.start(service, models).await;
        self.instances.borrow_mut().insert(name.to_owned(), instance);
    }
}
