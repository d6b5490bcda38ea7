//! The guided tour: a page for each step, and the way back to it from the real pages.

use std::time::Duration;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Request},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{LOCATION, REFERER},
    },
    middleware::Next,
    response::Response,
    routing::get,
};
use site::{Failure, Frame, Page, Shop};

use crate::{
    guide::{
        self, BOOK, Chapter, Code, Deed, HALF_A_YEAR_AGO, HERE, STEPS, Step, chapter, in_address,
        numbered, with_step,
    },
    manager::ManagerVisit,
    playground,
};

/// From now back to the day that is travelled to.
const HALF_A_YEAR: Duration = Duration::from_hours(182 * 24);

pub(crate) fn routes() -> Router<Shop> {
    Router::new()
        .route(HERE, get(overview))
        .route("/tour/{number}", get(step))
        .route("/tour/code/{*file}", get(source))
}

#[derive(Template)]
#[template(path = "tour.html")]
pub(crate) struct Overview {
    frame: Frame,
    plays: bool,
}

#[derive(Template)]
#[template(path = "tour-step.html")]
pub(crate) struct StepPage {
    frame: Frame,
    /// From 1.
    number: usize,
    step: &'static Step,
    /// Whether the shop has a playground.
    plays: bool,
    half_a_year_ago: String,
}

/// A file that a step shows lines of, whole: the program has it in itself, so the page needs no network.
#[derive(Template)]
#[template(path = "source.html")]
pub(crate) struct SourcePage {
    frame: Frame,
    code: &'static Code,
}

async fn overview(manager: ManagerVisit) -> Page<Overview> {
    let frame = manager.frame("Guided tour");
    let plays = frame.has_way(playground::HERE);
    Page(Overview { frame, plays })
}

async fn step(
    manager: ManagerVisit,
    Path(number): Path<String>,
) -> Result<Page<StepPage>, Failure> {
    let (number, step) = number.parse().ok().and_then(numbered).ok_or(Failure::NotFound)?;
    let frame = manager.frame(format!("{}. {}", number, step.title));
    let now = site::zone().local(manager.now());
    let then = now.checked_sub(HALF_A_YEAR).unwrap_or(now);
    let half_a_year_ago = then.strftime("%Y-%m-%dT%H:%M").to_string();
    let plays = frame.has_way(playground::HERE);
    Ok(Page(StepPage { frame, number, step, plays, half_a_year_ago }))
}

async fn source(
    manager: ManagerVisit,
    Path(file): Path<String>,
) -> Result<Page<SourcePage>, Failure> {
    let code = guide::source(&file).ok_or(Failure::NotFound)?;
    Ok(Page(SourcePage { frame: manager.frame(code.file), code }))
}

impl SourcePage {
    /// Each line with its number.
    fn lines(&self) -> impl Iterator<Item = (usize, &'static str)> {
        (1..).zip(self.code.source().lines())
    }
}

impl Overview {
    /// The steps with their numbers.
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn steps(&self) -> impl Iterator<Item = (usize, &'static Step)> {
        (1..).zip(&STEPS)
    }
}

impl StepPage {
    /// Where a thing is done, as a page of this step.
    fn href(&self, deed: &Deed) -> String {
        let href = deed.link.as_ref().map_or("", |link| link.href);
        with_step(&href.replace(HALF_A_YEAR_AGO, &self.half_a_year_ago), self.number)
    }

    /// Each excerpt with its first line.
    fn code(&self) -> impl Iterator<Item = (&'static Code, usize, String)> {
        let excerpt = |code: &'static Code| code.excerpt().map(|(line, text)| (code, line, text));
        self.step.code.iter().filter_map(excerpt)
    }

    /// What the book says about it, in a shop that has the book.
    fn chapter(&self) -> Option<&'static Chapter> {
        chapter(self.number).filter(|_| self.frame.has_way(BOOK))
    }

    /// The step before and the one after.
    fn around(&self) -> [Option<(usize, &'static Step)>; 2] {
        [self.number.checked_sub(1).and_then(numbered), numbered(self.number + 1)]
    }
}

/// A page that leads on to another one, and a form that is sent from a page of a step, lead to a page of that step.
pub(crate) async fn along(request: Request, next: Next) -> Response {
    let from = match *request.method() {
        Method::POST => came_from(request.headers()),
        _ => of(request.uri()),
    };
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SEE_OTHER
        && let Some(number) = from
        && let Some(to) = response.headers().get(LOCATION).and_then(|to| to.to_str().ok())
        && let Ok(to) = HeaderValue::from_str(&with_step(to, number))
    {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

fn came_from(headers: &HeaderMap) -> Option<usize> {
    of(&headers.get(REFERER)?.to_str().ok()?.parse().ok()?)
}

fn of(page: &Uri) -> Option<usize> {
    in_address(page.path_and_query()?.as_str()).map(|(number, _)| number)
}
