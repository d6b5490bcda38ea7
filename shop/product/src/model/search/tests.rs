//! What must come first: names of a real wholesaler's list, which are terse, and of a small shop's, which are not.

use super::*;
use crate::model::Sort;

/// Category, name, supplier.
const PRODUCTS: [(&str, &str, &str); 60] = [
    ("Milk By-Products", "Aerosol Toppings 7 OZ", "National 12"),
    ("Milk By-Products", "Sour Creams 12 OZ", "Private 69"),
    ("Fluid Milk Products", "Fluid Milk White Only 1 GAL", "Private 69"),
    ("Fluid Milk Products", "Flavored Milk 32 OZ", "National 69"),
    ("Fluid Milk Products", "Buttermilk 32 OZ", "Private 69"),
    ("Dairy & Farm", "Whole Milk, 1 l", "Hillside Dairy"),
    ("Dairy & Farm", "Kefir Milk Drink, 500 ml", "Hillside Dairy"),
    ("Dairy & Farm", "Oat Drink, Barista, 1 l", "Northern Oats"),
    ("Dairy & Farm", "Farm Eggs, Free Range, 10", "Hillside Dairy"),
    ("Dairy & Farm", "Cheddar Cheese, Mature, 250 g", "Westcombe Farm"),
    ("Dairy & Farm", "Goat Cheese with Ash, 150 g", "La Chèvrerie"),
    ("Dairy & Farm", "Grated Cheese 8 OZ", "National 1021"),
    ("Dairy & Farm", "Butter, Churned, 250 g", "Hillside Dairy"),
    ("Dairy & Farm", "Crème Brûlée 2 × 100 g", "Maison Perrin"),
    ("Dairy & Farm", "Crème Fraîche 200 g", "Maison Perrin"),
    ("Snacks", "Cheese Puffs 9 OZ", "National 69"),
    ("Snacks", "Jalapeño Poppers 10 OZ", "National 1083"),
    ("Snacks", "Tortilla Chips, Stone Ground, 200 g", "Kettle & Crisp"),
    ("Snacks", "Peanut Butter Cups, Reese's", "National 418"),
    ("Cheese", "Shredded Cheddar 8 OZ", "Private 69"),
    ("Cheese", "Sliced Swiss 6 OZ", "National 11"),
    ("Cellar", "Grüner Veltliner, 0.75 l", "Weingut Sander"),
    ("Cellar", "Red Wine, Rioja Crianza, 0.75 l", "Bodega Arriba"),
    ("Cellar", "White Wine, Riesling, Dry, 0.75 l", "Weingut Sander"),
    ("Cellar", "Apple Juice, Cloudy, 1 l", "Seehof Orchards"),
    ("Cellar", "Orange Juice, 1 l", "Huerta del Sol"),
    ("Cellar", "7 Up 2 l", "National 11"),
    ("Breakfast", "Espresso Coffee, Ground, 250 g", "Rösterei Kranich"),
    ("Breakfast", "Coffee, Whole Beans, 1 kg", "Rösterei Kranich"),
    ("Breakfast", "Earl Grey Tea, 100 g", "Harbour Tea Company"),
    ("Breakfast", "Peppermint Tea, 20 Bags", "Harbour Tea Company"),
    ("Breakfast", "Apricot Jam, 340 g", "Seehof Orchards"),
    ("Breakfast", "Forest Honey, 500 g", "Imkerei Wald"),
    ("Breakfast", "Porridge Oats, Fine, 1 kg", "Northern Oats"),
    ("Market Fresh", "Apples, Braeburn, 1 kg", "Seehof Orchards"),
    ("Market Fresh", "Bananas 40 LB", "National 5"),
    ("Market Fresh", "Vine Tomatoes, 500 g", "Gärtnerei Moos"),
    ("Market Fresh", "Waxy Potatoes, 2 kg", "Gärtnerei Moos"),
    ("Freezer", "Potato Wedges, 1 kg", "Gärtnerei Moos"),
    ("Freezer", "Vanilla Ice Cream, 500 ml", "Gelateria Fosca"),
    ("Freezer", "Chocolate Ice Cream, 500 ml", "Gelateria Fosca"),
    ("Freezer", "Blueberries, Wild, 750 g", "Seehof Orchards"),
    ("Sweets", "Dark Chocolate, 72 %, 100 g", "Rösterei Kranich"),
    ("Sweets", "Milk Chocolate 100 g", "Rösterei Kranich"),
    ("Sweets", "Butter Shortbread, 160 g", "Two Sisters Bakehouse"),
    ("Bakery", "Sourdough Bread, 1 kg", "Backhaus Linden"),
    ("Bakery", "Mainstream White Bread 20 OZ", "National 1838"),
    ("Bakery", "Carrot Cake, Whole, 800 g", "Two Sisters Bakehouse"),
    ("Baked Bread/Buns/Rolls", "Hamburger Buns 12 OZ", "National 1838"),
    ("Pasta Sauce", "Mainstream 26 OZ", "Private 69"),
    ("Condiments/Sauces", "Bbq Sauce 42 OZ PLST", "National 1318"),
    ("Dog Foods", "Dry Dog Food Premium (Alpo/Pur 35 LB", "National 584"),
    ("Soup", "Ramen Noodles/Ramen Cups 2.25 OZ", "National 1002"),
    ("Home & Bath", "Dish Soap, Lemon, 500 ml", "Klar & Rein"),
    ("Home & Bath", "Paper Towels, 4 Rolls", "Papierwerk Süd"),
    ("Reading", "Book: Bread from Nothing", "Verlag Tisch"),
    ("Reading", "A Field Guide to Events", "Verlag Tisch"),
    ("Delikatessen", "Smørrebrød-Straßenmischung", "Fjordhuset"),
    ("Tee", "烏龍茶 150 g", "台灣茶園"),
    ("Gifts", "Tea 🍵 for Two", "Harbour Tea Company"),
];

/// What is typed, and the product that comes first.
const FIRST: [(&str, &str); 56] = [
    ("milk", "Flavored Milk 32 OZ"),
    ("MILK", "Flavored Milk 32 OZ"),
    ("whole milk", "Whole Milk, 1 l"),
    ("milk whole", "Whole Milk, 1 l"),
    ("milk chocolate", "Milk Chocolate 100 g"),
    ("chocolate", "Dark Chocolate, 72 %, 100 g"),
    ("fluid milk", "Fluid Milk White Only 1 GAL"),
    ("mlik", "Flavored Milk 32 OZ"),
    ("cheese", "Cheddar Cheese, Mature, 250 g"),
    ("cheese grated", "Grated Cheese 8 OZ"),
    ("grated cheese", "Grated Cheese 8 OZ"),
    ("snacks cheese", "Cheese Puffs 9 OZ"),
    ("cheeze", "Cheddar Cheese, Mature, 250 g"),
    ("chedar cheese", "Cheddar Cheese, Mature, 250 g"),
    ("goat chese", "Goat Cheese with Ash, 150 g"),
    ("creme brulee", "Crème Brûlée 2 × 100 g"),
    ("brulée", "Crème Brûlée 2 × 100 g"),
    ("creme brule", "Crème Brûlée 2 × 100 g"),
    ("creme fr", "Crème Fraîche 200 g"),
    ("jalapeno", "Jalapeño Poppers 10 OZ"),
    ("jalapenio", "Jalapeño Poppers 10 OZ"),
    ("gruner", "Grüner Veltliner, 0.75 l"),
    ("grüner velt", "Grüner Veltliner, 0.75 l"),
    ("gruener", "Grüner Veltliner, 0.75 l"),
    ("veltiner", "Grüner Veltliner, 0.75 l"),
    ("espreso", "Espresso Coffee, Ground, 250 g"),
    ("expresso", "Espresso Coffee, Ground, 250 g"),
    ("coffee beans", "Coffee, Whole Beans, 1 kg"),
    ("cofee", "Coffee, Whole Beans, 1 kg"),
    ("tea grey", "Earl Grey Tea, 100 g"),
    ("tea two", "Tea 🍵 for Two"),
    ("🍵", "Tea 🍵 for Two"),
    ("apple", "Apple Juice, Cloudy, 1 l"),
    ("apples", "Apples, Braeburn, 1 kg"),
    ("juice", "Apple Juice, Cloudy, 1 l"),
    ("potato", "Potato Wedges, 1 kg"),
    ("potatos", "Waxy Potatoes, 2 kg"),
    ("tomatos", "Vine Tomatoes, 500 g"),
    ("ice cream vanilla", "Vanilla Ice Cream, 500 ml"),
    ("vanila ice", "Vanilla Ice Cream, 500 ml"),
    ("blue", "Blueberries, Wild, 750 g"),
    ("berries", "Blueberries, Wild, 750 g"),
    ("butter", "Butter, Churned, 250 g"),
    ("reese", "Peanut Butter Cups, Reese's"),
    ("reeses", "Peanut Butter Cups, Reese's"),
    ("bread", "Sourdough Bread, 1 kg"),
    ("buns", "Hamburger Buns 12 OZ"),
    ("pasta sauce", "Mainstream 26 OZ"),
    ("7up", "7 Up 2 l"),
    ("7-up", "7 Up 2 l"),
    ("500ml vanilla", "Vanilla Ice Cream, 500 ml"),
    ("strassenmischung", "Smørrebrød-Straßenmischung"),
    ("smorrebrod", "Smørrebrød-Straßenmischung"),
    ("烏龍", "烏龍茶 150 g"),
    ("茶", "烏龍茶 150 g"),
    ("field guide", "A Field Guide to Events"),
];

fn category(name: &str) -> Uuid {
    let at = (0..).zip(PRODUCTS).find(|(_, (category, ..))| *category == name);
    Uuid::from_u128(at.expect("a product has it").0)
}

fn shop() -> Index {
    let mut index = Index::default();
    for (number, (of, name, supplier)) in (0_u32..).zip(PRODUCTS) {
        let code = format!("A-{}", 1100 + number);
        index.put(&Document {
            id: Uuid::from_u128(number.into()),
            revision: 1,
            code: Some(&code),
            name,
            supplier,
            description: "Foams like milk, melts like cheese.",
            category: category(of),
            amounts: Amounts {
                price: Money::from_minor(i64::from(number) * 37),
                available: i64::from(number % 3),
                sold: i64::from(number % 5),
                added: Position(number.into()),
            },
        });
    }
    let names = PRODUCTS.iter().map(|(name, ..)| (category(name), (*name).to_owned()));
    index.name_categories(names.collect());
    index
}

fn wanted(search: &str) -> ProductQuery {
    let (search, sort) = (Some(search.to_owned()), Sort::Relevance);
    ProductQuery { search, sort, count: 100, ..ProductQuery::default() }
}

fn names(hits: &Hits) -> Vec<&'static str> {
    let at = |id: &Uuid| usize::try_from(id.as_u128()).expect("it is one of theirs");
    hits.ids.iter().map(|id| PRODUCTS[at(id)].1).collect()
}

#[test]
fn what_is_meant_comes_first() {
    let index = shop();
    let wrong = FIRST.into_iter().filter_map(|(search, first)| {
        let found = names(&index.find(&wanted(search)));
        (found.first() != Some(&first))
            .then(|| format!("{search}: {first} is not first of {found:?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_ranks_above_a_category_above_a_supplier_above_a_description() {
    let found = shop();
    let found = names(&found.find(&wanted("milk")));
    let place = |name: &str| found.iter().position(|found| *found == name).expect("it is found");
    assert!(place("Flavored Milk 32 OZ") < place("Buttermilk 32 OZ"), "a category");
    assert!(place("Aerosol Toppings 7 OZ") < place("Bananas 40 LB"), "a description");
    let found = shop();
    let found = names(&found.find(&wanted("national")));
    assert!(found.contains(&"Bananas 40 LB") && !found.contains(&"Whole Milk, 1 l"));
}

#[test]
fn numbers_are_found_as_a_whole_or_by_their_beginning() {
    let index = shop();
    let found = |search: &str| names(&index.find(&wanted(search))).len();
    assert_eq!(found("A-1107"), 1, "a code");
    assert_eq!(found("a110"), 10, "its beginning");
    assert_eq!(found("107"), 0, "a part of it");
    assert_eq!(found("11"), 2, "suppliers, not codes");
    assert_eq!(found("1839"), 0, "a number near one");
}

#[test]
fn a_search_says_how_it_was_understood() {
    let index = shop();
    let understood = |search: &str| index.find(&wanted(search)).corrected;
    assert_eq!(understood("goat cheeze").as_deref(), Some("goat cheese"));
    assert_eq!(understood("berries"), None, "it is a part of a word");
    assert_eq!(understood("condimants").as_deref(), Some("condiments"), "a category");
    assert_eq!(understood("xyzzy"), None, "nothing is like it");
}

#[test]
fn where_no_product_has_all_words_those_with_the_most_are_found_if_wanted() {
    let index = shop();
    let some = |search: &str| index.find(&ProductQuery { some_words: true, ..wanted(search) });
    for (search, first) in [
        ("toilet paper", "Paper Towels, 4 Rolls"),
        ("paper xyzzy towels", "Paper Towels, 4 Rolls"),
        ("lemon xyzzy", "Dish Soap, Lemon, 500 ml"),
    ] {
        assert_eq!(index.find(&wanted(search)).total, 0, "{search}: all of its words");
        let found = some(search);
        assert!(found.some_words, "{search}");
        assert_eq!(names(&found).first(), Some(&first), "{search}");
    }
    assert_eq!(some("xyzzy paper").total, some("paper").total, "what has the one word");
    let all = some("paper towels");
    assert!(!all.some_words && all.total > 0, "one has both");
    let none = some("xyzzy of");
    assert!(!none.some_words && none.total == 0, "two letters say nothing");
}

#[test]
fn pages_follow_each_other_in_every_order() {
    let index = shop();
    let all = [
        Sort::Relevance,
        Sort::Name,
        Sort::Price,
        Sort::PriceDown,
        Sort::Newest,
        Sort::Available,
        Sort::Scarce,
        Sort::Sold,
    ];
    for sort in all {
        for search in [None, Some("milk"), Some("s")] {
            let search = search.map(str::to_owned);
            let whole = ProductQuery { search, sort, count: 100, ..ProductQuery::default() };
            let Hits { ids: expected, next, total, .. } = index.find(&whole);
            assert_eq!((next, total), (None, expected.len() as u64));
            let (mut found, mut page) = (Vec::new(), ProductQuery { count: 7, ..whole });
            loop {
                let Hits { ids, next, .. } = index.find(&page);
                found.extend(ids);
                page.after = next;
                if page.after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{page:?}");
        }
    }
}

#[test]
fn a_long_search_is_bounded_and_a_changed_product_wears_the_index() {
    let mut index = shop();
    let long = "a b c d e f g h i j k l m n o p q r s t u v w x y z ".repeat(4);
    assert_eq!(index.find(&wanted(&long)).total, 0);
    let document = |revision| Document {
        id: Uuid::from_u128(3),
        revision,
        code: None,
        name: "Spoon",
        supplier: "",
        description: "",
        category: Uuid::nil(),
        amounts: Amounts { price: Money::ZERO, available: 0, sold: 0, added: Position(1) },
    };
    for revision in 2..2_000 {
        assert!(!index.is_worn() || revision > WORN as u64);
        index.put(&document(revision));
    }
    assert!(index.is_worn());
    assert_eq!(index.find(&wanted("spoon")).total, 1);
    assert_eq!(index.find(&wanted("flavored")).total, 0);
}
