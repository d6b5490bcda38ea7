//! The services of a process, built to run; in a sample shop as parts that can be killed and started again by themselves.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use faults::Part;
use futures_util::future::BoxFuture;
use kernel::sync;
use registry::Module;
use runtime::{event_store::Figures, sqlite::Location, upgrade};
use web::{Service, ServiceDeps};

use super::{
    builder::Builder,
    choices::Bus,
    second,
    shared::Shared,
    store::{LastNote, OpenStore, Opening},
    witness,
};
use crate::{data_folder::mark::Mark, parts::Parts};

/// What notes the end of the log that was opened last.
pub(super) type LatestNote = Arc<std::sync::Mutex<Option<LastNote>>>;

/// A service that can be started again, not running yet.
pub(super) fn part(module: &'static Module, deps: ServiceDeps, builder: &Builder) -> Part {
    let (running, emptied) = (builder.clone(), builder.clone());
    let boot = move |deps, _| -> BoxFuture<'static, Result<Service, String>> {
        let builder = running.clone();
        Box::pin(async move {
            builder.service(module, deps).await.map_err(|error| format!("{error:#}"))
        })
    };
    let empty = move || -> BoxFuture<'static, Result<(), String>> {
        let builder = emptied.clone();
        Box::pin(
            async move { builder.empty_model(module).await.map_err(|error| format!("{error:#}")) },
        )
    };
    Part::with_database(module.name, deps, Box::new(boot), Box::new(empty))
}

/// The event store as such a part.
pub(super) struct Store {
    /// It is opened already for its first start.
    pub(super) open: OpenStore,
    pub(super) opening: Opening,
    pub(super) figures: Figures,
    pub(super) beside: events::Beside,
    pub(super) note: LatestNote,
    pub(super) builder: Builder,
}

impl Store {
    pub(super) fn part(self, deps: ServiceDeps) -> Part {
        let Self { open, opening, figures, beside, note, builder } = self;
        let first = Arc::new(std::sync::Mutex::new(Some(open)));
        Part::new(events::NAME, deps, move |deps, slowness| {
            let (first, opening, note) = (Arc::clone(&first), opening.clone(), Arc::clone(&note));
            let (figures, beside, builder) = (figures.clone(), beside.clone(), builder.clone());
            Box::pin(async move {
                let open = sync::lock(&first).take();
                let running = async {
                    let open = match open {
                        Some(open) => open,
                        // Whatever was acknowledged must be there, or it is refused.
                        None => OpenStore::open(&opening, true).await?,
                    };
                    let (service, last) = open.run(&deps, figures, beside, Some(slowness)).await?;
                    *sync::lock(&note) = last;
                    anyhow::Ok(builder.finished(&deps, service))
                };
                running.await.map_err(|error| format!("{error:#}"))
            })
        })
    }
}

/// Whether the service is one of the parts.
pub(super) fn is_one(parts: &[Part], service: &Service) -> bool {
    parts.iter().any(|part| part.name() == service.name)
}

/// The services of a process, which run.
pub(super) struct Built {
    pub(super) services: Vec<Service>,
    /// Those that can fail by themselves, in a shop with a playground.
    pub(super) played: Vec<Part>,
    pub(super) note: LatestNote,
}

impl Shared {
    /// Builds every service that is to run here, the event store first.
    pub(super) async fn build(
        &self,
        parts: &Parts,
        store: Option<OpenStore>,
        builder: &Builder,
    ) -> anyhow::Result<Built> {
        let (mut services, mut played, note) = (Vec::new(), Vec::new(), LatestNote::default());
        let (mut events, has_store) = (None, store.is_some());
        let beside = self.beside_the_store();
        match store {
            Some(open) if self.bus.is_some() => {
                let (opening, figures) = (self.opening.clone(), self.figures.clone());
                let (note, builder) = (Arc::clone(&note), builder.clone());
                let store = Store { open, opening, figures, beside, note, builder };
                let part = store.part(self.for_service(events::NAME));
                events = Some(booted(&part).await?);
                played.push(part);
            }
            Some(open) => {
                let deps = self.for_service(events::NAME);
                let (service, last) = open.run(&deps, self.figures.clone(), beside, None).await?;
                *sync::lock(&note) = last;
                events = Some(builder.finished(&deps, service));
            }
            None if parts.on_the_bus() => {
                let mark = Arc::new(Mark::of_follower(self.data.path()));
                witness::spawn(&self.deps, mark, self.doubts(parts));
            }
            None => {}
        }
        if parts.on_the_bus() && self.choices.bus != Bus::Memory {
            upgrade::follow(&self.deps);
        }
        if has_store {
            self.upgrade.begin().await?;
        }
        for module in parts.services() {
            let deps = self.for_service(module.name);
            if self.bus.is_some() {
                let part = part(module, deps, builder);
                services.push(booted(&part).await?);
                played.push(part);
            } else {
                services.push(builder.service(module, deps).await?);
            }
        }
        services.extend(events);
        Ok(Built { services, played, note })
    }

    /// What the parts are played with, in a sample shop.
    pub(super) fn playground(
        &self,
        demo: Option<&demo::Demo>,
        parts: &[Part],
    ) -> Option<demo::Playground> {
        let (bus, disk, demo) = (self.bus.clone()?, self.disk.clone()?, demo?.clone());
        let mut deps = self.for_service("playground");
        deps.base.transport = bus.calm();
        let (parts, databases) = (parts.to_vec(), self.databases());
        let second = second::process(self.data.path());
        Some(demo::Playground::new(demo::Toys { deps, bus, disk, parts, demo, databases, second }))
    }

    /// The files of the read models that have one.
    fn databases(&self) -> BTreeMap<&'static str, PathBuf> {
        let files = self.choices.models.iter().filter_map(|(name, place)| {
            match place.clone().location::<Location>().ok()? {
                Location::File(file) => Some((*name, file)),
                Location::Memory(_) => None,
            }
        });
        files.collect()
    }
}

async fn booted(part: &Part) -> anyhow::Result<Service> {
    part.boot().await.map_err(anyhow::Error::msg)
}
