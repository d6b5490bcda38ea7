//! The sample shop: an empty shop is filled with it, and its customers come by themselves or not.

use axum::response::Response;
use contracts::rest::demo::{Demo, Filling, Goods, Stopped, Traffic};
use serde::Serialize;
use site::{Failure, Form, see_other};

use crate::manager::ManagerVisit;

/// What a manager can do with the sample; nothing where the shop does not offer it.
#[derive(Clone)]
pub(crate) enum Sample {
    /// The shop is empty: it can be filled.
    Fill,
    /// The shop is being filled.
    Filling(Filling),
    /// It could not be filled to its end.
    Stopped(Stopped),
    /// The sample's goods are there; whether its customers come by themselves.
    Traffic { on: bool },
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SetTraffic {
    traffic: Traffic,
}

impl Sample {
    /// The page is as useful without it: whatever is in the way of the answer, there is nothing to do.
    pub(crate) async fn read(manager: &ManagerVisit) -> Option<Self> {
        let demo: Demo = manager.get("/demo/get-demo", &[("", ""); 0]).await.ok()?;
        match demo {
            Demo { filling: Some(filling), .. } => Some(Self::Filling(filling)),
            Demo { stopped: Some(stopped), .. } => Some(Self::Stopped(stopped)),
            Demo { goods: Goods::None, .. } => Some(Self::Fill),
            Demo { goods: Goods::Sample, traffic, .. } => {
                Some(Self::Traffic { on: traffic == Traffic::On })
            }
            Demo { goods: Goods::Own, .. } => None,
        }
    }
}

pub(crate) async fn fill(manager: ManagerVisit, _: Form) -> Result<Response, Failure> {
    let _: Demo = manager.post("/demo/fill-shop", &Nothing {}).await?;
    Ok(see_other("/"))
}

pub(crate) async fn traffic(manager: ManagerVisit, form: Form) -> Result<Response, Failure> {
    let on = form.value("On") == "true";
    let traffic = if on { Traffic::On } else { Traffic::Off };
    let _: Demo = manager.post("/demo/set-traffic", &SetTraffic { traffic }).await?;
    manager.say(if on { "Sample traffic is on." } else { "Sample traffic is off." });
    Ok(see_other("/"))
}
