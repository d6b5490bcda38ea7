//! Rebuilds read models while the shop runs; switches back to the previous one, or drops it.

use std::{fmt, time::Duration};

use anyhow::{anyhow, bail};
use web::{GenerationState, ModelComparison, ModelGenerations, OtherGeneration};

use crate::{
    client::{Client, Request},
    models::Model,
    outcome::Outcome,
    status::{self, Instance, Status},
    term,
};

/// The time between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(300);
/// The time between two lines about it where there is no terminal.
const TELL: u32 = 30;

/// What to do with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Live,
    Back,
    Accept,
    Drop,
}

pub(super) async fn run(client: &Client, models: &[Model], wish: Wish) -> anyhow::Result<Outcome> {
    let shop: Status = client.get(status::PATH).await?;
    let mut all = Vec::new();
    for model in models {
        all.extend(every(client, &shop, model.name()).await?);
    }
    for live in &all {
        live.fulfil(wish).await?;
    }
    Ok(Outcome::Done)
}

/// The model of a service; or those of its instances, where each has one of its own.
async fn every<'a>(
    client: &'a Client,
    status: &Status,
    name: &'a str,
) -> anyhow::Result<Vec<Live<'a>>> {
    let services = status.services.iter().filter(|service| service.name == name);
    let instances = services.flat_map(|service| &service.instances);
    let here: Vec<_> = instances.filter(|instance| instance.here).collect();
    let one = Live { client, name, instance: None };
    if here.len() < 2 || one.look().await?.shared {
        return Ok(vec![one]);
    }
    let named = |instance: &&Instance| Some(instance.name.clone());
    Ok(here.iter().map(|instance| Live { client, name, instance: named(instance) }).collect())
}

/// A model of a running shop.
struct Live<'a> {
    client: &'a Client,
    name: &'a str,
    /// The one that has it, of several.
    instance: Option<String>,
}

impl fmt::Display for Live<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.instance.iter().try_for_each(|instance| write!(f, " ({instance})"))
    }
}

impl Live<'_> {
    async fn fulfil(&self, wish: Wish) -> anyhow::Result<()> {
        let found = self.look().await?;
        if let Some(unsupported) = &found.unsupported {
            bail!("{self}: {unsupported} Then `agora rebuild {}` rebuilds it", self.name);
        }
        let (state, before) = (found.other.as_ref().map(|other| other.state), found.generation);
        match wish {
            Wish::Live if state.is_some_and(is_under_way) => self.built(&found).await,
            Wish::Live => {
                let begun = self.ask("rebuild-model").await?;
                self.built(&begun).await
            }
            Wish::Back if state == Some(GenerationState::Kept) => {
                let now = self.switched(before).await?.generation;
                self.say(format_args!("generation {now} serves again; generation {before} is kept"))
            }
            Wish::Back => {
                bail!("{self}: no earlier model is kept, so there is none to go back to")
            }
            Wish::Accept if state == Some(GenerationState::Different) => {
                let now = self.switched(before).await?.generation;
                self.say(format_args!(
                    "generation {now} serves, although it differs; generation {before} is kept"
                ))
            }
            Wish::Accept => bail!("{self}: no rebuilt model waits for a decision"),
            Wish::Drop => {
                self.ask("drop-model").await?;
                self.say(format_args!("dropped the other model; generation {before} serves"))
            }
        }
    }

    /// Follows a model until it serves.
    async fn built(&self, begun: &ModelGenerations) -> anyhow::Result<()> {
        let Some(number) = begun.other.as_ref().map(|other| other.generation) else {
            bail!("{self}: the new model was dropped by someone else");
        };
        term::note(format_args!(
            "{self}: building generation {number} beside the one that serves. It continues even if this command ends"
        ));
        let bar = term::Progress::new(self.name, 0);
        let (mut told, mut failure) = (0, None);
        let (found, before) = loop {
            let found = self.look().await?;
            let Some(other) = found.other.clone() else {
                bail!("{self}: the new model was dropped by someone else");
            };
            if found.generation == number && other.state == GenerationState::Kept {
                break (found, other.generation);
            }
            if other.state == GenerationState::Different {
                return Err(self.different(&other));
            }
            self.tell_failure(&other, &mut failure);
            bar.at(other.position, other.head);
            if !bar.is_shown() && told % TELL == 0 {
                term::note(format_args!("{self}: {}", progress(&other)));
            }
            told += 1;
            tokio::time::sleep(LOOK).await;
        };
        drop(bar);
        let how = found.compared.as_ref().map_or_else(String::new, how);
        self.say(format_args!(
            "rebuilt while it served{how}. Generation {number} serves; generation {before} is kept: --back returns to it, --drop removes it"
        ))
    }

    fn different(&self, other: &OtherGeneration) -> anyhow::Error {
        let (name, number) = (self.name, other.generation);
        let how = other.reason.as_deref().unwrap_or("some rows have other values");
        anyhow!(
            "{self}: the rebuilt model differs from the one that serves: {how}. Nothing was switched. `agora rebuild {name} --accept` \
             switches to generation {number} anyway, --drop removes it"
        )
    }

    /// Has the other generation serve, and waits until it does.
    async fn switched(&self, before: u32) -> anyhow::Result<ModelGenerations> {
        let mut found = self.ask("switch-model").await?;
        let mut told = None;
        while found.generation == before {
            let Some(other) = &found.other else {
                bail!("{self}: the other model was dropped by someone else");
            };
            self.tell_failure(other, &mut told);
            tokio::time::sleep(LOOK).await;
            found = self.look().await?;
        }
        Ok(found)
    }

    /// Reports why it cannot continue now, once for each reason.
    fn tell_failure(&self, other: &OtherGeneration, told: &mut Option<String>) {
        let failing = other.state == GenerationState::Failing;
        if failing && other.reason != *told {
            term::note(format_args!("{self}: {}", progress(other)));
            told.clone_from(&other.reason);
        }
    }

    async fn look(&self) -> anyhow::Result<ModelGenerations> {
        Ok(self.client.get(&self.path("model-generations")).await?)
    }

    fn path(&self, call: &str) -> String {
        let of = self.instance.as_ref().map(|instance| format!("?Instance={instance}"));
        format!("/{}/{call}{}", self.name, of.unwrap_or_default())
    }

    async fn ask(&self, call: &str) -> anyhow::Result<ModelGenerations> {
        // Sent once: after a lost answer it may have been done.
        let request = Request::command(self.path(call));
        Ok(self.client.send_once(&request).await?.parse()?)
    }

    fn say(&self, text: impl std::fmt::Display) -> anyhow::Result<()> {
        Ok(term::line(format_args!("{self}: {text}"))?)
    }
}

fn is_under_way(state: GenerationState) -> bool {
    use GenerationState::{Building, Comparing, Failing, Switching};
    matches!(state, Building | Comparing | Failing | Switching)
}

/// How far a new model is, in a few words.
fn progress(other: &OtherGeneration) -> String {
    let OtherGeneration { position, head, .. } = other;
    match other.state {
        GenerationState::Comparing => "comparing".to_owned(),
        GenerationState::Failing => {
            let why = other.reason.as_deref().unwrap_or_default();
            format!("cannot continue now ({why}); retrying")
        }
        _ => match (other.rate, other.remaining) {
            (Some(rate), Some(seconds)) => {
                format!("at {position} of {head} events, {rate:.0}/s, about {} s more", seconds + 1)
            }
            _ => format!("at {position} of {head} events"),
        },
    }
}

fn how(compared: &ModelComparison) -> String {
    let rows = compared.rows.unwrap_or(0);
    match &*compared.by {
        "counts" => format!("; counts and sums agree with the model before ({rows} rows)"),
        _ => format!("; equals the model before ({rows} rows)"),
    }
}
