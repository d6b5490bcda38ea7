//! A list of products as a file that `agora import` reads: the same columns, and everything that the list is of.

use std::io;

use axum::{
    body::Body,
    extract::Query,
    response::{IntoResponse, Response},
};
use contracts::rest::product::{Product, ProductList};
use futures_util::stream;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use site::{Failure, no_such_page};

use crate::{manager::ManagerVisit, products::Asked};

const HEADER: &str = "ProductCode,Name,Description,Supplier,Category,PriceMinor,UnitsInStock\r\n";
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
        let rows: String = page.items.iter().map(row).collect();
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
        Some((Ok(rows), (manager, asked, next)))
    });
    let header = stream::once(async { Ok::<_, io::Error>(HEADER.to_owned()) });
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

fn row(product: &Product) -> String {
    let (price, units) = (product.price.0.minor(), product.units_in_stock);
    let texts = [
        product.code.as_deref().unwrap_or_default(),
        &product.name,
        &product.description,
        &product.supplier,
        &product.category_name,
    ];
    let texts = texts.map(quoted).join(",");
    format!("{texts},{price},{units}\r\n")
}

/// A field, in quotes where it needs them.
fn quoted(field: &str) -> String {
    let plain = !field.contains([',', ';', '\t', '"', '\r', '\n']) && field.trim() == field;
    if plain { field.to_owned() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_row_is_quoted() {
        assert_eq!(quoted("Tea"), "Tea");
        assert_eq!(quoted("Milk, 1 l"), "\"Milk, 1 l\"");
        assert_eq!(quoted("The \"best\"\nof all"), "\"The \"\"best\"\"\nof all\"");
        assert_eq!(quoted(""), "");
    }
}
