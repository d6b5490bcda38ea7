//! One change of many products: what it makes of each. Pure.

use contracts::{money::Money, rest::product::Product};
use serde::Serialize;
use site::{Amount, Count, Form};
use uuid::Uuid;

/// The most products changed at once.
pub(crate) const PRODUCTS_MAX: usize = 200;

/// What can be changed of many products at once: value of the choice, and label.
pub(crate) const ACTIONS: [(&str, &str); 4] = [
    ("percent", "Price by percent"),
    ("amount", "Price by an amount"),
    ("stock", "Add to the stock"),
    ("category", "Move to a category"),
];

/// A change, the same for every product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// In hundredths of a percent.
    Percent(i64),
    Amount(Money),
    Units(i64),
    Category {
        id: Uuid,
        name: String,
    },
}

/// A product with what the change makes of it: the new value, as it is sent and as people read it; or why it is left out.
pub(crate) struct Planned {
    pub(crate) product: Product,
    pub(crate) now: String,
    pub(crate) then: Result<Step, String>,
}

/// What is changed of one product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Step {
    pub(crate) product_id: Uuid,
    /// The version that the new value rests on. None for units, which are added to whatever there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    units_change: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<Uuid>,
    /// What it was and will be, for people.
    #[serde(skip)]
    pub(crate) was: String,
    #[serde(skip)]
    pub(crate) then: String,
}

/// Between the parts of a step in a form.
const BETWEEN: char = '~';

impl Change {
    /// The change that a form asks for; `categories` are ids and names. What is wrong is said at its fields.
    pub(crate) fn of(form: &mut Form, categories: &[(String, String)]) -> Option<Self> {
        let value = point(form.value("Value"));
        let number = value.trim_end_matches('%').trim().trim_start_matches('+');
        let change = match form.value("Action") {
            "percent" => match Money::parse_signed(number) {
                Ok(percent) if (-9_999..=100_000).contains(&percent.minor()) => {
                    Ok(Self::Percent(percent.minor()))
                }
                _ => Err(("Value", "must be a percentage such as 5 or -2.5")),
            },
            "amount" => Money::parse_signed(number)
                .map(Self::Amount)
                .map_err(|_| ("Value", "must be an amount such as 0.50 or -1")),
            "stock" => number
                .parse()
                .map(Self::Units)
                .map_err(|_| ("Value", "must be a whole number such as 20 or -3")),
            "category" => {
                let chosen = form.value("CategoryId");
                let chosen = categories.iter().find(|(id, _)| id == chosen);
                let chosen = chosen.and_then(|(id, name)| Some((Uuid::parse_str(id).ok()?, name)));
                chosen
                    .map(|(id, name)| Self::Category { id, name: name.clone() })
                    .ok_or(("CategoryId", "must be chosen"))
            }
            _ => Err(("Action", "must be chosen")),
        };
        match change {
            Ok(change) if change.is_none() => {
                form.reject("Value", "must not be zero");
                None
            }
            Ok(change) => Some(change),
            Err((field, why)) => {
                form.reject(field, why);
                None
            }
        }
    }

    fn is_none(&self) -> bool {
        match self {
            Self::Percent(change) | Self::Units(change) => *change == 0,
            Self::Amount(change) => *change == Money::ZERO,
            Self::Category { .. } => false,
        }
    }

    /// The change in words, such as `Price +5%`.
    pub(crate) fn words(&self, currency: &str) -> String {
        let plus = |is_more: bool| if is_more { "+" } else { "" };
        match self {
            Self::Percent(percent) => {
                let written = Money::from_minor(*percent).to_string().replace('-', "−");
                let written = written.trim_end_matches('0').trim_end_matches('.');
                format!("Price {}{written}%", plus(*percent > 0))
            }
            Self::Amount(amount) => {
                format!("Price {}{}", plus(!amount.is_negative()), Amount(*amount, currency))
            }
            Self::Units(units) => format!("Stock {}{}", plus(*units > 0), Count(*units)),
            Self::Category { name, .. } => format!("Move to “{name}”"),
        }
    }

    /// What the change makes of a product.
    pub(crate) fn plan(&self, product: Product) -> Planned {
        let step = Step { product_id: product.product_id, ..Step::default() };
        let version = Some(product.version);
        let (now, then) = match self {
            Self::Percent(percent) => {
                let minor = i128::from(product.price.0.minor()) * i128::from(10_000 + percent);
                // To the nearest cent, halves upwards.
                let minor = (minor + 5_000).div_euclid(10_000);
                price(&product, i64::try_from(minor).unwrap_or(i64::MAX))
            }
            Self::Amount(amount) => {
                price(&product, product.price.0.minor().saturating_add(amount.minor()))
            }
            Self::Units(units) => {
                let now = Count(product.units_in_stock).to_string();
                let then = product.units_in_stock.saturating_add(*units);
                let held = product.units_in_stock - product.available;
                let then = if then < held {
                    Err(format!("{} are held for open orders", Count(held)))
                } else {
                    Ok(Step { units_change: Some(*units), then: Count(then).to_string(), ..step })
                };
                (now, then)
            }
            Self::Category { id, name } => {
                let then = if *id == product.category_id {
                    Err("is already in this category".to_owned())
                } else {
                    Ok(Step { version, category_id: Some(*id), then: name.clone(), ..step })
                };
                (product.category_name.clone(), then)
            }
        };
        let then = then.map(|step| Step { was: now.clone(), ..step });
        Planned { product, now, then }
    }
}

/// A number with a decimal comma as one with a point. A comma before three digits may as well part thousands: that is left to be refused.
fn point(written: &str) -> String {
    let decimals = |digits: &str| digits.chars().take_while(char::is_ascii_digit).count();
    match written.split_once(',') {
        Some((whole, rest)) if decimals(rest) < 3 => format!("{whole}.{rest}"),
        _ => written.to_owned(),
    }
}

fn price(product: &Product, minor: i64) -> (String, Result<Step, String>) {
    let amount = |money| Amount(money, &product.currency).to_string();
    let (now, then) = (product.price.0, Money::from_minor(minor));
    let step = if then == now {
        Err("stays as it is".to_owned())
    } else if minor < 1 {
        Err("would cost nothing".to_owned())
    } else if then > Money::LIMIT {
        Err("would cost too much".to_owned())
    } else {
        Ok(Step {
            product_id: product.product_id,
            version: Some(product.version),
            price: Some(then.to_string()),
            then: amount(then),
            ..Step::default()
        })
    };
    (amount(now), step)
}

impl Step {
    /// As a form carries it from the preview to the change.
    pub(crate) fn written(&self) -> String {
        let (what, value) = match (&self.price, self.units_change, self.category_id) {
            (Some(price), ..) => ("price", price.clone()),
            (_, Some(units), _) => ("stock", units.to_string()),
            (.., category) => ("category", category.unwrap_or_default().to_string()),
        };
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        let id = self.product_id;
        format!("{id}~{version}~{what}~{value}~{}~{}", self.was, self.then)
    }

    /// The step that a form carries.
    pub(crate) fn read(written: &str) -> Option<Self> {
        let mut parts = written.splitn(6, BETWEEN);
        let product_id = Uuid::parse_str(parts.next()?).ok()?;
        let version = parts.next()?.parse().ok();
        let (what, value) = (parts.next()?, parts.next()?);
        let (was, then) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let step = Self { product_id, version, was, then, ..Self::default() };
        match what {
            "price" => Some(Self { price: Some(value.to_owned()), ..step }),
            "stock" => Some(Self { units_change: Some(value.parse().ok()?), ..step }),
            "category" => Some(Self { category_id: Some(Uuid::parse_str(value).ok()?), ..step }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::money::Decimal;

    use super::*;

    const TEAS: Uuid = Uuid::from_u128(7);

    fn product(price_minor: i64) -> Product {
        Product {
            product_id: Uuid::from_u128(1),
            code: None,
            name: "Tea".to_owned(),
            description: String::new(),
            supplier: String::new(),
            category_id: Uuid::from_u128(2),
            category_name: "Drinks".to_owned(),
            price: Decimal(Money::from_minor(price_minor)),
            currency: "EUR".to_owned(),
            units_in_stock: 10,
            available: 7,
            version: 3,
            picture: None,
        }
    }

    fn change(action: &str, value: &str) -> Result<Change, String> {
        let fields = [("Action", action), ("Value", value), ("CategoryId", value)];
        let mut form = Form::filled(fields.map(|(name, value)| (name, value.to_owned())));
        let categories = [(TEAS.to_string(), "Teas".to_owned())];
        let faults = |form: &Form| {
            let fields = ["Action", "Value", "CategoryId"];
            fields.into_iter().find_map(|name| form.error(name)).unwrap_or_default()
        };
        Change::of(&mut form, &categories).ok_or_else(|| faults(&form))
    }

    /// The change for a product of that price.
    fn then(action: &str, value: &str, price_minor: i64) -> String {
        let change = change(action, value).expect("a change");
        let Planned { now, then, .. } = change.plan(product(price_minor));
        match then {
            Ok(step) => {
                assert_eq!(Step::read(&step.written()), Some(step.clone()), "a form carries it");
                format!("{}: {now} to {}", change.words("EUR"), step.then)
            }
            Err(why) => why,
        }
    }

    #[test]
    fn every_change_says_what_it_makes_of_a_product() {
        assert_eq!(then("percent", "5", 1999), "Price +5%: €19.99 to €20.99");
        assert_eq!(then("percent", "+12,5 %", 1000), "Price +12.5%: €10.00 to €11.25");
        assert_eq!(then("percent", "-50", 25), "Price −50%: €0.25 to €0.13");
        assert_eq!(then("percent", "1", 10), "stays as it is");
        assert_eq!(then("percent", "-99.99", 10), "would cost nothing");
        assert_eq!(then("amount", "-0.50", 1999), "Price −€0.50: €19.99 to €19.49");
        assert_eq!(then("amount", "-0,5", 1999), "Price −€0.50: €19.99 to €19.49");
        assert_eq!(then("amount", "-20", 1999), "would cost nothing");
        assert_eq!(then("stock", "20", 1), "Stock +20: 10 to 30");
        assert_eq!(then("stock", "-7", 1), "Stock −7: 10 to 3");
        assert_eq!(then("stock", "-8", 1), "3 are held for open orders");
        assert_eq!(then("category", &TEAS.to_string(), 1), "Move to “Teas”: Drinks to Teas");
    }

    #[test]
    fn what_is_no_change_is_refused_at_its_field() {
        for (action, value) in [
            ("percent", "lots"),
            ("percent", "-100"),
            ("amount", "0"),
            ("stock", "1.5"),
            ("amount", "1,000"),
            ("amount", "1,000.50"),
            ("amount", "1,0,0"),
            ("percent", "1,000 %"),
            ("stock", "1,000"),
            ("stock", ""),
            ("category", "nowhere"),
            ("paint", "red"),
        ] {
            let fault = change(action, value).expect_err(action);
            assert!(fault.starts_with("Must"), "{action} {value}: {fault}");
        }
    }

    #[test]
    fn what_no_form_of_ours_carries_is_no_step() {
        let id = Uuid::from_u128(1);
        for written in
            ["", "x~1~price~2~a~b", &format!("{id}~1~paint~2~a~b"), &format!("{id}~1~stock~x~a~b")]
        {
            assert_eq!(Step::read(written), None, "{written}");
        }
    }
}
