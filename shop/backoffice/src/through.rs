//! A projection, step by step: the events of a stream, and the rows of a read model before and after each.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use contracts::{
    catalogue, product,
    rest::{
        events::RecordedEvent,
        through::{Field, Row, RowChange, Step, Through},
    },
};
use serde::Deserialize;
use serde_json::Value;
use site::{
    Choice, Count, Failure, Form, Frame, Page, Pager, Place, choices, given, see_other, segment,
};

use crate::{history, manager::ManagerVisit, numbers::Exact};

/// Events on one page: each may change several rows of many fields.
const PAGE: &str = "20";

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    stream: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    upto: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "through.html")]
pub(crate) struct ThroughPage {
    frame: Frame,
    /// What to step through, as typed, and what is wrong with it.
    filters: Form,
    models: Vec<Choice>,
    through: Option<Through>,
    pager: Option<Pager>,
}

pub(crate) async fn through(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<ThroughPage>, Failure> {
    let stream = asked.stream.trim();
    let model = if asked.model.is_empty() { owner(stream) } else { &*asked.model };
    let upto = asked.upto.trim();
    let mut filters = Form::filled([("stream", stream.to_owned()), ("upto", upto.to_owned())]);
    let mut through = None;
    if !stream.is_empty() {
        let query = given([
            ("Model", model),
            ("Stream", stream),
            ("Upto", upto),
            ("Limit", PAGE),
            ("After", &asked.place.after),
        ]);
        match manager.get::<Through>("/events/read-through", &query).await {
            Ok(found) => through = Some(found),
            Err(failure) => refuse(&mut filters, failure)?,
        }
    }
    let names = through.as_ref().map_or_else(|| vec![model.to_owned()], |it| it.models.clone());
    let names: Vec<(&str, &str)> = names.iter().map(|name| (&**name, &**name)).collect();
    let kept = [("stream", stream), ("model", model), ("upto", upto)];
    let pager = through
        .as_ref()
        .map(|it| Pager::new("/events/through", &kept, &asked.place, it.next.as_deref()));
    let frame = manager.frame("Step through a projection");
    Ok(Page(ThroughPage { frame, models: choices(&names, model), filters, through, pager }))
}

/// Leads to the steps of the customer of that name, whose stream is named by an id.
pub(crate) async fn of_customer(
    manager: ManagerVisit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let id = history::customer_id(&manager, &name).await?.ok_or(Failure::NotFound)?;
    Ok(see_other(&format!("/events/through?stream=customer-{}", segment(&id))))
}

/// The service that records the stream.
fn owner(stream: &str) -> &str {
    match stream.split('-').next().unwrap_or_default() {
        catalogue::CATEGORY => product::CATEGORY,
        category => category,
    }
}

/// Says beside the fields what is wrong with them.
fn refuse(filters: &mut Form, failure: Failure) -> Result<(), Failure> {
    if failure.refused(404).is_some() {
        filters.reject("stream", "has no event up to that position");
        return Ok(());
    }
    let Some(refusal) = failure.refused(422).or(failure.refused(400)) else {
        return Err(failure);
    };
    if refusal.errors.is_empty() {
        filters.alert(&*refusal.detail);
    }
    for error in &refusal.errors {
        filters.reject(&error.field.to_lowercase(), &*error.detail);
    }
    Ok(())
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl ThroughPage {
    fn kind<'a>(&self, event: &'a RecordedEvent) -> &'a str {
        &event.r#type
    }

    /// What the event says, indented.
    fn data(&self, event: &RecordedEvent) -> String {
        let data: Value = serde_json::from_str(event.data.get()).unwrap_or_default();
        serde_json::to_string_pretty(&data).unwrap_or_default()
    }

    /// What happened to a row, and how that looks.
    fn change(&self, row: &Row) -> (&'static str, &'static str) {
        match row.change {
            RowChange::Added => ("added", "good"),
            RowChange::Changed => ("changed", "busy"),
            RowChange::Removed => ("removed", "bad"),
        }
    }

    fn is_changed(&self, row: &Row) -> bool {
        row.change == RowChange::Changed
    }

    /// The fields worth showing: of a row that was added or removed, those with a value.
    fn fields<'a>(&self, row: &'a Row) -> Vec<&'a Field> {
        let says = |field: &&Field| {
            self.is_changed(row) || field.before.is_some() || field.after.is_some()
        };
        row.fields.iter().filter(says).collect()
    }

    /// The only value of a field of a row that was added or removed.
    fn value<'a>(&self, field: &'a Field) -> &'a str {
        field.after.as_deref().or(field.before.as_deref()).unwrap_or_default()
    }

    fn changes_nothing(&self, step: &Step) -> bool {
        step.rows.is_empty() && step.aside.is_none()
    }
}
