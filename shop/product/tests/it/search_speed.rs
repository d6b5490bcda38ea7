//! How long a search takes in a large shop: a measurement, run by hand.
//!
//!     cargo test --release -p product --test it search_speed -- --ignored --nocapture

use std::time::{Duration, Instant};

use contracts::money::Money;
use contracts::product::Added;
use kernel::Position;
use product::model::{Change, Products, Sort, What};
use runtime::{Tasks, sqlite::Location};
use uuid::Uuid;

const PRODUCTS: u32 = 70_000;
const WORDS: [&str; 40] = [
    "lamp",
    "desk",
    "table",
    "chair",
    "garden",
    "wooden",
    "steel",
    "café",
    "tea",
    "coffee",
    "kitchen",
    "knife",
    "set",
    "of",
    "the",
    "with",
    "and",
    "for",
    "light",
    "green",
    "blue",
    "red",
    "large",
    "small",
    "vintage",
    "retro",
    "heart",
    "holder",
    "candle",
    "glass",
    "bottle",
    "paper",
    "gift",
    "box",
    "wrap",
    "christmas",
    "decoration",
    "hanging",
    "sign",
    "zebra",
];

fn text(seed: u32, words: u32) -> String {
    let word = |index: u32| {
        let number = seed.wrapping_mul(2_654_435_761).wrapping_add(index.wrapping_mul(40_503)) >> 7;
        WORDS.iter().cycle().nth((number % 40) as usize).expect("the words go on")
    };
    (0..words).map(word).fold(String::new(), |text, word| text + word + " ")
}

fn product(number: u32) -> Change {
    // One in twenty has a name of its own that comes last.
    let name = if number.is_multiple_of(20) { "Zz special".to_owned() } else { text(number, 4) };
    let added = Added {
        product: Uuid::from_u128(u128::from(number.wrapping_mul(2_654_435_761))),
        code: Some(format!("A{number}")),
        name: format!("{name} {number}"),
        description: text(number + 1_000_000, 25),
        supplier: text(number % 300, 2),
        category: Uuid::from_u128(u128::from(number % 30)),
        price: Money::from_minor(i64::from(number % 997)),
        currency: "EUR".to_owned(),
        units: i64::from(number % 101),
    };
    let what = What::ProductAdded(Box::new(added));
    Change { position: Position(u64::from(number) + 1), what, created: None }
}

#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
async fn a_search_among_seventy_thousand_products() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let location = Location::File(folder.path().join("product.db"));
    let model = product::open_model(location, &Tasks::new()).expect("a new database");
    let begun = Instant::now();
    let mut at = Position::START;
    for first in (0..PRODUCTS).step_by(1000) {
        let changes: Vec<Change> = (first..first + 1000).map(product).collect();
        let to = Position(u64::from(first) + 1000);
        model.apply(at, &changes, to).await.expect("the changes are taken");
        at = to;
    }
    let size = std::fs::metadata(folder.path().join("product.db")).expect("it is there").len();
    println!("{PRODUCTS} products in {:?}, {} MiB", begun.elapsed(), size >> 20);
    for search in [
        "A4711",
        "zebra",
        "cafe\u{301}",
        "e",
        "q",
        "zz",
        "special",
        "zz special 1",
        "christmas decoration",
        "xyz",
        "ab",
        "e t",
        "the ",
        "tea the tea the",
        "with and for the of set",
        "lamp desk table chair garden",
        " the the ",
    ] {
        for sort in [Sort::Name, Sort::Price, Sort::Newest, Sort::Available] {
            let mut times: Vec<Duration> = Vec::new();
            let (mut found, mut stopped) = (0, false);
            for _ in 0..21 {
                let search = Some(search.to_owned());
                let begun = Instant::now();
                let wanted = Products { search, sort, count: 101, ..Products::default() };
                let page = model.products(wanted).await.expect("a page");
                found = page.products.len();
                stopped = page.stopped.is_some();
                times.push(begun.elapsed());
            }
            times.sort();
            println!(
                "{search:28} {sort:?}: {found:3} found{}, least {:?}, median {:?}, worst {:?}",
                if stopped { " so far" } else { "" },
                times[0],
                times[10],
                times[20]
            );
        }
    }
}
