//! Log-outs and changed passwords, followed through the log by every process that checks tokens.
//!
//! Ended sessions are kept in memory, where every request checks them, and in a small separate database, so that a restarted
//! process need not read the whole log first.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use contracts::customer::SessionEnd;
use kernel::{Position, Recorded, Timestamp, sync};
use rusqlite::Transaction;
use uuid::Uuid;

use crate::{Auth, TOKEN_LIFETIME};
use runtime::{
    Deps, ModelError, Progress, ReadModel, SetAside, Unfit,
    model::Project,
    model::TakenUp,
    projector,
    sqlite::{Database, Location, Schema},
};

/// The follower, in every process: what a manager decides about an event that it cannot read is decided for all of them at once, by the
/// customer service, in whose streams these events are.
const FOLLOWER: &str = "customer.sessions";

const SCHEMA: Schema = Schema {
    model: "sessions",
    unmarked: &["checkpoint", "customer", "token"],
    number: 2,
    variant: 0,
    create: "CREATE TABLE token (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
             CREATE TABLE customer (id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;",
};

/// A session that ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// One token, which would have expired at that time.
    Token { token: Uuid, expires: Timestamp },
    /// All tokens of a customer that carry an earlier version.
    All { customer: Uuid, version: u64 },
}

/// The ended sessions as a read model that feeds [`Auth`].
#[derive(Clone)]
pub struct EndedSessions {
    database: Database,
    auth: Auth,
    /// What the database could not take yet.
    unsaved: Arc<Mutex<Option<Unsaved>>>,
}

/// Changes on their way into the database: those of a disk that was full stay until the next ones come.
struct Unsaved {
    from: Position,
    changes: Vec<Ended>,
    to: Position,
}

impl EndedSessions {
    /// Opens the database and loads its content into `auth`. A damaged one is set aside.
    pub fn open(location: Location, auth: Auth) -> Result<Arc<Self>, ModelError> {
        let database = Database::open(location, SCHEMA)?;
        let sessions = Self { database, auth, unsaved: Arc::default() };
        let ended = match sessions.load() {
            // The log has all of them.
            Err(ModelError::Damaged(_)) => {
                sessions.database.recover()?;
                Vec::new()
            }
            loaded => loaded?,
        };
        for ended in ended {
            sessions.tell(ended);
        }
        Ok(Arc::new(sessions))
    }

    fn load(&self) -> Result<Vec<Ended>, ModelError> {
        self.database.read(|connection| {
            let mut tokens = connection.prepare("SELECT id, expires FROM token")?;
            let tokens = tokens.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let mut customers = connection.prepare("SELECT id, version FROM customer")?;
            let customers =
                customers.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let tokens = tokens.map(|row| {
                row.map(|(id, at)| Ended::Token {
                    token: parse(&id),
                    expires: Timestamp::from_micros(at),
                })
            });
            let customers = customers.map(|row| {
                row.map(|(id, version): (String, i64)| Ended::All {
                    customer: parse(&id),
                    version: u64::try_from(version).unwrap_or_default(),
                })
            });
            tokens.chain(customers).collect()
        })
    }

    fn tell(&self, ended: Ended) {
        match ended {
            Ended::Token { token, expires } => self.auth.sessions().revoke_token(token, expires),
            Ended::All { customer, version } => {
                self.auth.sessions().revoke_before(customer, version);
            }
        }
    }
}

/// Ids of our own database parse; if one does not, no token has the nil id.
fn parse(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_default()
}

/// What a customer's event ended.
pub fn session_end(event: &Recorded) -> Result<Option<Ended>, Unfit> {
    Ok(contracts::customer::session_end(event)?.map(|end| match end {
        SessionEnd::Token { token, expires } => Ended::Token { token, expires },
        SessionEnd::All { customer, revision } => Ended::All { customer, version: revision },
    }))
}

/// Opens the database and follows the log; `end` maps an event to what it ended, such as [`session_end`]. Until this has caught up for the first time, no token is
/// believed; its progress belongs to the followers of every service of the process.
pub fn follow(
    deps: &Deps,
    auth: &Auth,
    location: Location,
    end: Project<Ended>,
) -> Result<Progress, ModelError> {
    let progress = deps.progress(FOLLOWER);
    auth.sessions().learn_from(progress.clone());
    let sessions = EndedSessions::open(location, auth.clone())?;
    projector::spawn(&deps.tasks, &deps.store(), sessions, end, progress.clone());
    Ok(progress)
}

#[async_trait]
impl ReadModel for EndedSessions {
    type Change = Ended;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        let stored = self.database.checkpoint()?;
        Ok(self.unsaved().as_ref().map_or(stored, |unsaved| unsaved.to))
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Ended],
        to: Position,
    ) -> Result<(), ModelError> {
        // Memory first: what a full disk cannot take is believed all the same.
        for ended in changes {
            self.tell(*ended);
        }
        let mut unsaved = self.unsaved();
        let failed_before = unsaved.is_some();
        let mut all = unsaved.take().unwrap_or(Unsaved { from, changes: Vec::new(), to });
        all.changes.extend_from_slice(changes);
        all.to = to;
        match self.save(&all) {
            Ok(()) if failed_before => tracing::info!("sessions.db can be written again"),
            Ok(()) => {}
            // Read from the log again, once there is another database.
            Err(error @ (ModelError::Stale | ModelError::Damaged(_) | ModelError::Unfit(_))) => {
                return Err(error);
            }
            Err(error) => {
                if !failed_before {
                    tracing::error!(%error, "cannot write sessions.db: ended sessions are kept in memory, and read from the log again after a restart");
                }
                *unsaved = Some(all);
            }
        }
        Ok(())
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.database.built_from(first)
    }

    async fn reset(&self) -> Result<(), ModelError> {
        *self.unsaved() = None;
        self.auth.sessions().forget_versions();
        self.database.reset()
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.save_before()?;
        self.database.set_aside(event)
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Ended>,
        to: Position,
    ) -> Result<(), ModelError> {
        up.changes.iter().for_each(|ended| self.tell(*ended));
        self.save_before()?;
        self.database.take_up(from, &up, to, |transaction| write(transaction, up.changes))
    }

    /// The end of one session must not wait for that of another.
    fn keeps_order(&self) -> bool {
        false
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.database.aside()
    }

    fn engine(&self) -> &'static str {
        "SQLite"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.database.dump()
    }

    fn database(&self) -> Option<Database> {
        Some(self.database.clone())
    }

    fn is_in_memory(&self) -> bool {
        true
    }
}

impl EndedSessions {
    fn unsaved(&self) -> MutexGuard<'_, Option<Unsaved>> {
        sync::lock(&self.unsaved)
    }

    fn save(&self, Unsaved { from, changes, to }: &Unsaved) -> Result<(), ModelError> {
        self.database.apply(*from, *to, |transaction| write(transaction, changes))
    }

    /// Saves what the database could not take before.
    fn save_before(&self) -> Result<(), ModelError> {
        let unsaved = self.unsaved().take();
        let Some(all) = unsaved else { return Ok(()) };
        self.save(&all).inspect_err(|_| *self.unsaved() = Some(all))
    }
}

fn write(transaction: &Transaction<'_>, changes: &[Ended]) -> rusqlite::Result<()> {
    for ended in changes {
        match ended {
            Ended::Token { token, expires } => {
                let mut insert =
                    transaction.prepare_cached("INSERT OR REPLACE INTO token VALUES (?1, ?2)")?;
                insert.execute((token.to_string(), expires.micros()))?;
                // It was issued a lifetime before it expires; what had expired a lifetime before that can go.
                let long_gone = (*expires - TOKEN_LIFETIME * 2).micros();
                transaction
                    .prepare_cached("DELETE FROM token WHERE expires < ?1")?
                    .execute([long_gone])?;
            }
            Ended::All { customer, version } => {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO customer VALUES (?1, ?2)
                     ON CONFLICT (id) DO UPDATE SET version = max(version, excluded.version)",
                )?;
                let version = i64::try_from(*version).unwrap_or(i64::MAX);
                insert.execute((customer.to_string(), version))?;
            }
        }
    }
    Ok(())
}
