//! A list of products as a file that `agora import` reads: the same columns, and everything that the list is of.

use std::io;

use axum::{
    body::Body,
    extract::Query,
    response::{IntoResponse, Response},
};
use contracts::rest::product::ProductList;
use futures_util::stream;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use sheets::ProductRow;
use site::{Failure, no_such_page};

use crate::{manager::ManagerVisit, products::Asked};

/// Products read at once.
const PAGE: usize = 500;

pub(crate) async fn export(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    // What is wrong with the first page is said as a page; later the download breaks off.
    let first = read(&manager, &asked, "").await?;
    let state = (manager, asked, Some(first));
    let pages = stream::unfold(state, async |(manager, asked, page)| {
        let page = page?;
        let rows: io::Result<String> =
            page.items.into_iter().map(|product| ProductRow::from(product).line()).collect();
        let next = match &page.next {
            Some(after) => {
                let Ok(next) = read(&manager, &asked, after).await else {
                    let broken = io::Error::other("the shop did not answer");
                    return Some((Err(broken), (manager, asked, None)));
                };
                Some(next)
            }
            None => None,
        };
        Some((rows, (manager, asked, next)))
    });
    let header = stream::once(async { ProductRow::header() });
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"products.csv\""),
    ];
    let body = Body::from_stream(futures_util::StreamExt::chain(header, pages));
    Ok((headers, body).into_response())
}

async fn read(manager: &ManagerVisit, asked: &Asked, after: &str) -> Result<ProductList, Failure> {
    let limit = PAGE.to_string();
    let (call, query) = asked.query(&limit, after);
    manager.get(call, &query).await.map_err(no_such_page)
}
