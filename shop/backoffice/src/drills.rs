//! The drills: prepared incidents of a sample shop, with what users report; the cause is to be found on the other pages.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use contracts::rest::{
    drill::{DRILLS, Drill, named},
    playground::Playground,
};
use serde_json::json;
use site::{Failure, Form, Frame, Page, Shop, refused, see_other};

use crate::manager::ManagerVisit;

/// Where they are.
pub(crate) const HERE: &str = "/drills";
/// From which all chance of a drill comes.
const SEED: u64 = 1;

#[derive(Template)]
#[template(path = "drills.html")]
struct Drills {
    frame: Frame,
    csrf: String,
    form: Form,
    /// The one that is prepared.
    on: Option<&'static Drill>,
}

pub(crate) fn routes() -> Router<Shop> {
    Router::new()
        .route(HERE, get(drills))
        .route("/drills/begin", post(begin))
        .route("/drills/end", post(end))
}

async fn drills(manager: ManagerVisit) -> Result<Page<Drills>, Failure> {
    page(&manager, Form::default()).await
}

async fn begin(
    manager: ManagerVisit,
    State(_): State<Shop>,
    mut form: Form,
) -> Result<Response, Failure> {
    let body = json!({ "Name": form.value("Name"), "Seed": SEED });
    match manager.post::<Playground>("/playground/begin-drill", &body).await {
        Ok(_) => {
            manager.say("The incident is prepared. Begin at the dashboard.");
            Ok(see_other(HERE))
        }
        Err(failure) => {
            form.refuse(failure)?;
            Ok(refused(page(&manager, form).await?).into_response())
        }
    }
}

async fn end(manager: ManagerVisit, _: Form) -> Result<Response, Failure> {
    let _: Playground = manager.post("/playground/heal", &json!({})).await?;
    manager.say("All faults have ended. What they left open ends by itself.");
    Ok(see_other(HERE))
}

async fn page(manager: &ManagerVisit, form: Form) -> Result<Page<Drills>, Failure> {
    let playground: Playground = manager.get("/playground/get-playground", &[("", ""); 0]).await?;
    let on = playground.drill.as_deref().and_then(named);
    let (frame, csrf) = (manager.frame("Drills"), manager.csrf());
    Ok(Page(Drills { frame, csrf, form, on }))
}
