//! Changes as documents.
//!
//! ```text
//!  claim ─▶ read what changes ─▶ still ours? ─▶ write documents ─▶ checkpoint
//!    └─────────────── the revision of the checkpoint ──────────────────┘
//! ```
//!
//! The claim is a write of the checkpoint that does not move it. A projector that finds its claim still in place after reading has
//! read nothing that a later claimant wrote. What it writes on the revisions it read cannot replace anything of the later claimant's,
//! and it cannot move the checkpoint, whose revision has changed by then. What it leaves behind is beyond the checkpoint: not in
//! force, and written again.

use std::collections::{BTreeMap, HashMap};

use contracts::accounting::InvoiceIssued;
use kernel::{Position, Timestamp};
use runtime::ModelError;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    aside,
    claim::take_claim,
    documents::{
        Aside, CHECKPOINT, Checkpoint, Earlier, InvoiceDocument, Names, ORIGIN, Origin, Pointer,
        Stored, SumState, Versioned, customer_id, day_id, invoice_id, name_id, order_id, owned_id,
        product_id,
    },
    server::{Server, read},
};
use crate::{
    calendar::Calendar,
    model::{Change, What},
};

/// A batch as documents.
#[derive(Default)]
struct Batch {
    /// Invoices, each with what the batch says until then of its customer's names.
    invoices: Vec<InvoiceDocument>,
    /// What never changes, by id.
    fixed: BTreeMap<String, Value>,
    /// What is added to sums, by id.
    sums: BTreeMap<String, SumState>,
    /// What customers are called from now on, by id.
    names: BTreeMap<String, Names>,
    /// The number of the last invoice before the batch, and in it.
    before: u64,
    last: u64,
}

/// What a step of the model writes.
pub(super) struct Step<'a> {
    pub(super) changes: &'a [Change],
    /// Entries of the inbox.
    pub(super) entries: Vec<Aside>,
}

pub(super) async fn apply(
    server: &Server,
    calendar: &Calendar,
    from: Position,
    step: Step<'_>,
    to: Position,
) -> Result<(), ModelError> {
    let mut claim = server.claim.lock().await;
    // Forgotten unless all goes well.
    let (checkpoint, rev) = match claim.take() {
        Some((checkpoint, rev)) if checkpoint.position == from => (checkpoint, rev),
        _ => take_claim(server, from).await?,
    };
    let mut batch = Batch { before: checkpoint.last, last: checkpoint.last, ..Batch::default() };
    for change in step.changes {
        batch.take(calendar, change)?;
    }
    let last = batch.last;
    if !step.changes.is_empty() {
        batch.write(server, from, to, &rev).await?;
    }
    for entry in step.entries {
        aside::write(server, &entry).await?;
    }
    let moved = Checkpoint { position: to, last, ..checkpoint };
    let rev = server.put(CHECKPOINT, Some(&rev), &json!(moved)).await?;
    *claim = Some((moved, rev.ok_or(ModelError::Stale)?));
    Ok(())
}

/// The event that begins the log which the model is built from; `first` if none was noted before.
pub(super) async fn built_from(server: &Server, first: Uuid) -> Result<Uuid, ModelError> {
    // The database is made where there is none yet.
    server.checkpoint().await?;
    if let Some(stored) = server.get(ORIGIN).await? {
        return Ok(read::<Origin>(&stored)?.first);
    }
    if server.put(ORIGIN, None, &json!(Origin { first })).await?.is_some() {
        return Ok(first);
    }
    // Another instance was first.
    let stored = server.get(ORIGIN).await?;
    let stored =
        stored.ok_or_else(|| ModelError::Unavailable("the database is gone".to_owned()))?;
    Ok(read::<Origin>(&stored)?.first)
}

impl Batch {
    fn take(&mut self, calendar: &Calendar, change: &Change) -> Result<(), ModelError> {
        match &change.what {
            What::Issued { invoice, at } => {
                self.issued(change.position, invoice, *at)?;
                let day = calendar.day_of(*at);
                let product = product_id(day.year(), invoice.product);
                for (id, name) in [(day_id(day), ""), (product, invoice.product_name.as_str())] {
                    let sum = self.sums.entry(id).or_default();
                    sum.invoices += 1;
                    sum.quantity += u64::from(invoice.quantity);
                    sum.revenue += invoice.total;
                    name.clone_into(&mut sum.name);
                }
                Ok(())
            }
            What::Named { customer, user, full_name } => {
                self.named(*customer, user.as_ref(), full_name.as_ref())
            }
        }
    }

    fn issued(
        &mut self,
        position: Position,
        invoice: &InvoiceIssued,
        at: Timestamp,
    ) -> Result<(), ModelError> {
        let number = invoice.number;
        if number <= self.last {
            return Err(ModelError::Unfit(format!("invoice {number} already exists")));
        }
        self.last = number;
        let pointer = json!(Pointer::Invoice(number));
        self.fixed.entry(order_id(invoice.order)).or_insert_with(|| pointer.clone());
        self.fixed.insert(owned_id(invoice.customer, number), pointer);
        let names = self.names.get(&customer_id(invoice.customer)).cloned().unwrap_or_default();
        let (issued_at, invoice) = (at.micros(), invoice.clone());
        self.invoices.push(InvoiceDocument { position, issued_at, names, invoice });
        Ok(())
    }

    fn named(
        &mut self,
        customer: Uuid,
        user: Option<&String>,
        full_name: Option<&String>,
    ) -> Result<(), ModelError> {
        if let Some(user) = user {
            let pointer = json!(Pointer::Customer(customer));
            let named = self.fixed.entry(name_id(user)).or_insert_with(|| pointer.clone());
            if *named != pointer {
                return Err(taken());
            }
        }
        let names = self.names.entry(customer_id(customer)).or_default();
        names.user = user.cloned().or_else(|| names.user.take());
        names.full_name = full_name.cloned().or_else(|| names.full_name.take());
        Ok(())
    }

    /// The documents that the batch rests on.
    fn ids(&self) -> Vec<String> {
        let customers = self.invoices.iter().map(|invoice| customer_id(invoice.invoice.customer));
        let user_names = self.fixed.keys().filter(|id| id.starts_with("name:")).cloned();
        let mut ids: Vec<String> =
            self.sums.keys().chain(self.names.keys()).cloned().chain(customers).collect();
        ids.extend(user_names);
        ids.sort();
        ids.dedup();
        ids
    }

    /// Puts the invoices among the documents, each with its customer's names as of its issue.
    fn issue(&mut self, found: &HashMap<&str, &Stored>, from: Position) -> Result<(), ModelError> {
        for mut document in std::mem::take(&mut self.invoices) {
            let customer = customer_id(document.invoice.customer);
            if let Some(Earlier { state, .. }) =
                in_force::<Names>(found.get(customer.as_str()).copied(), from)?
            {
                let Names { user, full_name } = &mut document.names;
                *user = user.take().or(state.user);
                *full_name = full_name.take().or(state.full_name);
            }
            self.fixed.insert(invoice_id(document.invoice.number), json!(document));
        }
        Ok(())
    }

    /// Whether a user name that the batch gives belongs to another customer already.
    async fn check_names(
        &self,
        server: &Server,
        found: &HashMap<&str, &Stored>,
        from: Position,
    ) -> Result<(), ModelError> {
        for (id, pointer) in self.fixed.iter().filter(|(id, _)| id.starts_with("name:")) {
            let Some(stored) = found.get(id.as_str()) else { continue };
            let Pointer::Customer(owner) = read(stored)? else { continue };
            if json!(Pointer::Customer(owner)) == *pointer {
                continue;
            }
            let owner = server.get(&customer_id(owner)).await?;
            let names = in_force::<Names>(owner.as_ref(), from)?;
            let user = names.and_then(|names| names.state.user);
            if user.is_some_and(|user| name_id(&user) == *id) {
                return Err(taken());
            }
        }
        Ok(())
    }

    /// Writes all documents as they are to be at the second position, given the claim `rev` at the first.
    async fn write(
        mut self,
        server: &Server,
        from: Position,
        to: Position,
        rev: &str,
    ) -> Result<(), ModelError> {
        let found = server.get_all(&self.ids()).await?;
        let found: HashMap<&str, &Stored> =
            found.iter().map(|stored| (stored.id.as_str(), stored)).collect();
        if server.checkpoint().await?.1 != rev {
            return Err(ModelError::Stale);
        }
        self.check_names(server, &found, from).await?;
        self.issue(&found, from)?;
        let Self { mut fixed, sums, names, before, .. } = self;
        let mut documents = Vec::new();
        for (id, added) in sums {
            let stored = found.get(&*id).copied();
            documents.push(changed(stored, &id, from, to, |sum| add(sum, added))?);
        }
        for (id, now) in names {
            let stored = found.get(&*id).copied();
            documents.push(changed(stored, &id, from, to, |names| rename(names, now))?);
        }
        documents.extend(fixed.iter().map(|(id, body)| document(id, None, body.clone())));
        let sent = server.put_all(&documents).await?;
        let refused = sent.into_iter().filter(|sent| sent.error.is_some()).map(|sent| sent.id);
        let refused: Vec<String> = refused.collect();
        if refused.iter().any(|id| !fixed.contains_key(id)) {
            return Err(ModelError::Stale);
        }
        // Written before by one that was interrupted: the same, if of the same shape.
        let mut others = Vec::new();
        for stored in server.get_all(&refused).await? {
            let body = fixed.remove(&stored.id).unwrap_or_default();
            // An order leads to its first invoice.
            let is_first = stored.id.starts_with("order:")
                && matches!(read(&stored)?, Pointer::Invoice(number) if number <= before);
            if !is_first && !stored.holds(&body) {
                others.push(document(&stored.id, Some(&stored.rev), body));
            }
        }
        let sent = server.put_all(&others).await?;
        if sent.iter().any(|sent| sent.error.is_some()) { Err(ModelError::Stale) } else { Ok(()) }
    }
}

fn add(sum: &mut SumState, added: SumState) {
    sum.invoices += added.invoices;
    sum.quantity += added.quantity;
    sum.revenue += added.revenue;
    sum.name = added.name;
}

/// What is not said now stays as it was.
fn rename(names: &mut Names, now: Names) {
    names.user = now.user.or_else(|| names.user.take());
    names.full_name = now.full_name.or_else(|| names.full_name.take());
}

/// A document that changes, as it is to be: what is in force, changed; and what is in force, to be read until the checkpoint moves.
fn changed<S: Clone + Default + Serialize + DeserializeOwned>(
    stored: Option<&Stored>,
    id: &str,
    from: Position,
    to: Position,
    change: impl FnOnce(&mut S),
) -> Result<Value, ModelError> {
    let before: Option<Earlier<S>> = in_force(stored, from)?;
    let mut state = before.as_ref().map(|before| before.state.clone()).unwrap_or_default();
    change(&mut state);
    let changed = Versioned { position: to, state, before };
    Ok(document(id, stored.map(|stored| stored.rev.as_str()), json!(changed)))
}

/// What a document holds that is in force at a position.
fn in_force<S: Clone + DeserializeOwned>(
    stored: Option<&Stored>,
    from: Position,
) -> Result<Option<Earlier<S>>, ModelError> {
    let Some(stored) = stored else { return Ok(None) };
    read::<Versioned<S>>(stored)?.at(from).map_err(|_too_new| ModelError::Stale)
}

fn taken() -> ModelError {
    ModelError::Unfit("the user name belongs to another customer".to_owned())
}

fn document(id: &str, rev: Option<&str>, mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("_id".to_owned(), json!(id));
        if let Some(rev) = rev {
            fields.insert("_rev".to_owned(), json!(rev));
        }
    }
    body
}
