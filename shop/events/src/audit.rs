//! Who changed what, and when: what people did, the latest first.

use axum::{extract::State, response::Response};
use contracts::rest::events::Audit;
use identity::Manager;
use kernel::{Position, Timestamp};
use rusqlite::{Connection, params_from_iter, types::Value};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{After, COUNTED_MAX, Limit, Problem, Query, Text};

use crate::{Events, answer, causes::number, shown, unreadable};

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "PascalCase")]
pub(super) struct Asked {
    /// Only what this actor did, such as `manager:0190c7f2-8b1e-7c3a-9f00-1234567890ab`; or what actors of this kind did, such as
    /// `manager`.
    #[param(inline)]
    by: Option<Text<0, 200>>,
    /// Only events of this type, such as `product.changed`; or of streams of this category, such as `product`.
    #[param(inline)]
    r#type: Option<Text<0, 200>>,
    /// Only what was recorded at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only what was recorded before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    #[param(value_type = Option<String>, inline)]
    after: Option<After<u64>>,
    /// Whether to count what all pages have too, as Total.
    #[serde(default)]
    #[param(required = false)]
    count: bool,
}

/// What people did, the latest first: managers, customers, and who had not logged in. Orders that customers placed for themselves are
/// left out; `get-orders` lists them.
#[utoipa::path(get, path = "/read-audit", params(Asked), security(("token" = [])), responses((status = 200, body = Audit)))]
pub(super) async fn read_audit(
    State(events): State<Events>,
    _manager: Manager,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let head = events.reader.head().await.map_err(unreadable)?;
    let indexed_to = events.indexed_to(head).await;
    let wanted = events.wanted(&asked).await?;
    let (limit, count) = (asked.limit, asked.count);
    let found = events.causes.scan(move |connection| {
        let total = if count { Some(wanted.count(connection)?) } else { None };
        Ok((wanted.find(connection, limit.and_one())?, total))
    });
    let (mut positions, total) = found.await?;
    let more = positions.len() > limit.get();
    positions.truncate(limit.get());
    let next = positions.last().filter(|_| more).map(|last| After(last.0).encode());
    positions.reverse();
    let read = events.read(&positions).await?;
    let items = read.iter().rev().map(|event| shown(event)).collect();
    Ok(answer(Audit { items, next, indexed_to: indexed_to.0, total }, head))
}

/// What is looked for in the index.
struct Wanted {
    from: Position,
    /// Where the time that is asked for ends: before this position.
    until: Position,
    /// Where the page begins: before this position.
    before: Position,
    by: Option<String>,
    kind: Option<String>,
}

impl Events {
    async fn wanted(&self, asked: &Asked) -> Result<Wanted, Problem> {
        let end = Position(u64::MAX);
        let from = self.first_at(asked.since).await?.unwrap_or(Position::START);
        let until = self.first_at(asked.until).await?.unwrap_or(end);
        let after = asked.after.as_ref().map_or(end, |after| Position(after.0));
        let text = |text: &Option<Text<0, 200>>| {
            text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Ok(Wanted {
            from,
            until,
            before: until.min(after),
            by: text(&asked.by),
            kind: text(&asked.r#type),
        })
    }

    /// The position of the first event at or after a time, the end of all where there is none yet; none without a time.
    async fn first_at(&self, time: Option<Timestamp>) -> Result<Option<Position>, Problem> {
        let Some(time) = time else { return Ok(None) };
        let found = self.reader.position_at(time).await.map_err(unreadable)?;
        Ok(Some(found.unwrap_or(Position(u64::MAX))))
    }
}

impl Wanted {
    /// The positions, the latest first, `count` at most.
    fn find(&self, connection: &Connection, count: usize) -> rusqlite::Result<Vec<Position>> {
        let (sql, values) = self.narrowed("SELECT position FROM deed", self.before);
        let sql = format!("{sql} ORDER BY position DESC LIMIT {count}");
        let mut query = connection.prepare_cached(&sql)?;
        query.query_map(params_from_iter(values), |row| row.get(0).map(Position))?.collect()
    }

    /// How many all pages have; [`COUNTED_MAX`] stands for that many or more.
    fn count(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let (sql, values) = self.narrowed("SELECT 1 FROM deed", self.until);
        let sql = format!("SELECT count(*) FROM ({sql} LIMIT {COUNTED_MAX})");
        connection.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
    }

    /// The query `select` of what is looked for before a position, and its values.
    fn narrowed(&self, select: &str, before: Position) -> (String, Vec<Value>) {
        let mut sql = format!("{select} WHERE position >= ? AND position < ?");
        let mut values: Vec<Value> = vec![number(self.from).into(), number(before).into()];
        match &self.by {
            Some(by) if by.contains(':') => {
                sql.push_str(" AND actor = ?");
                values.push(by.clone().into());
            }
            Some(by) => {
                let of_kind = format!("{by}:");
                sql.push_str(" AND (actor = ? OR substr(actor, 1, length(?)) = ?)");
                values.extend([by.clone(), of_kind.clone(), of_kind].map(Value::from));
            }
            None => {}
        }
        if let Some(kind) = &self.kind {
            let of_category = format!("{kind}.");
            sql.push_str(" AND (type = ? OR substr(type, 1, length(?)) = ?)");
            values.extend([kind.clone(), of_category.clone(), of_category].map(Value::from));
        }
        (sql, values)
    }
}
