//! Products from a CSV file: first what it would do, then the import, row by row, each with its outcome. The rules are those of
//! `agora import`, so it can be repeated.
//!
//! Nothing is kept between the two but what is in the form: the rows that would do something. Each is compared again before it is
//! brought in, so a form sent twice does nothing twice.

use std::io;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contracts::rest::product::{Category, Product};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sheets::{BadRow, Current, Numbered, ProductRow, Rows};
use site::{Badge, Count, Failure, Form, Frame, Page, Shop, Tone, refused};

use crate::{
    bulk::Outcome,
    import_plan::{Categories, Planned, What},
    manager::ManagerVisit,
};

/// The most rows of a file; the command takes any number.
const ROWS_MAX: usize = 2_000;
/// Rows compared, or brought in, at the same time: those that wait for the disk together share a sync.
const AT_ONCE: usize = 32;
/// Rows of each kind that a page shows.
const SHOWN: usize = 100;
/// How a compressed file begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Where a file is chosen.
#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    form: Form,
    csrf: String,
}

/// What the file would do.
#[derive(Template)]
#[template(path = "import-preview.html")]
struct Preview {
    frame: Frame,
    file: Summary,
    /// The rows that would do something, as a file.
    rows: String,
    set_stock: bool,
    key: String,
    csrf: String,
}

/// What a file holds, compared with the shop.
struct Summary {
    planned: Vec<Planned>,
    /// Those that are missing in the shop.
    categories: Vec<String>,
    bad: Vec<BadRow>,
    notes: Vec<String>,
}

/// What was brought in, and what was not.
#[derive(Template)]
#[template(path = "import-done.html")]
struct Done {
    frame: Frame,
    rows: Vec<Brought>,
    /// What was sent, for rows that the shop could not be reached for.
    again: Option<Form>,
    csrf: String,
}

/// A row and its outcome.
struct Brought {
    row: ProductRow,
    did: &'static str,
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewCategory<'a> {
    name: &'a str,
}

pub(crate) async fn choose(manager: ManagerVisit) -> Response {
    show(&manager, Form::new()).into_response()
}

/// Shows what the file would do.
pub(crate) async fn preview(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    mut form: Form,
) -> Result<Response, Failure> {
    let read = match form.file("File") {
        Some(file) => read(file.to_vec()),
        None => Err("choose a non-empty file".to_owned()),
    };
    let rows = match read {
        Ok(rows) => rows,
        Err(why) => {
            form.reject("File", why);
            return Ok(refused(show(&manager, form)));
        }
    };
    let set_stock = form.given("SetStock").is_some();
    let currency = shop.currency(&manager).await;
    let categories = Categories::read(&manager).await?;
    let notes = rows.notes().collect();
    let planned = rows.good.into_iter().map(|Numbered { row, .. }| async {
        let product = with_code(&manager, &row.code).await?;
        Ok::<_, Failure>(Planned::new(row, product.as_ref(), &categories, set_stock, &currency))
    });
    let planned: Vec<Planned> = stream::iter(planned).buffered(AT_ONCE).try_collect().await?;
    let total = planned.len() + rows.bad.len();
    let missing = categories.missing(planned.iter().map(|planned| &planned.row));
    let categories = missing.into_iter().map(|(_, name)| name).collect();
    let file = Summary { planned, categories, bad: rows.bad, notes };
    let rows = file.rows().map_err(|_| Failure::Broken)?;
    let title = format!("{} row{} read", Count(total), if total == 1 { "" } else { "s" });
    let (frame, csrf, key) = (manager.frame(title), manager.csrf(), manager.idempotency_key());
    Ok(Page(Preview { frame, file, rows, set_stock, key, csrf }).into_response())
}

/// Brings in the rows that the preview showed.
pub(crate) async fn import(manager: ManagerVisit, form: Form) -> Result<Response, Failure> {
    let rows = Rows::<ProductRow>::of("products.csv".to_owned(), form.raw("Rows").into());
    let rows = rows.map_err(|_| Failure::Malformed)?.good;
    if rows.len() > ROWS_MAX {
        return Err(Failure::TooLong);
    }
    let (key, set_stock) = (form.value("Key"), form.given("SetStock").is_some());
    let mut categories = Categories::read(&manager).await?;
    let missing = categories.missing(rows.iter().map(|row| &row.row));
    // One after another: all of them go to the same stream. What is refused is said at its rows.
    for (number, name) in missing {
        let add = NewCategory { name: &name };
        let key = format!("{key}-category-{number}");
        match manager.post_once::<Category>("/product/add-new-category", &add, &key).await {
            Ok(category) => categories.add(&category),
            // It was added since, or by the same form before.
            Err(failure) if failure.refused(409).is_some() => {
                categories.read_again(&manager).await?;
            }
            Err(failure) => categories.refuse(&name, Outcome::of(&failure)),
        }
    }
    let brought = rows.into_iter().map(|Numbered { line, row }| {
        let (manager, categories, key) = (&manager, &categories, format!("{key}-{line}"));
        async move { bring_in(manager, row, categories, set_stock, &key).await }
    });
    let rows: Vec<Brought> = stream::iter(brought).buffered(AT_ONCE).collect().await;
    let done = rows.iter().filter(|row| row.outcome.is_done()).count();
    let is_unreached = rows.iter().any(|row| matches!(row.outcome, Outcome::Unreached));
    let of = if rows.len() == 1 { "product is" } else { "products are" };
    let title = format!("{} of {} {of} as in the file", Count(done), Count(rows.len()));
    let (frame, csrf) = (manager.frame(title), manager.csrf());
    let page = Page(Done { frame, rows, again: is_unreached.then_some(form), csrf });
    Ok(if is_unreached { refused(page) } else { page.into_response() })
}

async fn bring_in(
    manager: &ManagerVisit,
    row: ProductRow,
    categories: &Categories,
    set_stock: bool,
    key: &str,
) -> Brought {
    let (did, outcome) = match categories.of(&row.category) {
        Ok(category_id) => match with_code(manager, &row.code).await {
            Ok(None) => {
                let added = row.added(category_id);
                let added =
                    manager.post_once::<Product>("/product/add-new-product", &added, key).await;
                ("Added", added.map(drop))
            }
            Ok(Some(product)) => {
                let current = Current::from(&product);
                match row.changes(current, category_id, set_stock) {
                    Some(changes) => {
                        let changed =
                            manager.post_once::<Product>("/product/update-product", &changes, key);
                        ("Changed", changed.await.map(drop))
                    }
                    None => ("Unchanged", Ok(())),
                }
            }
            Err(failure) => ("", Err(failure)),
        },
        Err(outcome) => return Brought { row, did: "", outcome },
    };
    let outcome = outcome.map_or_else(|failure| Outcome::of(&failure), |()| Outcome::Changed);
    Brought { row, did, outcome }
}

/// The rows of a file, each code once; or what is wrong with it as a whole.
fn read(file: Vec<u8>) -> Result<Rows<ProductRow>, String> {
    if file.starts_with(GZIP) {
        return Err("is compressed: unpack it first".to_owned());
    }
    let rows = Rows::<ProductRow>::of("products.csv".to_owned(), file);
    let rows = rows.map_err(|why| format!("cannot be read: {why}"))?.once(|row| &row.code);
    let total = rows.good.len() + rows.bad.len();
    if total > ROWS_MAX {
        let (total, most) = (Count(total), Count(ROWS_MAX));
        return Err(format!(
            "has {total} rows, and this page takes {most}: split it, or use the command agora import"
        ));
    }
    if total == 0 {
        return Err("has no rows after the first line".to_owned());
    }
    Ok(rows)
}

/// The product of that code, if there is one.
async fn with_code(manager: &ManagerVisit, code: &str) -> Result<Option<Product>, Failure> {
    match manager.get("/product/get-product-details", &[("Code", code)]).await {
        Err(failure) if failure.is_not_found() => Ok(None),
        product => product.map(Some),
    }
}

fn show(manager: &ManagerVisit, form: Form) -> Page<ImportPage> {
    let (frame, csrf) = (manager.frame("Import products"), manager.csrf());
    Page(ImportPage { frame, form, csrf })
}

impl Summary {
    fn of(&self, what: impl Fn(&What) -> bool) -> impl Iterator<Item = &Planned> {
        self.planned.iter().filter(move |planned| what(&planned.what))
    }

    fn added(&self) -> impl Iterator<Item = &Planned> {
        self.of(|what| matches!(what, What::Added))
    }

    fn changed(&self) -> impl Iterator<Item = &Planned> {
        self.of(|what| matches!(what, What::Changed(_)))
    }

    fn unchanged(&self) -> usize {
        self.of(|what| matches!(what, What::Nothing)).count()
    }

    fn words(&self) -> String {
        let are = |count| if count == 1 { "is" } else { "are" };
        let (unchanged, bad) = (self.unchanged(), self.bad.len());
        let counts = [
            (self.added().count(), "would be added".to_owned()),
            (self.changed().count(), "would be changed".to_owned()),
            (unchanged, format!("{} as in the shop", are(unchanged))),
            (bad, format!("{} left out", are(bad))),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> =
            counts.map(|(count, what)| format!("{} {what}", Count(count))).collect();
        format!("{}.", words.join(", "))
    }

    /// Those that would do something.
    fn effective(&self) -> usize {
        self.planned.len() - self.unchanged()
    }

    fn rows(&self) -> io::Result<String> {
        let mut rows = ProductRow::header()?;
        for planned in self.of(|what| !matches!(what, What::Nothing)) {
            rows.push_str(&planned.row.line()?);
        }
        Ok(rows)
    }
}

impl Done {
    /// Those that are not as in the file come first: something is to be done about them.
    fn shown(&self) -> impl Iterator<Item = &Brought> {
        let (done, open): (Vec<_>, Vec<_>) =
            self.rows.iter().partition(|row| row.outcome.is_done());
        let most = open.len().max(SHOWN);
        open.into_iter().chain(done).take(most)
    }
}

impl Brought {
    fn badge(&self) -> Badge {
        if self.outcome.is_done() { Badge::new(self.did, Tone::Good) } else { self.outcome.badge() }
    }
}
