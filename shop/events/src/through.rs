//! A projection of any service, event by event, with the rows of its read model before and after each.

mod gather;

use axum::{extract::State, response::Response};
use contracts::rest::through::{Field, Row, RowChange, Step, Through};
use futures_util::FutureExt as _;
use identity::Manager;
use jiff::tz::TimeZone;
use kernel::{Position, StreamId, Version};
use module::{Module, StartError, Steps};
use runtime::{ModelError, sqlite};
use serde::Deserialize;
use store::{Read, Reader, port::StoreFailure};
use tokio::task::unconstrained;
use utoipa::IntoParams;
use web::{After, Count, Limit, Problem, Query, Text};

pub use gather::TAKEN_MAX;
use gather::{Gathered, gather};

use crate::{Events, answer, causes::followed, shown, stream_name, unreadable};

/// The most events that are shown as having followed.
const FOLLOWED_MAX: usize = 500;
/// Columns with this name are never shown.
const WITHHELD: &str = "password";

/// The services whose projections can be stepped through.
#[derive(Clone, Debug)]
pub struct Models {
    pub modules: &'static [&'static Module],
    /// In which years and months begin.
    pub zone: TimeZone,
}

/// What to step through.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub module: &'static Module,
    pub stream: StreamId,
    /// The last position that matters.
    pub upto: Position,
    /// Shown are events after this position.
    pub after: Position,
    /// How many of them.
    pub limit: usize,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Store(#[from] StoreFailure),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the stream {0} has no event up to that position")]
    NoStream(StreamId),
    #[error(
        "the stream {0} has more than {TAKEN_MAX} events up to that position, of which only the first {TAKEN_MAX} can be stepped through: later ones need the rows that all before them left. `agora events --stream {0} --from {TAKEN_MAX}` shows their events without rows"
    )]
    TooLong(StreamId),
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
pub(super) struct Asked {
    /// The service whose read model it is, such as `order`.
    #[param(inline)]
    model: Text<1, 200>,
    /// The stream's name, such as `order-0190c7f2-8b1e-7c3a-9f00-1234567890ab`.
    #[serde(deserialize_with = "stream_name")]
    #[param(value_type = String, max_length = 200, pattern = "^[A-Za-z0-9._]+-[A-Za-z0-9._-]+$")]
    stream: StreamId,
    /// The last position to step to; that of the last event by default.
    #[param(inline)]
    upto: Option<Count>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    #[param(value_type = Option<String>, inline)]
    after: Option<After<u64>>,
}

/// A projection, event by event: what the events of a stream, and what followed from its first one, change in the rows of a service's
/// read model.
#[utoipa::path(get, path = "/read-through", params(Asked), security(("token" = [])),
    responses((status = 200, body = Through),
        (status = 404, description = "The stream has no event up to that position.")))]
pub(super) async fn read_through(
    State(events): State<Events>,
    _manager: Manager,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let models = events.models.clone();
    let wanted = Wanted {
        module: models.find(&asked.model)?,
        stream: asked.stream,
        upto: asked.upto.map_or(Position(u64::MAX), |upto| Position(upto.get().unsigned_abs())),
        after: asked.after.map_or(Position::START, |after| Position(after.0)),
        limit: asked.limit.get(),
    };
    let head = events.reader.head().await.map_err(unreadable)?;
    let indexed_to = events.indexed_to(head).await;
    let followed = match first(&*events.reader, &wanted.stream).await? {
        Some(first) => followed(&events.causes, first, Vec::new(), FOLLOWED_MAX).await?.positions,
        None => Vec::new(),
    };
    let gathered = gather(&*events.reader, &models, &wanted, &followed).await?;
    let work = move || {
        let walked = unconstrained(walk(&models, &wanted, gathered)).now_or_never();
        Ok::<_, ModelError>(walked.expect("a database in memory makes nobody wait"))
    };
    let through = events.walks.run(work).await??;
    Ok(answer(Through { indexed_to: indexed_to.0, ..through }, head))
}

/// Goes through the projection in a log that nothing else reads; `followed` says where the events are that followed from the stream's
/// first one, in order.
pub async fn through(
    reader: &dyn Reader,
    models: &Models,
    wanted: &Wanted,
    followed: &[Position],
) -> Result<Through, Refused> {
    let gathered = gather(reader, models, wanted, followed).await?;
    walk(models, wanted, gathered).await
}

/// The position of a stream's first event.
pub async fn first(reader: &dyn Reader, stream: &StreamId) -> Result<Option<Position>, Refused> {
    let read = Read::Stream { stream: stream.clone(), from: Version(0) };
    Ok(reader.read(&read).await?.events.first().map(|event| event.position))
}

async fn walk(
    models: &Models,
    wanted: &Wanted,
    Gathered { events, shown: page, more, left_out }: Gathered,
) -> Result<Through, Refused> {
    let mut steps = Steps::of(wanted.module, &models.zone).await?;
    let (mut items, mut skipped, taken) = (Vec::new(), Vec::new(), events.len());
    for (position, event) in events {
        if !page.contains(&position) {
            skipped.push(event);
            continue;
        }
        steps.skip(&skipped).await?;
        skipped.clear();
        let step = steps.step(&event).await?;
        let rows = step.rows.into_iter().map(row).collect();
        items.push(Step { event: shown(&event), rows, aside: step.aside });
    }
    let last = page.last().filter(|_| more);
    Ok(Through {
        model: wanted.module.name.to_owned(),
        models: models.modules.iter().map(|module| module.name.to_owned()).collect(),
        items,
        next: last.map(|last| After(last.0).encode()),
        taken,
        left_out,
        indexed_to: u64::MAX,
    })
}

fn row(changed: sqlite::RowChange) -> Row {
    let change = match (&changed.before, &changed.after) {
        (None, _) => RowChange::Added,
        (Some(_), Some(_)) => RowChange::Changed,
        (Some(_), None) => RowChange::Removed,
    };
    let at = |values: &Option<sqlite::Values>, column: usize| {
        values.as_ref().and_then(|values| values.get(column).cloned()).flatten()
    };
    let fields = changed.columns.iter().enumerate().map(|(column, name)| {
        let (before, after) = (at(&changed.before, column), at(&changed.after, column));
        Field { name: name.clone(), before, after }
    });
    let differs = |field: &Field| change != RowChange::Changed || field.before != field.after;
    let fields = fields.filter(differs).map(withheld).collect();
    Row { table: changed.table, key: changed.key, change, fields }
}

fn withheld(field: Field) -> Field {
    if field.name != WITHHELD {
        return field;
    }
    let hidden = |value: Option<String>| value.map(|_| "withheld".to_owned());
    Field { before: hidden(field.before), after: hidden(field.after), ..field }
}

impl Models {
    fn find(&self, name: &str) -> Result<&'static Module, Problem> {
        let found = self.modules.iter().find(|module| module.name == name);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = self.modules.iter().map(|module| module.name).collect();
            Problem::field(
                "Model",
                format!("is not a service with a read model; choose one of: {}", names.join(", ")),
            )
        })
    }
}

fn told(refused: Refused) -> Problem {
    match refused {
        Refused::Store(failure) => unreadable(failure),
        Refused::Model(error) => error.into(),
        Refused::Start(error) => Problem::internal(error),
        Refused::NoStream(_) => Problem::not_found(format!("{refused}.")),
        Refused::TooLong(_) => Problem::field("Stream", refused.to_string()),
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        told(refused)
    }
}
