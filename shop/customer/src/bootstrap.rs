//! Creates the manager `admin` at the first start, and verifies, before anything is written, that the secret is this shop's.

use std::{sync::Arc, time::Duration};

use contracts::customer::{CATEGORY, CustomerEvent, Personal, Registered, Role, stream};
use contracts::money::Money;
use kernel::{Actor, Metadata, Position, Recorded};
use runtime::{CommandRequest, ExecuteError};
use store::{Page, Read};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    domain::{self, Command, Rejection, Update},
    http::Calls,
    password::{NewPassword, Turn},
    turns::Owner,
};

/// The manager's user name.
const ADMIN: &str = "admin";
/// Who a start's own changes are recorded by.
const REACTOR: &str = "customer-bootstrap";
/// The pause before something that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The future outcome for the manager `admin`.
pub struct Bootstrap(oneshot::Receiver<Admin>);

/// The outcome for the manager `admin`.
pub enum Admin {
    /// Created, with this password if none was given: to be shown once and kept nowhere.
    Created { generated: Option<NewPassword> },
    /// There before, but with another password than the one that was given, which is in force now.
    PasswordChanged,
    /// There before, with a password that has replaced the given one in the shop, and is left alone: the given one was put in force
    /// at an earlier start.
    Superseded,
    /// There before, and left alone.
    Unchanged,
    /// The log's customers were registered under another secret. Nothing was written, and nothing will be.
    Refused,
}

impl Bootstrap {
    /// Waits until it is known; none if the service stopped before.
    pub async fn outcome(self) -> Option<Admin> {
        self.0.await.ok()
    }
}

/// Sees to it that there is a manager, once the event store answers and the model has caught up.
pub(crate) fn spawn(calls: Arc<Calls>, given: Option<NewPassword>) -> Bootstrap {
    let (told, outcome) = oneshot::channel();
    let tasks = calls.deps.tasks.clone();
    tasks.spawn_until_stopped("customer-bootstrap", async move {
        let admin = ensure(&calls, given).await;
        if !matches!(admin, Admin::Refused) {
            calls.opened.done();
        }
        let _dropped_if_not_wanted = told.send(admin);
    });
    Bootstrap(outcome)
}

async fn ensure(calls: &Calls, given: Option<NewPassword>) -> Admin {
    calls.progress.wait_ready().await;
    let id = calls.secrets.customer_id(ADMIN);
    loop {
        match calls.model.credentials(id).await {
            // Customers of a shop have ids that derive from its secret: another secret finds no manager, and would add a second one.
            Ok(None) if !is_ours(calls).await => return Admin::Refused,
            Ok(None) => match create(calls, id, given.as_ref()).await {
                Ok(generated) => return Admin::Created { generated },
                // Another instance was faster. Its manager is kept, once the model shows it.
                Err(_) => tokio::time::sleep(RETRY).await,
            },
            Ok(Some(known)) => {
                let Some(given) = given else { return Admin::Unchanged };
                return keep(calls, id, &known.password, &given).await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot find out whether there is a manager; retrying");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Whether the secret is that of the log: the id of its first customer derives from it, or there is none yet.
async fn is_ours(calls: &Calls) -> bool {
    let mut from = Position(1);
    loop {
        let read = Read::All { from, categories: vec![CATEGORY.to_owned()] };
        let Page { events, next, end, .. } = calls.deps.store().read(read).await;
        if let Some(first) = events.iter().find_map(|event| registration(event)) {
            return calls.secrets.have_registered(&first);
        }
        if end {
            return true;
        }
        from = next;
    }
}

fn registration(event: &Recorded) -> Option<Registered> {
    match CustomerEvent::of(event)? {
        CustomerEvent::Registered(registered) => Some(registered.clone()),
        _ => None,
    }
}

/// Creates the manager; the password, if it had to be made up.
async fn create(
    calls: &Calls,
    id: Uuid,
    given: Option<&NewPassword>,
) -> Result<Option<NewPassword>, Rejection> {
    let generated = given.is_none().then(|| NewPassword::generate(&calls.deps.ids));
    let password = given.or(generated.as_ref()).expect("one was given or generated");
    let registered = Registered {
        customer: id,
        personal: Personal {
            user: Some(ADMIN.to_owned()),
            full_name: Some("Manager".to_owned()),
            email: None,
        },
        password: hash(calls, id, password).await,
        role: Role::Manager,
        credit: Money::ZERO,
    };
    record(calls, id, Command::Register(registered)).await?;
    Ok(generated)
}

/// Puts the given password in force, once: a setting that is left behind does not undo a later change at every start.
async fn keep(calls: &Calls, id: Uuid, sealed: &str, given: &NewPassword) -> Admin {
    // The turn is given back before the next one is asked for: there may be only one.
    let passwords = &calls.passwords;
    let is_in_force = passwords.verify(&turn(calls).await, id, Some(sealed), given).await;
    if is_in_force {
        return Admin::Unchanged;
    }
    let last = last_put(calls, id).await;
    let was_put =
        last.is_some() && passwords.verify(&turn(calls).await, id, last.as_deref(), given).await;
    if was_put {
        return Admin::Superseded;
    }
    let password = hash(calls, id, given).await;
    let now = calls.deps.clock.now();
    let password = domain::PasswordChange { password, checked_against: None, now };
    let update = Update { password: Some(password), ..Update::default() };
    match record(calls, id, Command::Update(update)).await {
        Ok(()) => Admin::PasswordChanged,
        // Only an unknown user is refused a new password, and we have just seen this one.
        Err(_) => Admin::Unchanged,
    }
}

/// The password that a start put in force last, sealed.
async fn last_put(calls: &Calls, id: Uuid) -> Option<String> {
    let events = loop {
        match calls.deps.store().read_stream(&stream(id), None).await {
            Ok(events) => break events,
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    };
    let put = |event: &&Arc<Recorded>| event.metadata.actor == Actor::reactor(REACTOR);
    events.iter().rev().filter(put).find_map(|event| match CustomerEvent::of(event)? {
        CustomerEvent::Registered(registered) => Some(registered.password.clone()),
        CustomerEvent::PasswordChanged(changed) => Some(changed.password.clone()),
        _ => None,
    })
}

async fn hash(calls: &Calls, id: Uuid, password: &NewPassword) -> String {
    calls.passwords.hash(&turn(calls).await, id, password).await
}

async fn turn(calls: &Calls) -> Turn {
    loop {
        match calls.passwords.turn(Owner::Shop).await {
            Ok(turn) => return turn,
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

/// Has it recorded, trying until the event store answers, and waits until the model shows it.
async fn record(calls: &Calls, id: Uuid, command: Command) -> Result<(), Rejection> {
    let deps = &calls.deps;
    let correlation = deps.ids.uuid(deps.clock.now());
    let metadata = Metadata::of(Actor::reactor(REACTOR), correlation);
    loop {
        let request = CommandRequest { command: command.clone(), metadata: metadata.clone() };
        match calls.customers.execute(stream(id), request).await {
            Ok(done) => {
                calls.wait_until_shown(done).await;
                return Ok(());
            }
            Err(ExecuteError::Rejected(rejection)) => return Err(rejection),
            Err(error) => {
                tracing::warn!(%error, "cannot record the manager yet; retrying");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
