//! Two managers changed one product: both versions, and the choice between them.
//!
//! ```text
//!  was ──▶ mine     what this manager typed since the form was opened
//!    └───▶ theirs   what the product is now
//! ```

use contracts::rest::product::Product;
use site::Form;

/// What managers change of a product, beside its stock.
const TEXTS: [&str; 5] = ["Name", "Description", "Supplier", "CategoryId", "Price"];

/// Everything that a form knows from when it was opened.
const KNOWN: [&str; 6] = ["Name", "Description", "Supplier", "CategoryId", "Price", "UnitsInStock"];

const LABELS: [&str; 6] =
    ["Name", "Description", "Supplier", "Category", "Price", "Units in stock"];

/// The fields on which there is something to say.
pub(crate) struct Conflict {
    pub(crate) rows: Vec<Row>,
}

/// One field in its three versions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) was: String,
    pub(crate) theirs: String,
    /// None where only the other one changed it.
    pub(crate) mine: Option<String>,
}

/// Browsers send lines with two characters at their ends, whatever they were given.
pub(crate) fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The name of the field that keeps what `name` was when the form was opened.
pub(crate) fn was(name: &str) -> String {
    format!("was.{name}")
}

/// What the form was opened with: fields and values to be handed on.
pub(crate) fn all_was(form: &Form) -> Vec<(String, &str)> {
    KNOWN.iter().map(|name| (was(name), form.raw(&was(name)))).collect()
}

/// A form opened on `product`.
pub(crate) fn opened(product: &Product, key: String) -> Form {
    let mut form = Form::filled([("Key", key)]);
    rebase(&mut form, product);
    for name in KNOWN {
        let value = form.raw(&was(name)).to_owned();
        form.set(name, value);
    }
    form
}

/// The form counts as opened on `product` from now on.
fn rebase(form: &mut Form, product: &Product) {
    form.set("Version", product.version.to_string());
    for (name, value) in KNOWN.iter().zip(values(product)) {
        form.set(&was(name), value);
    }
}

fn values(product: &Product) -> [String; 6] {
    [
        product.name.clone(),
        product.description.clone(),
        product.supplier.clone(),
        product.category_id.to_string(),
        product.price.0.to_string(),
        product.units_in_stock.to_string(),
    ]
}

/// Where the manager decided for the other version, the field is as it was when this form was opened: unchanged.
pub(crate) fn decide(form: &mut Form) {
    for name in KNOWN {
        if form.value(&format!("take.{name}")) == "theirs" {
            let theirs = form.raw(&was(name)).to_owned();
            form.set(name, theirs);
        }
    }
}

impl Conflict {
    /// What stands between the manager's `form` and the `current` product. The form becomes one opened on that product, with
    /// what the manager changed; what they did not touch is as it is now.
    pub(crate) fn of(form: &mut Form, current: &Product, categories: &[(String, String)]) -> Self {
        let shown = |name: &str, value: &str| {
            let category = categories.iter().find(|(id, _)| name == "CategoryId" && id == value);
            category.map_or(value, |(_, label)| label).to_owned()
        };
        let mut rows = Vec::new();
        for ((name, label), theirs) in KNOWN.into_iter().zip(LABELS).zip(values(current)) {
            let (old, typed) = (lines(form.raw(&was(name))), lines(form.value(name)));
            let touched = old.trim() != typed;
            let mine = if touched { merged(name, &old, &typed, &theirs) } else { theirs.clone() };
            if touched || (old != theirs && TEXTS.contains(&name)) {
                let mine = touched.then(|| shown(name, &mine));
                let (was, theirs) = (shown(name, &old), shown(name, &theirs));
                rows.push(Row { name, label, was, theirs, mine });
            }
            form.set(name, mine);
        }
        rebase(form, current);
        Self { rows }
    }
}

/// What the manager typed, on top of what is there now: of the stock, only the difference is theirs.
fn merged(name: &str, was: &str, typed: &str, theirs: &str) -> String {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    match (name, number(was), number(typed), number(theirs)) {
        ("UnitsInStock", Some(was), Some(typed), Some(theirs)) => {
            (theirs + typed - was).to_string()
        }
        _ => typed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use contracts::money::{Decimal, Money};
    use uuid::Uuid;

    use super::*;

    fn product(name: &str, units_in_stock: i64, version: u64) -> Product {
        Product {
            product_id: Uuid::nil(),
            code: None,
            name: name.to_owned(),
            description: "two\nlines".to_owned(),
            supplier: "Ann & Co".to_owned(),
            category_id: Uuid::nil(),
            category_name: "Tea".to_owned(),
            price: Decimal(Money::from_minor(1990)),
            currency: "EUR".to_owned(),
            units_in_stock,
            available: units_in_stock,
            version,
            picture: None,
        }
    }

    #[test]
    fn what_only_others_changed_stays_theirs_and_stock_is_a_difference() {
        let mut form = opened(&product("Tea", 40, 3), "key".to_owned());
        form.set("Price", "21.00");
        form.set("UnitsInStock", "50");
        let conflict = Conflict::of(&mut form, &product("Green tea", 37, 4), &[]);
        let fields: Vec<_> =
            conflict.rows.iter().map(|row| (row.name, row.mine.as_deref())).collect();
        assert_eq!(
            fields,
            [("Name", None), ("Price", Some("21.00")), ("UnitsInStock", Some("47"))]
        );
        assert_eq!(form.value("Name"), "Green tea");
        assert_eq!(form.value("Version"), "4");
        assert_eq!(form.value("was.UnitsInStock"), "37");
    }

    #[test]
    fn deciding_for_the_other_version_changes_nothing_of_it() {
        let mut form = opened(&product("Tea", 40, 3), "key".to_owned());
        form.set("Name", "My tea");
        Conflict::of(&mut form, &product("Their tea", 40, 4), &[]);
        form.set("take.Name", "theirs");
        decide(&mut form);
        assert_eq!(form.value("Name"), form.value("was.Name"));
    }
}
