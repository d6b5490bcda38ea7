//! The recorded events over HTTP.

mod audit;
mod backups;
mod causation;
mod healing;
mod silent;

use events::{Beside, Models};
use jiff::tz::TimeZone;
use runtime::sqlite::Location;

/// An index of causes, and no projections.
fn beside(causes: Location) -> Beside {
    Beside { causes, models: Models { modules: &[], zone: TimeZone::UTC } }
}
