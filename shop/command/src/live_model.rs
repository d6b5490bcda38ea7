//! Compares a running shop's read models with models rebuilt here from its events.

use std::sync::Arc;

use anyhow::bail;
use contracts::rest::events::RecordedEvent;
use jiff::tz::TimeZone;
use kernel::{
    Actor, Cause, EventId, EventType, Idempotency, Metadata, Position, Recorded, StreamId, Version,
};
use registry::Filled;
use serde::Deserialize;
use store::Page;

use crate::{client::Client, models::Model, outcome::Outcome, shop, term};

/// The digest of a model, as returned by its service.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Digest {
    position: u64,
    #[serde(rename = "Digest")]
    hash: String,
    rows: u64,
}

/// Compares every model by digest, each at the position where its service has it.
pub(crate) async fn check(
    client: &Client,
    models: &[Model],
    zone: &TimeZone,
) -> anyhow::Result<Outcome> {
    let mut asked = Vec::new();
    for model in models {
        let digest: Digest = client.get(&format!("/{}/model-digest", model.name())).await?;
        let fresh = model.fresh(&format!("check-{}", model.name()), zone).await?;
        asked.push((*model, digest, fresh));
    }
    let last = asked.iter().map(|(_, digest, _)| digest.position).max().unwrap_or(0);
    fill(client, &asked, Position(last)).await?;
    for (model, digest, fresh) in asked {
        let dump = fresh.dump().await?;
        let (name, position) = (model.name(), digest.position);
        if web::digest(&dump) != digest.hash {
            bail!(
                "{name}: the running model at {position} ({} rows) differs from a rebuilt one ({} rows)",
                digest.rows,
                dump.len()
            );
        }
        term::line(format_args!(
            "{name}: equals a model rebuilt from the events up to {position} ({} rows)",
            dump.len()
        ))?;
    }
    Ok(Outcome::Done)
}

async fn fill(
    client: &Client,
    asked: &[(Model, Digest, Box<dyn Filled>)],
    last: Position,
) -> anyhow::Result<()> {
    let progress = term::Progress::new("rebuilding", usize::try_from(last.0.div_ceil(PAGE))?);
    let (mut after, mut done) = (None, Position::START);
    while done < last {
        let limit = usize::try_from(PAGE)?;
        let (page, next) =
            shop::page::<RecordedEvent>(client, "/events/read-all", limit, after.as_deref())
                .await?;
        let events: Vec<Arc<Recorded>> = page
            .into_iter()
            .map(|event| recorded(event).map(Arc::new))
            .collect::<anyhow::Result<_>>()?;
        let Some(newest) = events.last().map(|event| event.position) else {
            bail!("the log ended before {last}")
        };
        for (_, digest, fresh) in asked {
            let upto = Position(digest.position).min(newest);
            if upto > done {
                let due: Vec<_> =
                    events.iter().filter(|event| event.position <= upto).cloned().collect();
                fresh.take(&due, upto).await?;
            }
        }
        progress.advance();
        (after, done) = (next, newest);
    }
    Ok(())
}

/// Events asked for at once.
const PAGE: u64 = if Page::EVENTS_MAX < 500 { Page::EVENTS_MAX as u64 } else { 500 };

fn recorded(event: RecordedEvent) -> anyhow::Result<Recorded> {
    let cause = event
        .reactor
        .zip(event.cause)
        .map(|(reactor, position)| Cause { reactor: reactor.into(), position: Position(position) });
    Ok(Recorded {
        position: Position(event.position),
        stream: StreamId::parse(&event.stream)?,
        version: Version(event.version),
        id: EventId(event.id),
        kind: EventType::parse(&event.r#type)?,
        schema: event.schema,
        time: event.time,
        metadata: Metadata {
            actor: event.actor.parse::<Actor>()?,
            correlation: event.correlation,
            traceparent: event.traceparent.map(Into::into),
            cause,
            idempotency: event.idempotency.map(|known| Idempotency {
                key: known.key,
                request: known.request,
                creates: known.creates,
                as_sent: None,
            }),
        },
        data: event.data.into(),
    })
}
