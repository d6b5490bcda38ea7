//! Problems while instances of two versions run side by side.

use std::time::Duration;

use super::Problem;

/// The pause that a client is asked to make: another instance may be of the version that is needed.
const RETRY: Duration = Duration::from_secs(5);

impl Problem {
    /// 503: only a newer version of the program may decide this, because it recorded `event`. Another instance may be of that version.
    #[must_use]
    pub fn newer_version(event: &str) -> Self {
        let detail = format!(
            "A newer version recorded something here that this one does not read ({event}), so nothing was decided or recorded. It can be done \
             once this part is updated."
        );
        Self::unavailable(RETRY, detail)
            .kind("/problems/newer-version")
            .title("A newer version is needed")
    }

    /// 503: only a newer version of the program may show this, because it recorded `event`. Another instance may be of that version.
    #[must_use]
    pub fn newer_to_show(event: &str) -> Self {
        let detail = format!(
            "A newer version recorded something here that this one does not read ({event}), so this cannot be shown. It can be once this part \
             is updated."
        );
        Self::newer_version(event).detail(detail)
    }

    /// 503: `event` is recorded only once every instance reads it, and an older one may still run.
    #[must_use]
    pub fn upgrading(event: &str) -> Self {
        let detail = format!(
            "This leads to an event that older instances do not read ({event}), and the upgrade is not finished, so nothing was recorded. It \
             can be done once every part is updated."
        );
        Self::unavailable(RETRY, detail)
            .kind("/problems/upgrade-unfinished")
            .title("An upgrade is not finished")
    }
}
