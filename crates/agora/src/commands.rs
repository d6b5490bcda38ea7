//! Commands to the streams of one aggregate.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{Metadata, StreamId, sync};
use runtime::{Aggregates, CommandRequest, Done, ExecuteError, Progress};

use crate::{Aggregate, Id, Model, Refused, aggregate::Rules};

/// How long a command that is recorded waits for the read models of its process.
const MODELS_PATIENCE: Duration = Duration::from_secs(2);

/// The read models of a process with how far they are.
pub(crate) type Models = Arc<Mutex<Vec<(Model, Progress)>>>;

/// The way to all streams of one aggregate. Cheap to clone.
pub struct Commands<A: Aggregate> {
    pub(crate) aggregates: Aggregates<Rules<A>>,
    models: Models,
}

impl<A: Aggregate> Commands<A> {
    pub(crate) fn new(aggregates: Aggregates<Rules<A>>, models: Models) -> Self {
        Self { aggregates, models }
    }

    /// Carries out a command, with `metadata` in every event that it leads to. Returns once its events are durable and the read models of
    /// this process show them, since such a system need not have a gateway that remembers positions for its clients; models that take longer
    /// than 2 s are no longer waited for.
    pub async fn execute(
        &self,
        id: &Id,
        command: A::Command,
        metadata: Metadata,
    ) -> Result<Done, ExecuteError<Refused>> {
        let stream = stream::<A>(id).map_err(|error| ExecuteError::Refused(error.to_string()))?;
        let done = self.aggregates.execute(stream, CommandRequest { command, metadata }).await?;
        if let Some(position) = done.position() {
            let models = sync::lock(&self.models).clone();
            let shown = async {
                for (_, progress) in &models {
                    let _late = progress.wait_for(position, MODELS_PATIENCE).await;
                }
            };
            let _late = tokio::time::timeout(MODELS_PATIENCE, shown).await;
        }
        Ok(done)
    }
}

/// The stream of an aggregate.
pub(crate) fn stream<A: Aggregate>(id: &Id) -> Result<StreamId, kernel::StreamIdError> {
    StreamId::new(A::CATEGORY, id)
}

impl<A: Aggregate> Clone for Commands<A> {
    fn clone(&self) -> Self {
        Self { aggregates: self.aggregates.clone(), models: Arc::clone(&self.models) }
    }
}

impl<A: Aggregate> fmt::Debug for Commands<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commands({})", A::CATEGORY)
    }
}
