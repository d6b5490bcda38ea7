//! What the tests of all services share: a shop with one service and nothing else, its people, and what other services would record.
//!
//! What has nothing to do with a shop is in [`testkit`].

use std::{ops::Deref, sync::Arc, time::Duration};

use contracts::{
    customer::{CustomerEvent, Personal, Registered},
    money::Money,
    order::{Channel, Denied, Finalized, OrderEvent, Placed, Reason, Terms},
};
use identity::{Auth, Holder, Role, Signer};
use kernel::Position;
use runtime::Tasks;
use uuid::Uuid;
use web::Service;

pub use testkit::{Answer, Ask, Databases, Testbed, dump, in_memory, ready};

/// The customer `ada`, for whom [`Shop::token`] speaks.
pub const ADA: Uuid = Uuid::from_u128(1);
/// The manager `admin`.
const ADMIN: Uuid = Uuid::from_u128(2);

/// A shop with one service and nothing else.
pub struct Shop {
    pub service: Service,
    /// Stands for the customer service; none where that is the one.
    signer: Option<Signer>,
    bed: Testbed,
}

/// A user with a token.
pub struct Person {
    pub id: Uuid,
    pub token: String,
}

impl Shop {
    /// A new shop in which `build` builds the service of that name.
    pub async fn open(
        name: &'static str,
        tasks: Tasks,
        build: impl AsyncFnOnce(&Testbed) -> Service,
    ) -> Self {
        Self::open_on(Testbed::new(tasks).await, name, build).await
    }

    async fn open_on(
        bed: Testbed,
        name: &'static str,
        build: impl AsyncFnOnce(&Testbed) -> Service,
    ) -> Self {
        let signer = Signer::from_secret([9; 32]);
        let auth = Auth::new(signer.verifier(), Arc::clone(&bed.deps.clock));
        let bed = bed.for_service(name, auth);
        let service = build(&bed).await;
        ready(&service).await;
        Self { service, signer: Some(signer), bed }
    }

    /// The same shop after a restart.
    #[must_use]
    pub async fn reopened(self, build: impl AsyncFnOnce(&Testbed) -> Service) -> Self {
        let name = self.service.name;
        Self::open_on(self.closed().await, name, build).await
    }

    /// A shop whose service knows people by itself.
    #[must_use]
    pub fn of(bed: Testbed, service: Service) -> Self {
        Self { service, signer: None, bed }
    }

    /// What is left of the shop when its process has ended, in a new one.
    pub async fn closed(self) -> Testbed {
        let Self { service, bed, .. } = self;
        drop(service);
        bed.restarted(Tasks::inline()).await
    }

    /// A request to the service, still without token and body.
    #[must_use]
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(&self.service.router, method, path)
    }

    /// The same by [`ADA`] or by a manager.
    #[must_use]
    pub fn ask_as(&self, role: Role, method: &str, path: &str) -> Ask {
        self.ask(method, path).by(&*self.token(role))
    }

    /// Waits until the service has dealt with everything recorded, its reactions included.
    pub async fn settle(&self) {
        self.bed.idle(&[&self.service]).await;
    }

    /// A token of [`ADA`] or of a manager, of whom the log need not know.
    #[must_use]
    pub fn token(&self, role: Role) -> String {
        match role {
            Role::Customer => self.issue(ADA, "ada", role),
            Role::Manager => self.issue(ADMIN, "admin", role),
        }
    }

    fn issue(&self, id: Uuid, name: &str, role: Role) -> String {
        let signer = self.signer.as_ref().expect("this service signs tokens by itself");
        signer.issue(Holder::new(id, name, role), self.deps.clock.now(), &self.deps.ids).0
    }

    /// Registers a user, as the customer service would.
    pub async fn registered(&self, id: Uuid, name: &str, role: Role) -> Person {
        let registered = Registered {
            customer: id,
            personal: Personal { user: Some(name.to_owned()), full_name: None, email: None },
            password: "sealed".to_owned(),
            role: match role {
                Role::Customer => contracts::customer::Role::Customer,
                Role::Manager => contracts::customer::Role::Manager,
            },
            credit: Money::ZERO,
        };
        let event = CustomerEvent::from(registered);
        self.record(contracts::customer::stream(id), &event).await;
        Person { id, token: self.issue(id, name, role) }
    }

    /// An order is placed, as the order service would record it.
    pub async fn placed(&self, terms: &Terms) -> Position {
        let deadline = self.deps.clock.now() + Duration::from_mins(1);
        self.ordered(terms.order, Placed { terms: terms.clone(), deadline, channel: Channel::Site })
            .await
    }

    pub async fn finalized(&self, terms: &Terms) -> Position {
        self.ordered(terms.order, Finalized { terms: terms.clone() }).await
    }

    pub async fn denied(&self, terms: &Terms, reason: Reason) -> Position {
        self.ordered(terms.order, Denied { terms: terms.clone(), reasons: vec![reason] }).await
    }

    async fn ordered(&self, order: Uuid, event: impl Into<OrderEvent>) -> Position {
        self.record(contracts::order::stream(order), &event.into()).await
    }
}

impl Deref for Shop {
    type Target = Testbed;

    fn deref(&self) -> &Testbed {
        &self.bed
    }
}

/// What is ordered: so many pieces of a product, at a price in minor units.
#[must_use]
pub fn terms(order: Uuid, customer: Uuid, product: Uuid, quantity: u32, price: i64) -> Terms {
    Terms {
        order,
        customer,
        product,
        product_name: "As ordered".to_owned(),
        quantity,
        price: Money::from_minor(price),
        currency: "EUR".to_owned(),
    }
}
