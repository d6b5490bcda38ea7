//! The recorded events over HTTP.

mod audit;
mod backups;
mod causation;
mod healing;
mod silent;
mod types;
mod upgrading;

use events::{Beside, Models};
use jiff::tz::TimeZone;
use runtime::{
    Upgrade,
    sqlite::Location,
    upgrade::{Ends, Others},
};
use web::ServiceDeps;

/// An index of causes, and no projections.
fn beside(deps: &ServiceDeps, causes: Location) -> Beside {
    let upgrade = Upgrade::new(deps, "0.2.0", Others::None, Ends::OnRequest);
    Beside { causes, models: Models { modules: &[], zone: TimeZone::UTC }, upgrade }
}
