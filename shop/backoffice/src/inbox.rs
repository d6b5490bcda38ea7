//! The inboxes: events that parts of the shop could not take, each to be retried or skipped.

use askama::Template;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use site::{Count, Failure, Form, Frame, Page, refused, see_other};

use web::{InboxEntries, InboxEntry};

use crate::{
    manager::ManagerVisit,
    status::{Service, Status},
};

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    frame: Frame,
    entries: Vec<InboxEntry>,
    /// Services that do not answer now.
    silent: Vec<String>,
    form: Form,
    csrf: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decision<'a> {
    subscriber: &'a str,
    position: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

pub(crate) async fn inbox(manager: ManagerVisit) -> Result<Response, Failure> {
    Ok(show(&manager, Form::default()).await?.into_response())
}

/// Has an entry retried, or skipped for the reason that was typed.
pub(crate) async fn decide(manager: ManagerVisit, mut form: Form) -> Result<Response, Failure> {
    let subscriber = form.value("Subscriber").to_owned();
    let service = subscriber.split('.').next().unwrap_or_default();
    let position = form.value("Position").parse().map_err(|_| Failure::Malformed)?;
    let reason = form.value("Reason").trim().to_owned();
    let skips = form.value("Decision") == "skip";
    if skips && reason.is_empty() {
        form.alert("Say why the event is skipped: the reason is recorded.");
        return Ok(refused(show(&manager, form).await?));
    }
    let (call, reason) = if skips { ("skip-event", Some(&*reason)) } else { ("retry-event", None) };
    let decision = Decision { subscriber: &subscriber, position, reason };
    let path = format!("/{}/{call}", site::segment(service));
    match manager.post::<Value>(&path, &decision).await {
        Ok(_) => {
            let what = if skips { "skipped" } else { "retried" };
            manager.say(format!("The event at position {position} is {what}."));
            Ok(see_other("/inbox"))
        }
        Err(failure) if failure.refused(404).is_some() => {
            manager.say("That has been decided already.");
            Ok(see_other("/inbox"))
        }
        Err(failure) => {
            form.refuse(failure)?;
            Ok(refused(show(&manager, form).await?))
        }
    }
}

async fn show(manager: &ManagerVisit, form: Form) -> Result<Page<InboxPage>, Failure> {
    let nothing = &[("", ""); 0];
    let status: Status = manager.get("/system/get-status", nothing).await?;
    let (mut entries, mut silent) = (Vec::new(), Vec::new());
    for Service { name, .. } in status.services {
        match manager
            .get::<InboxEntries>(&format!("/{}/inbox", site::segment(&name)), nothing)
            .await
        {
            Ok(inbox) => entries.extend(inbox.entries),
            // Not every service has one, such as the event store or a guest.
            Err(failure) if failure.refused(404).is_some() => {}
            Err(Failure::Unreachable { .. }) => silent.push(name),
            Err(failure) => return Err(failure),
        }
    }
    let (frame, csrf) = (manager.frame("Inbox"), manager.csrf());
    Ok(Page(InboxPage { frame, entries, silent, form, csrf }))
}
