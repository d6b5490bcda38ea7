//! An event-sourced system in one process: its rules, what follows from them, what can be asked, and HTTP, behind one dependency.
//!
//! ```no_run
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
//! fn main() -> std::process::ExitCode {
//!     agora::serve("counters", routes, "127.0.0.1:37000")
//! }
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

mod aggregate;
mod commands;
mod engines;
mod ground;
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
pub use ground::Ground;
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
