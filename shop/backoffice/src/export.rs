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
        let rows: io::Result<String> = page.items.iter().map(row).collect();
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

/// A product as a line of the file.
fn row(product: &Product) -> io::Result<String> {
    let (price, units) = (product.price.0.minor().to_string(), product.units_in_stock.to_string());
    let texts = [
        product.code.as_deref().unwrap_or_default(),
        &product.name,
        &product.description,
        &product.supplier,
        &product.category_name,
        &price,
        &units,
    ];
    let mut row =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    row.write_record(texts)?;
    let row = row.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(row).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use contracts::money::{Decimal, Money};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_would_break_a_row_is_quoted() {
        let product = Product {
            product_id: Uuid::from_u128(1),
            code: Some("DRI-01".to_owned()),
            name: "Milk, 1 l; \"fresh\"".to_owned(),
            description: "The\nbest".to_owned(),
            supplier: "Dairy".to_owned(),
            category_id: Uuid::from_u128(2),
            category_name: String::new(),
            price: Decimal(Money::from_minor(119)),
            currency: "EUR".to_owned(),
            units_in_stock: 10,
            available: 7,
            version: 3,
        };
        let expected = "DRI-01,\"Milk, 1 l; \"\"fresh\"\"\",\"The\nbest\",Dairy,,119,10\r\n";
        assert_eq!(row(&product).expect("text"), expected);
    }
}
