//! What there is, where there is nothing of what was asked for.

use std::{collections::BTreeSet, ops::ControlFlow};

use serde_json::Value;

use super::{
    Filter,
    source::Source,
    table::{category, text},
};
use crate::id::{Id, Unclear};

/// How many of the newest events are searched for what there is.
const LOOKED_AT: usize = 10_000;
/// How many streams are named.
const STREAMS: usize = 3;

/// The whole name of a stream of which only the beginning or the end of its id was given, as logs show it. None if the name is no such part.
pub(super) async fn whole_stream(source: &Source, given: &str) -> anyhow::Result<Option<String>> {
    let Some((of, part)) = given.split_once('-') else { return Ok(None) };
    let Some(Err(mut fitting)) = part.parse().ok().map(Id::whole_or_fitting) else {
        return Ok(None);
    };
    let all = Filter { category: Some(of.to_owned()), ..Filter::default() };
    let visit = |event: &Value| {
        let id = text(event, "Stream").split_once('-').and_then(|(_, id)| id.parse().ok());
        if let Some(id) = id {
            fitting.look_at(id);
        }
        Ok(ControlFlow::Continue(()))
    };
    source.each(&all, LOOKED_AT, visit).await?;
    match fitting.one("stream") {
        Ok(id) => Ok(Some(format!("{of}-{id}"))),
        Err(Unclear::None { .. }) => Ok(None),
        Err(several) => Err(several.into()),
    }
}

/// A sentence that says that nothing fits, and what there is instead.
pub(super) async fn explain(source: &Source, filter: &Filter) -> anyhow::Result<String> {
    let newest = source.last(&Filter::default(), LOOKED_AT).await?;
    if newest.is_empty() {
        return Ok("Nothing has been recorded yet".to_owned());
    }
    let among = match newest.len() {
        LOOKED_AT => format!(" among the newest {LOOKED_AT} events"),
        _ => String::new(),
    };
    let categories: BTreeSet<&str> = newest.iter().map(category).collect();
    let unknown = |category: &str| {
        let there_are = listed(categories.iter().copied());
        format!("There are no events of the category {category}; there are{among}: {there_are}")
    };
    if let Some(stream) = &filter.stream {
        let of = stream.split_once('-').map_or(stream.as_str(), |(category, _)| category);
        if !categories.contains(of) {
            return Ok(unknown(of));
        }
        let streams = newest.iter().rev().filter(|event| category(event) == of);
        let mut named: Vec<&str> = Vec::new();
        for stream in streams.map(|event| text(event, "Stream")) {
            if named.len() < STREAMS && !named.contains(&stream) {
                named.push(stream);
            }
        }
        let newest = listed(named.into_iter());
        return Ok(format!(
            "There are no events of the stream {stream}; the newest of {of} are: {newest}"
        ));
    }
    if let Some(wanted) = filter.category.as_deref().filter(|wanted| !categories.contains(wanted)) {
        return Ok(unknown(wanted));
    }
    let of_category =
        |event: &&Value| filter.category.as_deref().is_none_or(|wanted| wanted == category(event));
    let types: BTreeSet<&str> =
        newest.iter().filter(of_category).map(|event| text(event, "Type")).collect();
    match filter.kind.as_deref() {
        Some(kind) if !types.contains(kind) => {
            let meant = did_you_mean(kind, types.iter().copied());
            let all = listed(types.iter().copied());
            Ok(match meant {
                None => {
                    format!("There are no events of the type {kind}; there are{among}: {all}")
                }
                Some(meant) => format!(
                    "There are no events of the type {kind}; {meant} There are{among}: {all}"
                ),
            })
        }
        _ => Ok(
            "There are no events that fit: all of these were recorded at other times or positions"
                .to_owned(),
        ),
    }
}

/// A question that names the types of `all` that may be meant, if any may.
pub(super) fn did_you_mean<'a>(
    kind: &str,
    all: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let alike = contracts::alike(kind, all);
    let (last, others) = alike.split_last()?;
    let others = listed(others.iter().copied());
    let or = if others.is_empty() { "" } else { " or " };
    Some(format!("did you mean {others}{or}{last}?"))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
