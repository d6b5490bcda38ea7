//! Who changed what, and when: what people did, the latest first.

use axum::{extract::State, response::Response};
use contracts::rest::events::Audit;
use identity::Manager;
use kernel::{Position, Timestamp};
use rusqlite::{Connection, ToSql};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{After, Limit, Problem, Query, Text};

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
    let limit = asked.limit;
    let found = events.causes.scan(move |connection| wanted.find(connection, limit.and_one()));
    let mut positions = found.await?;
    let more = positions.len() > limit.get();
    positions.truncate(limit.get());
    let next = positions.last().filter(|_| more).map(|last| After(last.0).encode());
    positions.reverse();
    let read = events.read(&positions).await?;
    let items = read.iter().rev().map(|event| shown(event)).collect();
    Ok(answer(Audit { items, next, indexed_to: indexed_to.0 }, head))
}

/// What is looked for in the index.
struct Wanted {
    from: Position,
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
        let mut sql = "SELECT position FROM deed WHERE position >= ? AND position < ?".to_owned();
        let (from, before) = (number(self.from), number(self.before));
        let mut values: Vec<&dyn ToSql> = vec![&from, &before];
        let below = |text: &String, end: char| format!("{text}{end}");
        let of_kind = self.by.as_ref().map(|by| below(by, ':'));
        match (&self.by, &of_kind) {
            (Some(by), _) if by.contains(':') => {
                sql.push_str(" AND actor = ?");
                values.push(by);
            }
            (Some(by), Some(kind)) => {
                sql.push_str(" AND (actor = ? OR substr(actor, 1, length(?)) = ?)");
                values.extend([by as &dyn ToSql, kind, kind]);
            }
            _ => {}
        }
        let of_category = self.kind.as_ref().map(|kind| below(kind, '.'));
        if let (Some(kind), Some(category)) = (&self.kind, &of_category) {
            sql.push_str(" AND (type = ? OR substr(type, 1, length(?)) = ?)");
            values.extend([kind as &dyn ToSql, category, category]);
        }
        sql.push_str(" ORDER BY position DESC LIMIT ?");
        values.push(&count);
        let mut query = connection.prepare_cached(&sql)?;
        query.query_map(&*values, |row| row.get(0).map(Position))?.collect()
    }
}
