//! Live pages: server-sent events to the browser, each a part of the page.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt};

use crate::{Failure, Refusal, Visit, zone::Zonal};

/// Interval of keep-alive comments, so that no proxy takes the silence for the end.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A response that lasts until `events` or the site ends; refused beyond the limits of a user and an address. The script puts the
/// data of an event `part` in the place of `[data-live]`.
///
/// `events` asks the gateway with the visitor's token, and so ends with the session.
pub fn live(
    visit: &Visit,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, Failure> {
    let user = visit.require_user()?;
    let streams = &visit.site().0.config.streams;
    let place = streams.enter(Some(&user.name), visit.client_address()).map_err(|problem| {
        Failure::Refused(Box::new(Refusal {
            status: problem.status().as_u16(),
            title: problem.to_string(),
            ..Refusal::default()
        }))
    })?;
    let events =
        Zonal::new(events).take_until(visit.shutdown().cancelled_owned()).map(move |event| {
            let _held_as_long_as_the_stream = &place;
            Ok::<_, Infallible>(event)
        });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}
