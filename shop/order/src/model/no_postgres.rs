//! Replaces the model in PostgreSQL in builds without it.

use std::sync::Arc;

use runtime::{
    ModelError,
    model::{LeftOut, Optional},
};

use super::Model;

/// PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine;

impl Optional for Engine {
    const ENGINE: &'static str = "PostgreSQL";
    const FEATURE: &'static str = "postgres";
    const SCHEMES: &'static [&'static str] = &["postgres", "postgresql"];
    const FORMS: &'static str =
        "sqlite:FILE or postgres://USER:PASSWORD@HOST[:PORT]/DATABASE[?schema=NAME]";
}

/// No server can be named.
pub type PostgresLocation = LeftOut<Engine>;

/// A model that cannot be opened.
#[derive(Clone, Copy, Debug)]
pub struct PostgresModel;

impl PostgresModel {
    /// There is nothing to open.
    #[expect(clippy::unused_async, reason = "the real one talks to a server")]
    pub async fn open(location: PostgresLocation) -> Result<Arc<dyn Model>, ModelError> {
        location.never()
    }
}
