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
    engine: String,
    /// None while the service does not answer.
    found: Option<ModelGenerations>,
    /// Each would have its own generations, and only one of them would be asked.
    several: bool,
}

impl Models {
    /// Asks every service of `status` for its model.
    pub(crate) async fn of(manager: &ManagerVisit, status: Option<&Status>) -> Self {
        let services = status.iter().flat_map(|status| status.services());
        let models = join_all(services.map(|service| Model::of(manager, service))).await;
        Self { models: models.into_iter().flatten().collect(), csrf: manager.csrf() }
    }
}

fn instances(service: &Service) -> usize {
    service.instances.iter().filter(|instance| instance.here).count()
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
    let path = format!("/{}/{call}", site::segment(&service));
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
    /// None if the service has none, or is of another kind or version, which does not have the call.
    async fn of(manager: &ManagerVisit, service: &Service) -> Option<Self> {
        let kept = service.model()?;
        let path = format!("/{}/model-generations", site::segment(&service.name));
        let answer = soon(manager.get::<ModelGenerations>(&path, &[("", ""); 0])).await;
        if answer.as_ref().is_err_and(|failure| failure.refused(404).is_some()) {
            return None;
        }
        Some(Self {
            name: service.name.clone(),
            engine: kept.engine.clone(),
            // Whatever one service says, the page shows the others; whether the visitor may see it, the gateway has said.
            found: answer.ok(),
            several: instances(service) > 1,
        })
    }

    fn other(&self) -> Option<&OtherGeneration> {
        self.found.as_ref()?.other.as_ref()
    }

    /// Why nothing can be done with it here.
    fn fixed(&self) -> Option<String> {
        let Some(found) = &self.found else {
            return Some("The service does not answer.".to_owned());
        };
        if let Some(unsupported) = &found.unsupported {
            return Some(unsupported.replace("SERVICE", &self.name));
        }
        (self.several && !found.shared).then(|| {
            "It runs in several instances, each with a model of its own; stop all but one to rebuild it here."
                .to_owned()
        })
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
