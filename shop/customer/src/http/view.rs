//! Customers as responses, from the read model or from their events.

use contracts::money::Decimal;
use contracts::{
    customer::stream,
    rest::customer::{Credit, User},
};
use kernel::Position;
use uuid::Uuid;
use web::Problem;

use super::Calls;
use crate::{domain, model};

pub(super) fn user(customer: model::Customer) -> User {
    User {
        user_name: customer.user,
        full_name: customer.full_name,
        email: customer.email,
        role: customer.role,
        credit: Decimal(customer.credit),
        reserved: Decimal(customer.reserved),
        available: Decimal(customer.available),
        version: customer.revision,
    }
}

pub(super) fn credit(customer: model::Customer) -> Credit {
    Credit {
        user_name: customer.user,
        credit: Decimal(customer.credit),
        reserved: Decimal(customer.reserved),
        available: Decimal(customer.available),
    }
}

impl Calls {
    /// The customer after everything up to `until`, from its events; none if it did not exist then.
    pub(super) async fn customer_as_of(
        &self,
        customer: Uuid,
        until: Option<Position>,
    ) -> Result<Option<User>, Problem> {
        let state = self.fold::<domain::Customer>(&stream(customer), until).await?;
        let domain::State { account, revision, credit, .. } = state;
        Ok(account.map(|account| User {
            user_name: account.user,
            full_name: account.full_name,
            email: account.email,
            role: account.role,
            credit: Decimal(credit.credit),
            reserved: Decimal(credit.reserved),
            available: Decimal(credit.available()),
            version: revision,
        }))
    }
}
