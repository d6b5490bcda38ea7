//! Replaces the model in Redis in builds without it.

use std::sync::Arc;

use runtime::{
    ModelError,
    model::{LeftOut, Optional},
};

use super::Model;

/// Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine;

impl Optional for Engine {
    const ENGINE: &'static str = "Redis";
    const FEATURE: &'static str = "redis";
    const SCHEMES: &'static [&'static str] = &["redis", "rediss"];
    const FORMS: &'static str =
        "sqlite:FILE or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]";
}

/// No server can be named.
pub type RedisLocation = LeftOut<Engine>;

/// A model that cannot be opened.
#[derive(Clone, Copy, Debug)]
pub struct RedisModel;

impl RedisModel {
    /// There is nothing to open.
    #[expect(clippy::unused_async, reason = "the real one talks to a server")]
    pub async fn open(location: RedisLocation) -> Result<Arc<dyn Model>, ModelError> {
        location.never()
    }
}
