//! Orders and their steps as responses.

use contracts::money::Decimal;
use contracts::rest;
use kernel::Position;
use serde_json::Map;
use uuid::Uuid;

use super::Calls;
use crate::model::{Order, Step};
use web::Problem;

pub(super) fn order(order: Order) -> rest::order::Order {
    let state = order.state;
    rest::order::Order {
        order_id: order.id,
        user_name: order.user,
        product_id: order.product,
        product_name: order.product_name,
        quantity: order.quantity,
        price: Decimal(order.price),
        total: Decimal(order.price.times(order.quantity)),
        currency: order.currency,
        status: state.status,
        stock_status: state.stock,
        credit_status: state.credit,
        reasons: state.reasons,
        invoice_number: state.invoice,
        channel: order.channel,
        placed_at: order.placed_at,
        updated_at: state.updated_at,
    }
}

/// Steps read at once for an order as it was: more than the shop's own services record for one.
const STEPS: usize = 500;

impl Calls {
    /// The order as it was at a position behind its placing.
    pub(super) async fn order_as_of(&self, order: Order, at: Position) -> Result<Order, Problem> {
        let mut order = order.into_placed();
        let mut after = Position::START;
        loop {
            let steps = self.model.history(order.id, after, STEPS).await?;
            for step in steps.iter().take_while(|step| step.position <= at) {
                order.take(step);
            }
            match steps.last().filter(|_| steps.len() == STEPS) {
                Some(last) if last.position < at => after = last.position,
                _ => return Ok(order),
            }
        }
    }

    /// A step as a response, with people named.
    pub(super) async fn step(&self, step: Step) -> Result<rest::order::Step, Problem> {
        Ok(rest::order::Step {
            service: step.service,
            actor: self.named(step.actor).await?,
            event: step.kind,
            at: step.at,
            position: step.position,
            cause: step.cause,
            details: serde_json::from_str(&step.details).unwrap_or_else(|_| Map::new()),
        })
    }

    /// An actor with the user name in the place of an id.
    async fn named(&self, actor: String) -> Result<String, Problem> {
        let person = match actor.split_once(':') {
            Some((role @ ("customer" | "manager"), id)) => {
                Uuid::parse_str(id).ok().map(|id| (role, id))
            }
            _ => None,
        };
        let Some((role, id)) = person else { return Ok(actor) };
        let user = self.model.user(id).await?;
        Ok(user.map_or(actor.clone(), |user| format!("{role}:{user}")))
    }
}
