//! What is recorded of upgrades; apart from them, since what may be recorded rests on it.

use std::collections::BTreeMap;

use kernel::events;

events! {
    /// What is recorded of upgrades.
    UpgradeEvent {
        /// Every instance read these schemas: they are recorded from now on.
        Finished {
            /// The newest schema number by event type.
            schemas: BTreeMap<String, u32>,
            /// The version of the program that recorded it, which reads them.
            version: String,
        } = "upgrade.finished" @ 1,
    }
}
