//! A customer's rules: credit never goes below zero, and a name is taken once.
//!
//! At every version: granted = credit + spent, credit = available + reserved.

use std::collections::BTreeMap;

use contracts::money::Money;
use contracts::{
    customer::{
        CreditChanged, CreditDebited, CreditDenied, CreditReleased, CreditReserved, CustomerEvent,
        LoggedOut, PasswordChanged, Personal, ProfileChanged, Registered, Role,
    },
    order::{Placed, Reason, Terms},
};
use kernel::{Decider, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Marks the customer's rules.
#[derive(Clone, Copy, Debug)]
pub struct Customer;

/// What the events of a customer amount to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// `None` if they never registered.
    pub account: Option<Account>,
    /// The number of changes to profile and granted credit by people, not of sales.
    pub revision: u64,
    pub credit: Credit,
    /// Credit held for orders that are open.
    pub reserved: BTreeMap<Uuid, Money>,
}

/// A customer's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub user: String,
    pub full_name: String,
    pub email: String,
    pub role: Role,
    /// The password's hash, sealed.
    pub password: String,
}

/// A customer's credit; what is spent is `granted - credit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "credit is what one has, whatever else is counted")]
pub struct Credit {
    pub granted: Money,
    pub credit: Money,
    pub reserved: Money,
}

impl Credit {
    #[must_use]
    pub fn available(self) -> Money {
        self.credit - self.reserved
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Register(Registered),
    /// Changes what is given.
    Update(Update),
    LogOut(LoggedOut),
    SetCredit(SetCredit),
    /// An order was placed; hold its price if that is still wanted at this time.
    Reserve {
        order: Placed,
        now: Timestamp,
    },
    Release(Terms),
    Commit(Terms),
}

#[derive(Clone, Debug, Default)]
pub struct Update {
    pub full_name: Option<String>,
    pub email: Option<String>,
    pub password: Option<PasswordChange>,
    /// The revision that the change rests on; refused if there is a newer one.
    pub revision: Option<u64>,
}

/// A new password's hash, and what its owner had to prove.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    pub password: String,
    /// The sealed hash against which the current password was checked; `None` where that was not asked for.
    pub checked_against: Option<String>,
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub struct SetCredit {
    pub credit: CreditChange,
    /// The revision that the change rests on; refused if there is a newer one.
    pub revision: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditChange {
    To(Money),
    By(Money),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    NameTaken,
    Unknown,
    /// The password was changed since it was checked.
    PasswordChangedMeanwhile,
    Stale {
        revision: u64,
    },
    /// Less credit than is reserved.
    BelowReserved {
        reserved: Money,
    },
    TooMuchCredit,
}

impl Decider for Customer {
    type State = State;
    type Command = Command;
    type Event = CustomerEvent;
    type Rejection = Rejection;

    fn decide(state: &State, command: &Command) -> Result<Vec<CustomerEvent>, Rejection> {
        match command {
            Command::Register(registered) if state.account.is_none() => {
                Ok(vec![registered.clone().into()])
            }
            Command::Register(_) => Err(Rejection::NameTaken),
            Command::Update(update) => state.update(update),
            Command::LogOut(logged_out) => Ok(vec![logged_out.clone().into()]),
            Command::SetCredit(set) => state.set_credit(*set),
            Command::Reserve { order, now } => Ok(state.reserve(order, *now)),
            Command::Release(terms) => Ok(state.release(terms.order)),
            Command::Commit(terms) => Ok(state.commit(terms.order)),
        }
    }

    fn evolve(state: &mut State, event: &CustomerEvent) {
        match event {
            // A customer registers once: what registers again is forged.
            CustomerEvent::Registered(_) if state.account.is_some() => {}
            CustomerEvent::Registered(registered) => {
                state.account = Some(Account::of(registered));
                state.revision += 1;
                state.credit.grant(registered.credit);
            }
            CustomerEvent::ProfileChanged(ProfileChanged { personal }) => {
                if let Some(account) = &mut state.account {
                    account.change(personal);
                }
                state.revision += 1;
            }
            CustomerEvent::PasswordChanged(changed) => {
                if let Some(account) = &mut state.account {
                    account.password.clone_from(&changed.password);
                }
                state.revision += 1;
            }
            CustomerEvent::LoggedOut(_) | CustomerEvent::CreditDenied(_) => {}
            CustomerEvent::CreditChanged(CreditChanged { change }) => {
                state.revision += 1;
                state.credit.grant(*change);
            }
            CustomerEvent::CreditReserved(CreditReserved { order, amount, .. }) => {
                state.reserved.insert(*order, *amount);
                state.credit.reserved += *amount;
            }
            CustomerEvent::CreditReleased(CreditReleased { order, amount, .. }) => {
                state.reserved.remove(order);
                state.credit.reserved -= *amount;
            }
            CustomerEvent::CreditDebited(CreditDebited { order, amount, .. }) => {
                state.reserved.remove(order);
                state.credit.reserved -= *amount;
                state.credit.credit -= *amount;
            }
        }
    }
}

impl State {
    fn update(&self, update: &Update) -> Result<Vec<CustomerEvent>, Rejection> {
        let account = self.account.as_ref().ok_or(Rejection::Unknown)?;
        self.must_be(update.revision)?;
        let mut events = Vec::new();
        let differs = |wanted: &Option<String>, current: &str| {
            wanted.clone().filter(|wanted| wanted != current)
        };
        let personal = Personal {
            user: None,
            full_name: differs(&update.full_name, &account.full_name),
            email: differs(&update.email, &account.email),
        };
        if personal != Personal::default() {
            events.push(ProfileChanged { personal }.into());
        }
        if let Some(new) = &update.password {
            if new.checked_against.as_ref().is_some_and(|checked| *checked != account.password) {
                return Err(Rejection::PasswordChangedMeanwhile);
            }
            let revision = Some(self.revision + events.len() as u64 + 1);
            let (password, voids_until) = (new.password.clone(), new.now);
            events.push(PasswordChanged { password, voids_until, revision }.into());
        }
        Ok(events)
    }

    fn must_be(&self, revision: Option<u64>) -> Result<(), Rejection> {
        if revision.is_some_and(|seen| seen != self.revision) {
            return Err(Rejection::Stale { revision: self.revision });
        }
        Ok(())
    }

    fn set_credit(&self, set: SetCredit) -> Result<Vec<CustomerEvent>, Rejection> {
        if self.account.is_none() {
            return Err(Rejection::Unknown);
        }
        self.must_be(set.revision)?;
        let change = match set.credit {
            CreditChange::To(credit) => credit - self.credit.credit,
            CreditChange::By(change) => change,
        };
        let after = self.credit.credit + change;
        if change == Money::ZERO {
            Ok(Vec::new())
        } else if after < self.credit.reserved {
            Err(Rejection::BelowReserved { reserved: self.credit.reserved })
        } else if after > Money::LIMIT {
            Err(Rejection::TooMuchCredit)
        } else {
            Ok(vec![CreditChanged { change }.into()])
        }
    }

    /// Answers an order: one answer for each order, however often the request repeats.
    fn reserve(&self, placed: &Placed, now: Timestamp) -> Vec<CustomerEvent> {
        let (order, amount) = (placed.terms.order, placed.terms.total());
        if self.reserved.contains_key(&order) {
            return Vec::new();
        }
        let available = self.credit.available();
        let reason = match &self.account {
            _ if now > placed.deadline => Some(Reason::Deadline),
            None => Some(Reason::UnknownCustomer),
            Some(_) if available < amount => Some(Reason::LowCredit),
            Some(_) => None,
        };
        match reason {
            Some(reason) => vec![CreditDenied { order, reason, available }.into()],
            None => vec![CreditReserved { order, amount, available: available - amount }.into()],
        }
    }

    fn release(&self, order: Uuid) -> Vec<CustomerEvent> {
        let Some(amount) = self.reserved.get(&order).copied() else { return Vec::new() };
        vec![CreditReleased { order, amount, available: self.credit.available() + amount }.into()]
    }

    fn commit(&self, order: Uuid) -> Vec<CustomerEvent> {
        let Some(amount) = self.reserved.get(&order).copied() else { return Vec::new() };
        vec![CreditDebited { order, amount, credit: self.credit.credit - amount }.into()]
    }
}

impl Credit {
    fn grant(&mut self, change: Money) {
        self.granted += change;
        self.credit += change;
    }
}

impl Account {
    fn of(registered: &Registered) -> Self {
        let Personal { user, full_name, email } = registered.personal.clone();
        Self {
            user: user.unwrap_or_default(),
            full_name: full_name.unwrap_or_default(),
            email: email.unwrap_or_default(),
            role: registered.role,
            password: registered.password.clone(),
        }
    }

    fn change(&mut self, personal: &Personal) {
        if let Some(full_name) = &personal.full_name {
            self.full_name.clone_from(full_name);
        }
        if let Some(email) = &personal.email {
            self.email.clone_from(email);
        }
    }
}
