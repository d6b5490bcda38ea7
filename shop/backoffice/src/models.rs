//! The read models on the System page: how each is kept, and what a manager can have done with it while the shop serves.

use std::time::Duration;

use askama::{Template, filters::HtmlSafe};
use axum::response::{Response, sse::Event};
use futures_util::{future::join_all, stream};
use serde_json::{Value, json};
use site::{Badge, Count, Failure, Form, Markup, Tone, see_other};
use web::{GenerationState, ModelGenerations, OtherGeneration};

use crate::{
    manager::ManagerVisit,
    status::{self, Service, Status, soon},
};

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// The read models of all services, with what can be done.
#[derive(Template)]
#[template(path = "models.html")]
pub(crate) struct Models {
    models: Vec<Model>,
    csrf: String,
}

/// A service's read model.
struct Model {
    name: String,
    /// The one that has it, where each instance of the service has its own.
    instance: Option<String>,
    engine: String,
    /// None while the service does not answer.
    found: Option<ModelGenerations>,
}

impl Models {
    /// Asks every service of `status` for its model.
    pub(crate) async fn of(manager: &ManagerVisit, status: Option<&Status>) -> Self {
        let services = status.iter().flat_map(|status| status.services());
        let models = join_all(services.map(|service| Model::of(manager, service))).await;
        Self { models: models.into_iter().flatten().collect(), csrf: manager.csrf() }
    }
}

/// The path of a call about the model of a service, or of one of its instances.
fn path(service: &str, call: &str, instance: Option<&str>) -> String {
    let of = instance.map(|name| format!("?Instance={}", site::segment(name)));
    format!("/{}/{call}{}", site::segment(service), of.unwrap_or_default())
}

/// The models, again whenever something about them has changed.
pub(crate) async fn live(manager: ManagerVisit) -> Result<Response, Failure> {
    let looker = manager.clone();
    let parts = stream::unfold((looker, None::<String>), async |(looker, before)| {
        let mut is_first = before.is_none();
        loop {
            if !std::mem::take(&mut is_first) {
                tokio::time::sleep(LOOK).await;
            }
            let status = status::read(&looker).await.ok()?;
            let models = Models::of(&looker, status.as_ref()).await;
            let shown = Markup::of(&models).as_str().to_owned();
            // A part that stays as it is can be clicked in peace.
            if before.as_ref() != Some(&shown) {
                let part = Event::default().event("part").data(&shown);
                return Some((part, (looker, Some(shown))));
            }
        }
    });
    site::live(&manager, parts)
}

/// Does what a manager wants done with a model.
pub(crate) async fn decide(manager: ManagerVisit, form: Form) -> Result<Response, Failure> {
    let service = form.value("Service").to_owned();
    let (call, done) = match form.value("Wish") {
        "rebuild" => ("rebuild-model", "is being rebuilt while the shop serves"),
        "switch" => ("switch-model", "is about to give way to the other generation"),
        "drop" => ("drop-model", "has no other generation any more"),
        _ => return Err(Failure::Malformed),
    };
    let instance = Some(form.value("Instance")).filter(|name| !name.is_empty());
    let path = path(&service, call, instance);
    match manager.post::<Value>(&path, &json!({})).await {
        Ok(_) => manager.say(format!("The read model of {service} {done}.")),
        Err(failure) => match failure.refused(409) {
            Some(refusal) => manager.say(refusal.detail.replace("SERVICE", &service)),
            None => return Err(failure),
        },
    }
    Ok(see_other("/system"))
}

impl Model {
    /// The service's model, or that of each of its instances; nothing if it has none, or is of another kind or version, which does not have
    /// the call.
    async fn of(manager: &ManagerVisit, service: &Service) -> Vec<Self> {
        let Some(one) = Self::at(manager, service, None).await else { return Vec::new() };
        let here = service.instances.iter().filter(|instance| instance.here);
        let names: Vec<&str> = here.map(|instance| &*instance.name).collect();
        if names.len() < 2 || one.found.as_ref().is_none_or(|found| found.shared) {
            return vec![one];
        }
        let each = names.into_iter().map(|name| Self::at(manager, service, Some(name)));
        join_all(each).await.into_iter().flatten().collect()
    }

    async fn at(manager: &ManagerVisit, service: &Service, instance: Option<&str>) -> Option<Self> {
        let kept = service.model()?;
        let path = path(&service.name, "model-generations", instance);
        let answer = soon(manager.get::<ModelGenerations>(&path, &[("", ""); 0])).await;
        if answer.as_ref().is_err_and(|failure| failure.refused(404).is_some()) {
            return None;
        }
        Some(Self {
            name: service.name.clone(),
            instance: instance.map(str::to_owned),
            engine: kept.engine.clone(),
            // Whatever one service says, the page shows the others; whether the visitor may see it, the gateway has said.
            found: answer.ok(),
        })
    }

    /// What it is called on the page: the service, and which of its instances.
    fn title(&self) -> String {
        let instance = self.instance.as_ref().map(|name| format!(", instance {name}"));
        format!("{}{}", self.name, instance.unwrap_or_default())
    }

    /// The same as a part of ids on the page.
    fn key(&self) -> String {
        let instance = self.instance.as_ref().map(|name| format!("-{name}"));
        format!("{}{}", self.name, instance.unwrap_or_default())
    }

    fn other(&self) -> Option<&OtherGeneration> {
        self.found.as_ref()?.other.as_ref()
    }

    /// Why nothing can be done with it here.
    fn fixed(&self) -> Option<String> {
        let Some(found) = &self.found else {
            return Some("The service does not answer.".to_owned());
        };
        found.unsupported.as_ref().map(|unsupported| unsupported.replace("SERVICE", &self.name))
    }

    fn badge(&self) -> Option<Badge> {
        Some(match self.other()?.state {
            GenerationState::Building => Badge::new("Rebuilding", Tone::Warn),
            GenerationState::Comparing => Badge::new("Comparing", Tone::Warn),
            GenerationState::Switching => Badge::new("Switching", Tone::Warn),
            GenerationState::Different => Badge::new("Differs", Tone::Bad),
            GenerationState::Kept => Badge::new("Kept", Tone::Good),
            GenerationState::Failing => Badge::new("Failing", Tone::Bad),
        })
    }

    fn is_under_way(&self) -> bool {
        use GenerationState::{Building, Comparing, Failing, Switching};
        self.other()
            .is_some_and(|other| matches!(other.state, Building | Comparing | Failing | Switching))
    }

    /// Whether the generation beside the one that answers answered before.
    fn served(&self) -> bool {
        self.other().is_some_and(|other| other.served)
    }

    fn is_building(&self) -> bool {
        self.other().is_some_and(|other| other.state == GenerationState::Building)
    }

    fn differs(&self) -> bool {
        self.other().is_some_and(|other| other.state == GenerationState::Different)
    }

    /// What is beside the generation that answers, in a sentence.
    fn words(&self) -> String {
        let Some(other) = self.other() else { return self.compared() };
        let number = other.generation;
        match other.state {
            GenerationState::Building => format!("Generation {number}: {}", progress(other)),
            GenerationState::Comparing => {
                format!("Generation {number} is complete, and compared with the one that answers.")
            }
            GenerationState::Switching => format!("Generation {number} is about to answer."),
            GenerationState::Different | GenerationState::Failing => {
                let why = other.reason.as_deref().unwrap_or_default();
                format!("Generation {number}: {why}.")
            }
            GenerationState::Kept => {
                format!(
                    "Generation {number} follows the events too, to answer again if need be. {}",
                    self.compared()
                )
            }
        }
    }

    /// How the last rebuild came out.
    fn compared(&self) -> String {
        let compared = self.found.as_ref().and_then(|found| found.compared.as_ref());
        match compared.filter(|compared| compared.equal) {
            Some(compared) => {
                let rows = Count(compared.rows.unwrap_or(0));
                let how =
                    if compared.by == "counts" { "agreed in counts and sums" } else { "was equal" };
                format!("The last rebuild {how}: {rows} rows.")
            }
            None => String::new(),
        }
    }
}

fn progress(other: &OtherGeneration) -> String {
    let far = format!("{} of {} events", Count(other.position), Count(other.head));
    match (other.rate, other.remaining) {
        (Some(rate), Some(seconds)) => {
            format!("{far}, {}, about {} s more.", status::per_second(rate), Count(seconds + 1))
        }
        _ => format!("{far}."),
    }
}

impl HtmlSafe for Models {}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(instance: Option<&str>) -> Model {
        let found = json!({ "Generation": 1, "Position": 7 });
        Model {
            name: "product".to_owned(),
            instance: instance.map(str::to_owned),
            engine: "SQLite".to_owned(),
            found: Some(serde_json::from_value(found).expect("an answer")),
        }
    }

    #[test]
    fn each_instance_with_a_model_of_its_own_can_be_told_to_rebuild_it() {
        let models = vec![model(Some("product-a")), model(Some("product-b"))];
        let page = Models { models, csrf: String::new() }.render().expect("a page");
        for name in ["product-a", "product-b"] {
            let told = [
                format!("product, instance {name}</dt>"),
                format!("name=\"Instance\" value=\"{name}\""),
                format!("id=\"rebuild-product-{name}\""),
            ];
            assert!(told.iter().all(|told| page.contains(told)), "{name}: {page}");
        }
        assert_eq!(
            path("product", "rebuild-model", Some("product-a")),
            "/product/rebuild-model?Instance=product-a"
        );
        let alone = Models { models: vec![model(None)], csrf: String::new() };
        let page = alone.render().expect("a page");
        assert!(page.contains("id=\"rebuild-product\"") && !page.contains("Instance"), "{page}");
    }
}
