//! An event-sourced system in one process: its rules, what follows from them, what can be asked, and HTTP, behind one dependency.
//!
//! Use it to begin: everything works in one process with nothing installed, and over RabbitMQ, MongoDB and PostgreSQL by settings alone.
//! It is not an ORM, nor a place for state that is not derived from events. If you need more than it offers, reach the crates below
//! through [`System::deps`].
//!
//! ```
//! use agora::prelude::*;
//!
//! events! { Counted { Raised { by: u32 } = "counter.raised" @ 1 } }
//!
//! #[derive(Clone, Default)]
//! struct Counter(u64);
//!
//! impl Aggregate for Counter {
//!     const CATEGORY: &'static str = "counter";
//!     type Command = u32;
//!     type Event = Counted;
//!
//!     fn decide(&self, by: &u32) -> Decision<Counted> {
//!         if *by == 0 { refuse("Raise it by at least 1.") } else { Ok(vec![Counted::Raised { by: *by }]) }
//!     }
//!
//!     fn evolve(&mut self, event: &Counted) {
//!         let Counted::Raised { by } = event;
//!         self.0 += u64::from(*by);
//!     }
//! }
//!
//! async fn routes(system: &System) -> Result<Router> {
//!     let counters = system.commands::<Counter>()?;
//!     let raise = async move |Path(id): Path<Id>, request: Request<u32>| counters.answer(&id, request).await;
//!     Ok(Router::new().route("/counters/{id}", post(raise)))
//! }
//!
//! # mod program {
//! # use super::routes;
//! # pub
//! fn main() -> std::process::ExitCode {
//!     agora::serve("counters", routes, "127.0.0.1:37000")
//! }
//! # }
//! #
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! #     use std::sync::Arc;
//! #     use agora::{Environment, Models, Settings, axum::{body::Body, http}};
//! #     use tower::ServiceExt as _;
//! #     let files = Arc::new(eventlog::simdisk::SimDisk::new(1));
//! #     let environment = Environment { files, ..Environment::real()? };
//! #     let settings = Settings { models: Models::Memory("front-page".to_owned()), ..Settings::new("counters") };
//! #     let system = System::start(settings, environment).await?;
//! #     let router = system.service(routes(&system).await?)?.router;
//! #     for (by, status) in [(5, 200), (0, 409)] {
//! #         let request = http::Request::post("/counters/visits").header("content-type", "application/json");
//! #         let answer = router.clone().oneshot(request.body(Body::from(by.to_string()))?).await?;
//! #         assert_eq!(answer.status(), status);
//! #     }
//! #     assert!(system.shut_down().await);
//! #     let _never_run = program::main;
//! #     Ok(())
//! # }
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | declare what can happen, and read what was recorded years ago | [`events!`] |
//! | decide | [`Aggregate`], [`System::commands`] |
//! | show it | [`System::project`], [`Model`] |
//! | let it lead to more, exactly once | [`System::react`] |
//! | tell the world outside, at least once | [`System::follow`] |
//! | answer HTTP | [`System::serve`], [`Request`] |
//! | choose engines, without changing code | [`Settings`] |
//!
//! The own log, the bus within the process and read models in SQLite are always there. The features `rabbitmq`, `mongodb` and `postgres`
//! add engines; `http` (on by default) is the HTTP side.

#![deny(missing_docs)]

mod aggregate;
mod commands;
mod engines;
mod environment;
mod happened;
#[cfg(feature = "http")]
mod http;
mod id;
mod model;
mod react;
mod run;
mod settings;
mod system;

pub use aggregate::{Aggregate, Decision, Refused, refuse};
pub use commands::Commands;
pub use environment::Environment;
pub use happened::Happened;
#[cfg(feature = "http")]
pub use http::Request;
pub use id::{Id, IdError};
pub use model::{Changes, IntoValue, Model, Row, Schema, Value, Values};
pub use run::run;
#[cfg(feature = "http")]
pub use run::serve;
pub use settings::{Bus, EventStore, Models, Settings};
pub use system::System;

pub use anyhow::{Error, Result};
pub use kernel::events;
#[cfg(feature = "http")]
pub use {axum, utoipa_axum, web};
pub use {kernel, runtime, serde, serde_json, store, tokio};

/// What the signatures of a system need.
pub mod prelude {
    #[cfg(feature = "http")]
    pub use crate::http::Request;
    pub use crate::{
        Aggregate, Changes, Commands, Decision, Happened, Id, Model, Refused, Result, Row, Schema,
        System, events, refuse,
    };
    #[cfg(feature = "http")]
    pub use axum::{
        Router,
        routing::{get, post},
    };
    pub use serde::{Deserialize, Serialize};
    #[cfg(feature = "http")]
    pub use web::{At, Context, Json, Path, Problem, Query};
}
