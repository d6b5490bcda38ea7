//! The calls by which an operator has a service's read model built again while it serves; every service has them.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use runtime::{
    Progress, Rebuild,
    model::{Compared, Purpose},
    rebuild::{self, Beside, Refused, Stage, Wish},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Json, Operator, Problem};

/// The calls of a service whose model is looked after by `rebuild`, and is as far as `progress` says: `/model-generations`,
/// `/rebuild-model`, `/switch-model` and `/drop-model`. Every [`Assembly`](crate::Assembly) has them.
pub fn calls(rebuild: Rebuild, progress: Progress) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(model_generations))
        .routes(routes!(rebuild_model))
        .routes(routes!(switch_model))
        .routes(routes!(drop_model))
        .with_state(Arc::new(Model { rebuild, progress }))
}

struct Model {
    rebuild: Rebuild,
    progress: Progress,
}

/// The generations of a read model: the one that answers, and the one beside it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModelGenerations {
    /// The number of the one that answers; 1 until the model was rebuilt while it served.
    pub generation: u32,
    /// How far it is.
    pub position: u64,
    /// The one beside it, which does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherGeneration>,
    /// The last comparison since the service started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<ModelComparison>,
    /// Whether all instances of the service share them.
    #[serde(default)]
    pub shared: bool,
    /// Why this model cannot be rebuilt while it serves, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

/// A generation that does not answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OtherGeneration {
    /// Its number.
    pub generation: u32,
    /// What is done with it.
    pub state: GenerationState,
    /// Whether it answered before, so that dropping it removes the way back.
    #[serde(default)]
    pub served: bool,
    /// How far it is.
    pub position: u64,
    /// The end of the log.
    pub head: u64,
    /// Events a second that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Seconds until it is at the end of the log, at that rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// What is different, or fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is done with a generation that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum GenerationState {
    /// It is taken through the log.
    Building,
    /// It is complete, and compared with the one that answers.
    Comparing,
    /// It is about to answer.
    Switching,
    /// It is complete and differs from the one that answers: switch to it, or drop it.
    Different,
    /// It answered before, follows the log, and can answer again.
    Kept,
    /// It cannot be taken further now; that is tried again.
    Failing,
}

/// How a rebuilt model was compared with the one that answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModelComparison {
    /// Whether the new one is as good.
    pub equal: bool,
    /// By which it was compared: `digest` of all rows, or `counts` and sums if the schemas differ.
    pub by: String,
    /// The rows that were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// The generations of the service's read model.
///
/// Where each instance of a service has a model of its own (`Shared` is false), a gateway asks the one whose name is in the query,
/// `Instance=NAME`; so it does for the calls that change them.
#[utoipa::path(get, path = "/model-generations", security(("token" = [])), responses((status = 200, body = ModelGenerations)))]
async fn model_generations(
    State(model): State<Arc<Model>>,
    _operator: Operator,
) -> Json<ModelGenerations> {
    Json(model.generations(model.rebuild.look().await))
}

/// Builds the read model again, from the log, beside the one that answers. Once both are equal the new one answers, and the old one is kept.
#[utoipa::path(post, path = "/rebuild-model", security(("token" = [])), responses(
    (status = 202, body = ModelGenerations),
    (status = 409, description = "Another generation already exists, or the engine keeps only one."),
))]
async fn rebuild_model(
    State(model): State<Arc<Model>>,
    _operator: Operator,
) -> Result<(StatusCode, Json<ModelGenerations>), Problem> {
    model.ask(Wish::Begin).await
}

/// Has the other generation answer: the one before, or a new one although it is different.
#[utoipa::path(post, path = "/switch-model", security(("token" = [])), responses(
    (status = 202, body = ModelGenerations),
    (status = 409, description = "There is no other generation, or it is not complete."),
))]
async fn switch_model(
    State(model): State<Arc<Model>>,
    _operator: Operator,
) -> Result<(StatusCode, Json<ModelGenerations>), Problem> {
    model.ask(Wish::Switch).await
}

/// Removes the generation that does not answer; one that is being built is given up.
#[utoipa::path(post, path = "/drop-model", security(("token" = [])), responses(
    (status = 202, body = ModelGenerations),
    (status = 409, description = "There is no other generation."),
))]
async fn drop_model(
    State(model): State<Arc<Model>>,
    _operator: Operator,
) -> Result<(StatusCode, Json<ModelGenerations>), Problem> {
    model.ask(Wish::Drop).await
}

impl Model {
    async fn ask(&self, wish: Wish) -> Result<(StatusCode, Json<ModelGenerations>), Problem> {
        self.rebuild.ask(wish).await?;
        Ok((StatusCode::ACCEPTED, Json(self.generations(self.rebuild.state()))))
    }

    fn generations(&self, state: rebuild::State) -> ModelGenerations {
        ModelGenerations {
            generation: state.serving.max(1),
            position: self.progress.position().0,
            other: state.beside.map(other),
            compared: state.compared.as_ref().map(compared),
            shared: self.rebuild.is_shared(),
            unsupported: self.rebuild.unsupported().map(|refused| sentence(&refused)),
        }
    }
}

fn other(beside: Beside) -> OtherGeneration {
    let remaining = beside.remaining().map(|time| time.as_secs());
    let Beside { number, purpose, stage, position, head, rate } = beside;
    let (state, reason) = match stage {
        Stage::Building => (GenerationState::Building, None),
        Stage::Comparing => (GenerationState::Comparing, None),
        Stage::Switching => (GenerationState::Switching, None),
        Stage::Different(how) => (GenerationState::Different, Some(how)),
        Stage::Kept => (GenerationState::Kept, None),
        Stage::Failing(why) => (GenerationState::Failing, Some(why)),
    };
    OtherGeneration {
        generation: number,
        state,
        served: purpose == Purpose::Kept,
        position: position.0,
        head: head.0,
        rate: rate.map(f64::round),
        remaining,
        reason,
    }
}

fn compared(compared: &Compared) -> ModelComparison {
    let (equal, by, rows) = match compared {
        Compared::Equal { rows } => (true, "digest", Some(*rows)),
        Compared::Agree { rows } => (true, "counts", Some(*rows)),
        Compared::Differ(_) => (false, "digest", None),
        Compared::Disagree(_) => (false, "counts", None),
    };
    ModelComparison { equal, by: by.to_owned(), rows }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Failed(error) => error.into(),
            refused => Self::conflict("/problems/conflict", sentence(&refused)),
        }
    }
}

/// As people read it.
fn sentence(refused: &Refused) -> String {
    let text = refused.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_found_by_what_was_compared() {
        let words = || "some".to_owned();
        for (found, by) in
            [(Compared::Differ(words()), "digest"), (Compared::Disagree(words()), "counts")]
        {
            let shown = compared(&found);
            assert_eq!((shown.equal, &*shown.by), (false, by));
        }
    }
}
