//! How long a search takes in a large shop: a measurement, run by hand.
//!
//!     cargo test --release -p product --test it search_speed -- --ignored --nocapture

use std::time::{Duration, Instant};

use contracts::money::Money;
use contracts::product::Added;
use kernel::Position;
use product::model::{Change, ProductQuery, Sort, What};
use runtime::{Tasks, sqlite::Location};
use uuid::Uuid;

const PRODUCTS: u32 = 70_000;
/// Made-up words besides the real ones, as brands and makers are: the vocabulary of a real list has tens of thousands.
const MADE_UP: u32 = 30_000;
const QUALITIES: [&str; 12] = [
    "Whole", "Organic", "Smoked", "Crème", "Grated", "Dark", "Fresh", "Frozen", "Green", "Large",
    "Roasted", "Wild",
];
const THINGS: [&str; 24] = [
    "Milk",
    "Cheese",
    "Coffee",
    "Tea",
    "Chocolate",
    "Bread",
    "Espresso",
    "Jalapeño",
    "Brûlée",
    "Butter",
    "Apples",
    "Tomatoes",
    "Potatoes",
    "Soup",
    "Sauce",
    "Rice",
    "Pasta",
    "Juice",
    "Yogurt",
    "Honey",
    "Beans",
    "Crackers",
    "Cereal",
    "Salad",
];

fn mixed(number: u32, salt: u32) -> u32 {
    (number.wrapping_mul(2_654_435_761) ^ salt.wrapping_mul(40_503)).wrapping_mul(2_246_822_519)
        >> 8
}

fn one_of<'a>(words: &[&'a str], number: u32) -> &'a str {
    words[number as usize % words.len()]
}

/// A word such as `barotine`, the lower numbers far more often than the higher ones.
fn made_up(seed: u32) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "ro", "ti", "ne", "ka", "lo", "mi", "su", "fe", "do", "ra", "vi", "nu", "pe", "go",
        "la", "ze", "cha", "tro", "bli", "ster", "man", "ver", "dal", "fin", "gor", "hal", "jen",
        "kos", "lum", "nor", "pol",
    ];
    let spread = mixed(seed, 9) % 1_000;
    let number =
        spread * spread / 1_000 * spread / 1_000 * (MADE_UP / 1_000) + mixed(seed, 10) % 30;
    let syllable = |place: u32| SYLLABLES[(mixed(number, place) % 32) as usize];
    (0..2 + number % 3).map(syllable).collect()
}

fn product(number: u32) -> Change {
    let quality = one_of(&QUALITIES, mixed(number, 1));
    let thing = one_of(&THINGS, mixed(number, 2));
    let words = |count: u32, salt: u32| {
        let all = (0..count).map(|at| made_up(number.wrapping_mul(97) + at * 13 + salt));
        all.collect::<Vec<_>>().join(" ")
    };
    let added = Added {
        product: Uuid::from_u128(u128::from(number.wrapping_mul(2_654_435_761))),
        code: Some(format!("{}", 900_000 + number)),
        name: format!("{quality} {thing} {} {} OZ", words(1, 3), mixed(number, 4) % 64),
        description: format!(
            "{} with {}",
            words(18, 5),
            one_of(&THINGS, mixed(number, 6)).to_lowercase()
        ),
        supplier: format!("{} {}", made_up(number % 300), number % 2_000),
        category: Uuid::from_u128(u128::from(mixed(number, 2) % 24)),
        price: Money::from_minor(i64::from(mixed(number, 7) % 9_970)),
        currency: "EUR".to_owned(),
        units: i64::from(mixed(number, 8) % 101),
    };
    let what = What::ProductAdded(Box::new(added));
    Change { position: Position(u64::from(number) + 25), what, created: None }
}

fn category(number: u32) -> Change {
    let category = Uuid::from_u128(u128::from(number));
    let name = format!("{} & more", THINGS[number as usize]);
    let what = What::CategoryAdded { category, name };
    Change { position: Position(u64::from(number) + 1), what, created: None }
}

/// Kinds of searches: what they are called, and some of each.
const SEARCHES: [(&str, &[&str]); 7] = [
    (
        "typical",
        &[
            "smoked cheese",
            "creme brulee",
            "dark chocolate",
            "jalapeno sauce",
            "honey wild",
            "coffee bea",
        ],
    ),
    ("a word of a third of all products", &["milk", "cheese", "tea", "OZ", "with"]),
    ("one letter", &["m", "b", "s", "1"]),
    ("typos", &["cheeze", "espreso", "choclate dark", "tomatos", "jalapenio", "barotinne"]),
    ("typos in long words", &["choccollatte", "jalapennioss", "strawberrryies", "espressoo milc"]),
    ("nothing", &["xyzzyq", "qqq", "cheese qwertzuiop", "milk zxcvbnm"]),
    ("a number", &["900123", "64", "9001"]),
];

#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
async fn a_search_among_seventy_thousand_products() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let location = Location::File(folder.path().join("product.db"));
    let model = product::open_model(location, &Tasks::new()).await.expect("a new database");
    let categories: Vec<Change> = (0..24).map(category).collect();
    let mut at = Position(24);
    model.apply(Position::START, &categories, at).await.expect("the changes are taken");
    let mut busy = Duration::ZERO;
    for first in (0..PRODUCTS).step_by(1000) {
        let changes: Vec<Change> = (first..first + 1000).map(product).collect();
        let to = Position(u64::from(first) + 1024);
        let begun = Instant::now();
        model.apply(at, &changes, to).await.expect("the changes are taken");
        busy += begun.elapsed();
        at = to;
    }
    let size = std::fs::metadata(folder.path().join("product.db")).expect("it is there").len();
    println!("{PRODUCTS} products written in {busy:?}, {} MiB", size >> 20);
    let find = async |search: &str, sort: Sort| {
        let (search, facets) = (Some(search.to_owned()), true);
        let begun = Instant::now();
        let wanted = ProductQuery { search, sort, facets, count: 24, ..ProductQuery::default() };
        let found = model.products(wanted).await.expect("a page");
        (begun.elapsed(), found.total.expect("it is counted"))
    };
    println!(
        "the first search, which makes the index: {:?}",
        find("milk", Sort::Relevance).await.0
    );
    for (kind, searches) in SEARCHES {
        let (mut times, mut totals) = (Vec::new(), Vec::new());
        for search in searches {
            for _ in 0..40 {
                let (time, total) = find(search, Sort::Relevance).await;
                times.push(time);
                totals.push(total);
            }
            times.push(find(search, Sort::Price).await.0);
        }
        times.sort();
        totals.dedup();
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        println!(
            "{kind:34} p50 {:?}, p99 {:?}, worst {:?}; found {totals:?}",
            at(50),
            at(99),
            at(100)
        );
    }
}
