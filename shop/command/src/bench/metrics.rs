//! CPU time and memory of a shop, from its own metrics.

use std::time::Duration;

use anyhow::Context as _;

use crate::client::Client;

/// Metrics are for the moment: an address that does not answer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Metrics(Client);

impl Metrics {
    pub(super) fn at(url: &str) -> anyhow::Result<Self> {
        Ok(Self(Client::new(url, PATIENCE)?))
    }

    pub(super) async fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.value("process_cpu_seconds_total").await
    }

    pub(super) async fn resident_bytes(&self) -> anyhow::Result<f64> {
        self.value("process_resident_memory_bytes").await
    }

    async fn value(&self, name: &str) -> anyhow::Result<f64> {
        let text = self.0.get_text("/metrics").await.context("the shop's metrics")?;
        // Ours carry the program's prefix; a shop behind another exporter may not.
        let found = value(&text, &format!("agora_{name}")).or_else(|| value(&text, name));
        found.with_context(|| format!("the shop's metrics have no {name}"))
    }
}

/// The value of the sample of this name in the Prometheus text format; labels, if any, do not matter.
fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let rest = match rest.strip_prefix('{') {
            Some(labels) => labels.split_once('}')?.1,
            None => rest,
        };
        rest.strip_prefix(' ')?.split(' ').next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        let text = "# TYPE a counter\na_b 1\na{x=\"y\"} 2.5 1700000000\nc 3e6\n";
        assert_eq!(value(text, "a"), Some(2.5));
        assert_eq!(value(text, "c"), Some(3e6));
        assert_eq!(value(text, "b"), None);
    }
}
