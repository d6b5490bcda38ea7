//! Retrying while a model's database fails.

use super::{RETRY, RETRY_MAX};
use crate::{ModelError, Progress};

/// Growing pauses between retries, during which the progress reports the failure.
pub(super) struct Retry {
    cause: &'static str,
    tries: u32,
}

impl Retry {
    pub(super) fn of(cause: &'static str) -> Self {
        Self { cause, tries: 0 }
    }

    pub(super) async fn after(&mut self, error: &ModelError, progress: &Progress) {
        progress.failed();
        progress.failing(self.cause, format_args!("the read model cannot be used: {error}"));
        let pause = RETRY.saturating_mul(1 << self.tries.min(10)).min(RETRY_MAX);
        self.tries += 1;
        tokio::time::sleep(pause).await;
    }
}
