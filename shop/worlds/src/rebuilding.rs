//! Read models are built again, take each other's place and are dropped, while everything else goes wrong.

use serde_json::Value;

use crate::{
    bug::{PlantedBug, lose_rows},
    faults::Fault,
    schedule::Schedule,
};

/// How often it is tried to go back to the model before: the new one must be complete first.
const LOOKS: u32 = 5;

impl Schedule {
    /// A model is built again beside the one that serves, and takes its place; the one before may serve again, and one is dropped.
    pub(crate) async fn rebuild(&self) {
        let Some((name, _)) = self.any_instance() else { return };
        if self.ask(&name, "rebuild-model", Fault::ModelRebuilt).await.is_none() {
            return;
        }
        if self.dice.happens(800) {
            for _ in 0..LOOKS {
                self.pause().await;
                let switched = self.ask(&name, "switch-model", Fault::ModelSwitched).await;
                if switched.is_some() {
                    self.spoil(&name, switched.as_ref());
                    break;
                }
            }
        }
        self.pause().await;
        self.ask(&name, "drop-model", Fault::ModelDropped).await;
    }

    async fn ask(&self, name: &str, call: &str, fault: Fault) -> Option<Value> {
        let generations = self.people.ask_of_model(name, call).await;
        self.tally.add(fault, u64::from(generations.is_some()));
        generations
    }

    /// With that planted bug, the generation that is to serve lacks what the other one has.
    fn spoil(&self, name: &str, generations: Option<&Value>) {
        if self.environment.bug != Some(PlantedBug::UnequalSwitch) {
            return;
        }
        let number = generations.and_then(|known| known.pointer("/Other/Generation")?.as_u64());
        let instances = self.instances.borrow();
        if let (Some(instance), Some(number)) = (instances.get(name), number) {
            let number = u32::try_from(number).expect("few generations");
            // A table that is just being read keeps its rows.
            let _locked = lose_rows(&instance.models.model.generation(number));
        }
    }
}
