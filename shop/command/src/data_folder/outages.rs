//! What a process knows of outages, kept in its data folder over a restart.
//!
//! It stands in a file of the part that noticed it, and not in the event store: it has to be written while the event store is away, it is
//! about processes and not about the shop, and it is worthless after a day. A file that cannot be read costs what it knew, nothing else.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use kernel::Clock;
use runtime::Tasks;
use web::watch::{Record, Watch};

use super::{DataFolder, read_file, replace};

/// The pause between two looks at whether something is to be written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The file of the gateway, and that of the back office.
pub(crate) const GATEWAY: &str = "gateway-outages.json";
pub(crate) const BACK_OFFICE: &str = "backoffice-outages.json";

/// Gives `watch` what is known from before, and keeps what it learns in the file called `name` until the tasks stop. To be called before
/// it looks for the first time.
pub(crate) fn keep(
    watch: &Watch,
    name: &str,
    data: &DataFolder,
    clock: &Arc<dyn Clock>,
    tasks: &Tasks,
) {
    let mut file = File { path: data.path().join(name), is_failing: false };
    if let Some(record) = file.read() {
        watch.resume(record, clock.now());
    }
    let (watch, stopping) = (watch.clone(), tasks.clone());
    tasks.spawn_blocking("outages", async move {
        while !stopping.is_stopping() {
            if let Some(record) = watch.unrecorded() {
                file.write(&record);
            }
            stopping.unless_stopped(tokio::time::sleep(LOOK_EVERY)).await;
        }
        if let Some(record) = watch.record() {
            file.write(&record);
        }
    });
}

struct File {
    path: PathBuf,
    is_failing: bool,
}

impl File {
    fn read(&self) -> Option<Record> {
        let path = self.path.display();
        let read = read_file(&self.path)
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from));
        match read {
            Ok(record) => Some(record),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%path, %error, "cannot read the outages of the last day; the list on the System page begins again");
                None
            }
        }
    }

    /// A failure is logged once and changes nothing else.
    fn write(&mut self, record: &Record) {
        let written = serde_json::to_vec(record)
            .map_err(anyhow::Error::from)
            .and_then(|bytes| replace(&self.path, &bytes));
        if let Err(error) = &written
            && !self.is_failing
        {
            let path = self.path.display();
            tracing::warn!(%path, %error, "cannot keep the outages of the last day; retrying. A restart would forget them");
        }
        self.is_failing = written.is_err();
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use runtime::clock::SystemClock;
    use web::watch::Condition;

    use super::*;

    #[tokio::test]
    async fn outages_are_known_after_a_restart_and_a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(folder.path()).expect("a data folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let run = async |look: Option<Condition>| {
            let (watch, tasks) = (Watch::of("gateway"), Tasks::new());
            keep(&watch, GATEWAY, &data, &clock, &tasks);
            if let Some(condition) = look {
                watch.look([("order".to_owned(), Condition::ready())], &*clock);
                watch.look([("order".to_owned(), condition)], &*clock);
            }
            tasks.shutdown().await;
            watch
        };
        run(Some(Condition::away("It hangs."))).await;
        let parts = |watch: &Watch| -> Vec<String> {
            watch.timeline().into_iter().map(|outage| outage.part).collect()
        };
        assert_eq!(parts(&run(None).await), ["order", "gateway"]);

        std::fs::write(data.path().join(GATEWAY), "{").expect("a file");
        assert_eq!(parts(&run(None).await), Vec::<String>::new());
        let begun = run(Some(Condition::ready())).await.begun();
        assert!(begun > Some(Timestamp::from_micros(0)));
        assert_eq!(parts(&run(None).await), ["gateway"], "it is written again");
    }
}
