//! Log-outs and changed passwords, followed through the log by every process that checks tokens.
//!
//! What has ended is kept in memory, where every request looks, and in a small database of its own, so that a restarted process
//! need not read the whole log before it knows.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Position, Recorded, Timestamp};
use uuid::Uuid;

use crate::{
    ModelError, ReadModel,
    auth::{Auth, TOKEN_LIFETIME},
    sqlite::{Database, Location, Schema},
};

const SCHEMA: Schema = Schema {
    model: "sessions",
    unmarked: &["checkpoint", "customer", "token"],
    number: 1,
    create: "CREATE TABLE token (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
             CREATE TABLE customer (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;",
};

/// A session that ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// One token, which would have expired at that time.
    Token { token: Uuid, expires: Timestamp },
    /// All tokens of a customer issued up to that time.
    All { customer: Uuid, until: Timestamp },
}

/// The ended sessions as a read model that feeds [`Auth`].
#[derive(Clone)]
pub struct EndedSessions {
    database: Database,
    auth: Auth,
}

impl EndedSessions {
    /// Opens the database and tells `auth` what it holds.
    pub fn open(location: Location, auth: Auth) -> Result<Arc<Self>, ModelError> {
        let database = Database::open(location, SCHEMA)?;
        let sessions = Self { database, auth };
        for ended in sessions.load()? {
            sessions.tell(ended);
        }
        Ok(Arc::new(sessions))
    }

    fn load(&self) -> rusqlite::Result<Vec<Ended>> {
        self.database.read(|connection| {
            let mut tokens = connection.prepare("SELECT id, expires FROM token")?;
            let tokens = tokens.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let mut customers = connection.prepare("SELECT id, until FROM customer")?;
            let customers =
                customers.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            let tokens = tokens.map(|row| {
                row.map(|(id, at)| Ended::Token {
                    token: parse(&id),
                    expires: Timestamp::from_micros(at),
                })
            });
            let customers = customers.map(|row| {
                row.map(|(id, at)| Ended::All {
                    customer: parse(&id),
                    until: Timestamp::from_micros(at),
                })
            });
            tokens.chain(customers).collect()
        })
    }

    fn tell(&self, ended: Ended) {
        match ended {
            Ended::Token { token, expires } => self.auth.sessions().revoke_token(token, expires),
            Ended::All { customer, until } => self.auth.sessions().revoke_all(customer, until),
        }
    }
}

/// Ids of our own database parse; if one does not, no token has the nil id.
fn parse(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_default()
}

/// What an event ended: `end` knows the events, this crate does not.
pub type End = fn(&Recorded) -> Option<Ended>;

#[async_trait]
impl ReadModel for EndedSessions {
    type Change = Ended;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        Ok(self.database.checkpoint()?)
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Ended],
        to: Position,
    ) -> Result<(), ModelError> {
        self.database.apply(from, to, |transaction| {
            for ended in changes {
                match ended {
                    Ended::Token { token, expires } => {
                        let mut insert = transaction
                            .prepare_cached("INSERT OR REPLACE INTO token VALUES (?1, ?2)")?;
                        insert.execute((token.to_string(), expires.micros()))?;
                        // It was issued a lifetime before it expires; what had expired by then can go.
                        let long_gone = (*expires - TOKEN_LIFETIME).micros();
                        transaction
                            .prepare_cached("DELETE FROM token WHERE expires < ?1")?
                            .execute([long_gone])?;
                    }
                    Ended::All { customer, until } => {
                        let mut insert = transaction
                            .prepare_cached("INSERT OR REPLACE INTO customer VALUES (?1, ?2)")?;
                        insert.execute((customer.to_string(), until.micros()))?;
                        let long_gone = (*until - TOKEN_LIFETIME).micros();
                        transaction
                            .prepare_cached("DELETE FROM customer WHERE until < ?1")?
                            .execute([long_gone])?;
                    }
                }
            }
            Ok(())
        })?;
        for ended in changes {
            self.tell(*ended);
        }
        Ok(())
    }

    async fn reset(&self) -> Result<(), ModelError> {
        Ok(self.database.reset()?)
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        Ok(self.database.dump()?)
    }
}
