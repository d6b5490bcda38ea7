//! Many products changed at once: first what would change, then the change, product by product, each with its outcome.
//!
//! Nothing is kept between the two but what is in the form: every product's new value, and the version that it rests on. Sent
//! twice, it changes nothing more.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contracts::rest::product::{Product, ProductList};
use futures_util::{StreamExt, TryStreamExt, stream};
use site::{
    Badge, Count, Failure, Form, Frame, Page, Shop, Tone, given, local_path, refused, see_other,
};
use uuid::Uuid;

use crate::{
    bulk_change::{Change, PRODUCTS_MAX, Planned, Step},
    categories,
    manager::ManagerVisit,
    products,
};

/// Products changed at the same time.
const AT_ONCE: usize = 4;
/// Where to look for what is wrong.
const WRONG_CHANGE: &str = "The change below the list needs another look.";

/// What would change.
#[derive(Template)]
#[template(path = "bulk.html")]
struct Preview {
    frame: Frame,
    planned: Vec<Planned>,
    words: String,
    key: String,
    back: String,
    csrf: String,
}

/// What has changed, and what has not.
#[derive(Template)]
#[template(path = "bulk-done.html")]
struct Done {
    frame: Frame,
    rows: Vec<Row>,
    /// What was sent, for products that the shop could not be reached for.
    again: Option<Form>,
    back: String,
    csrf: String,
}

/// A product and the outcome of the change.
struct Row {
    id: Uuid,
    name: String,
    step: Step,
    outcome: Outcome,
}

/// The outcome of a change of one product.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Changed,
    /// Why it is as it was.
    Refused(String),
    Unreached,
}

/// Shows what a change of the products that are picked would make of them; or the list again, with what is wrong.
pub(crate) async fn preview(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    mut form: Form,
) -> Result<Response, Failure> {
    let back = back(&form);
    let categories = categories::all(&manager).await?;
    let (change, picks) = match (Change::of(&mut form, &categories), Picks::of(&form)) {
        (Some(change), Ok(picks)) => (change, picks),
        (None, Err(why)) => {
            return again(&manager, form, &format!("{why} {WRONG_CHANGE}")).await;
        }
        (_, Err(why)) => return again(&manager, form, &why).await,
        _ => return again(&manager, form, WRONG_CHANGE).await,
    };
    let products = match picks.read(&manager, &form).await? {
        Ok(products) => products,
        Err(why) => return again(&manager, form, &why).await,
    };
    let words = change.words(&shop.currency(&manager).await);
    let planned = products.into_iter().map(|product| change.plan(product)).collect();
    let (frame, csrf) = (manager.frame(words.clone()), manager.csrf());
    let key = manager.idempotency_key();
    Ok(Page(Preview { frame, planned, words, key, back, csrf }).into_response())
}

/// The list that the change was begun in, with what is wrong with the change.
async fn again(manager: &ManagerVisit, mut form: Form, why: &str) -> Result<Response, Failure> {
    form.alert(format!("Nothing is changed. {why}"));
    products::again(manager, &back(&form), form).await
}

/// Changes the products as the preview said.
pub(crate) async fn change(manager: ManagerVisit, form: Form) -> Result<Response, Failure> {
    let back = back(&form);
    let steps: Vec<Step> = form.all("Step").filter_map(Step::read).collect();
    if steps.len() > PRODUCTS_MAX {
        manager.say(format!("Nothing is changed. {}", too_many()));
        return Ok(see_other(&back));
    }
    let key = form.value("Key");
    let changed = steps.into_iter().enumerate().map(|(number, step)| {
        let (manager, key) = (&manager, format!("{key}-{number}"));
        async move { one(manager, step, &key).await }
    });
    let rows: Vec<Row> = stream::iter(changed).buffered(AT_ONCE).collect().await;
    let done = rows.iter().filter(|row| row.outcome.is_done()).count();
    let is_unreached = rows.iter().any(|row| matches!(row.outcome, Outcome::Unreached));
    let of = if rows.len() == 1 { "product is" } else { "products are" };
    let title = format!("{} of {} {of} changed", Count(done), Count(rows.len()));
    let (frame, csrf) = (manager.frame(title), manager.csrf());
    let page = Page(Done { frame, rows, again: is_unreached.then_some(form), back, csrf });
    Ok(if is_unreached { refused(page) } else { page.into_response() })
}

async fn one(manager: &ManagerVisit, step: Step, key: &str) -> Row {
    let id = step.product_id;
    let (name, outcome) =
        match manager.post_once::<Product>("/product/update-product", &step, key).await {
            Ok(product) => (Some(product.name), Outcome::Changed),
            Err(failure) => (None, Outcome::of(&failure)),
        };
    let name = match name {
        Some(name) => name,
        None => read(manager, id).await.map_or_else(|_| id.to_string(), |product| product.name),
    };
    Row { id, name, step, outcome }
}

impl Outcome {
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Changed)
    }

    pub(crate) fn of(failure: &Failure) -> Self {
        match failure {
            Failure::NotFound => Self::Refused("It is no longer in the catalogue.".to_owned()),
            Failure::Refused(refusal) if refusal.status == 404 => {
                Self::Refused("It is no longer in the catalogue.".to_owned())
            }
            Failure::Refused(refusal) if refusal.status == 409 => Self::Refused(
                "It was changed after the preview. It is as that change left it.".to_owned(),
            ),
            Failure::Refused(refusal) => {
                let first = refusal.errors.first().map(|error| &error.detail);
                Self::Refused(first.unwrap_or(&refusal.detail).clone())
            }
            _ => Self::Unreached,
        }
    }
}

/// What the form picks.
enum Picks {
    These(Vec<Uuid>),
    /// All of the list.
    All,
}

impl Picks {
    /// Or why there is nothing to change.
    fn of(form: &Form) -> Result<Self, String> {
        if !form.value("All").is_empty() {
            return Ok(Self::All);
        }
        let ids: Vec<Uuid> = form.all("Pick").filter_map(|id| Uuid::parse_str(id).ok()).collect();
        match ids.len() {
            0 => Err("Pick products first: tick the box before each name.".to_owned()),
            1..=PRODUCTS_MAX => Ok(Self::These(ids)),
            _ => Err(too_many()),
        }
    }

    /// The products; those that are gone are left out. Or why there are none to change.
    async fn read(
        self,
        manager: &ManagerVisit,
        form: &Form,
    ) -> Result<Result<Vec<Product>, String>, Failure> {
        let Self::These(ids) = self else { return all(manager, form).await };
        let product = async |id| match read(manager, id).await {
            Err(failure) if failure.is_not_found() => Ok(None),
            product => product.map(Some),
        };
        let products = stream::iter(ids).map(product).buffered(AT_ONCE);
        let products: Vec<Option<Product>> = products.try_collect().await?;
        Ok(Ok(products.into_iter().flatten().collect()))
    }
}

/// All products of the form's list, unless they are too many.
async fn all(manager: &ManagerVisit, form: &Form) -> Result<Result<Vec<Product>, String>, Failure> {
    let limit = PRODUCTS_MAX.to_string();
    let category = form.value("category");
    let call = if category.is_empty() { "get-all-products" } else { "get-products" };
    let query = given([
        ("CategoryId", category),
        ("Search", form.value("q")),
        ("Sort", form.value("sort")),
        ("Limit", &limit),
    ]);
    let found: ProductList = manager.get(&format!("/product/{call}"), &query).await?;
    Ok(if found.next.is_some() { Err(too_many()) } else { Ok(found.items) })
}

fn too_many() -> String {
    format!(
        "At most {PRODUCTS_MAX} products can be changed at once: pick fewer, or narrow the list first."
    )
}

async fn read(manager: &ManagerVisit, id: Uuid) -> Result<Product, Failure> {
    manager.get("/product/get-product-details", &[("ProductId", id.to_string())]).await
}

/// The list that the products were picked from.
fn back(form: &Form) -> String {
    let back = local_path(form.value("Back")).filter(|path| path.starts_with("/products"));
    back.unwrap_or("/products").to_owned()
}

impl Preview {
    fn changing(&self) -> usize {
        self.planned.iter().filter(|planned| planned.then.is_ok()).count()
    }

    fn steps(&self) -> impl Iterator<Item = String> {
        self.planned.iter().filter_map(|planned| Some(planned.then.as_ref().ok()?.written()))
    }
}

impl Outcome {
    pub(crate) fn badge(&self) -> Badge {
        match self {
            Self::Changed => Badge::new("Changed", Tone::Good),
            Self::Refused(_) => Badge::new("Not changed", Tone::Bad),
            Self::Unreached => Badge::new("Not known", Tone::Warn),
        }
    }

    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Changed => "",
            Self::Refused(why) => why,
            Self::Unreached => "The shop did not answer. Trying again changes nothing twice.",
        }
    }
}
