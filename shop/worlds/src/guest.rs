//! A service beside the shop's own, taken into a world: what customers do with it, and what it promises.

use kernel::Recorded;
use promises::Violation;
use registry::Module;
use serde_json::Value;
use testkit::Dice;

/// A service that is a guest in a world.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    pub module: &'static Module,
    /// What a customer asks of it now and then: a call, and its body. It may answer 409.
    pub asks: fn(&Dice) -> (&'static str, Value),
    pub promise: fn() -> Box<dyn Promise>,
}

/// What a guest promises, checked against a whole log.
pub trait Promise {
    /// Takes in the next event of the log.
    fn take(&mut self, event: &Recorded);

    /// Everything that is broken once all orders have ended.
    fn finish(self: Box<Self>) -> Vec<Violation>;
}
