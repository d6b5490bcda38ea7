//! What a page shows that needs a part which is away: the part, since when, and what that means.

use askama::Template;
use axum::{
    extract::Request,
    http::{Method, StatusCode, header::RETRY_AFTER},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use site::{Failure, Frame, Moment, Page};

use crate::{
    manager::ManagerVisit,
    outage::{State, Trouble},
    status::{self, Status},
};

/// The page tries again by itself after so many seconds.
const AGAIN_SECONDS: &str = "3";

#[derive(Template)]
#[template(path = "away.html")]
struct Away {
    frame: Frame,
    status: Status,
}

/// Instead of saying only that the shop cannot be reached, names the parts that are away, where the gateway knows them.
pub(crate) async fn named(
    manager: Result<ManagerVisit, Failure>,
    request: Request,
    next: Next,
) -> Response {
    let is_looked_at = *request.method() == Method::GET;
    let response = next.run(request).await;
    let is_unreachable =
        matches!(response.extensions().get::<Failure>(), Some(Failure::Unreachable { .. }));
    let Ok(manager) = manager else { return response };
    if !(is_looked_at && is_unreachable) {
        return response;
    }
    let Ok(Some(status)) = status::read(&manager).await else { return response };
    let Some(title) = title(&status) else { return response };
    let page = Page(Away { frame: manager.frame(title), status });
    let headers = [("refresh", AGAIN_SECONDS), (RETRY_AFTER.as_str(), AGAIN_SECONDS)];
    (StatusCode::SERVICE_UNAVAILABLE, headers, page).into_response()
}

/// What is away; none if no part is known to be.
fn title(status: &Status) -> Option<String> {
    let stopped = stopped(status);
    let (first, others) = stopped.split_first()?;
    if !others.is_empty() {
        return Some("Parts of the shop do not answer".to_owned());
    }
    let kind = if first.is_service { " service" } else { "" };
    let state = match first.outage.state {
        State::NotReady => "is not ready",
        _ => "does not answer",
    };
    Some(format!("The {}{kind} {state}", first.name))
}

/// The parts that cannot be used.
fn stopped(status: &Status) -> Vec<Trouble<'_>> {
    let mut troubled = status::troubled(Some(status), None);
    troubled.retain(|trouble| trouble.outage.state.stops());
    troubled
}

impl Away {
    fn stopped(&self) -> Vec<Trouble<'_>> {
        stopped(&self.status)
    }
}
