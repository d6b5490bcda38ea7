//! The thing that a text is about, by the words that mean one.
//!
//! A name says what a thing is with the last word before its details: chocolate milk is milk, and milk chocolate, with nuts, is
//! chocolate. So of all words that mean something there, the last one counts, and the longer of two that end together.

use super::Motif;

/// What a detail begins with.
const DETAILS: [&str; 14] = [
    ",",
    "(",
    ":",
    "/",
    "–",
    " - ",
    " with ",
    " in ",
    " from ",
    " of ",
    " for ",
    " and ",
    " & ",
    " without ",
];

/// What may follow the stem of a word.
const ENDINGS: [&str; 5] = ["", "s", "es", "y", "ies"];

/// The thing that `text` is about, if a word of it is known.
pub(super) fn of(text: &str) -> Option<Motif> {
    let text = text.to_lowercase();
    let end = DETAILS.iter().filter_map(|detail| text.find(detail)).min();
    let before = end.and_then(|end| text.get(..end)).unwrap_or(&text);
    last(before).or_else(|| last(&text))
}

fn last(text: &str) -> Option<Motif> {
    let words = Motif::WORDS.iter();
    let words = words.flat_map(|(motif, words)| words.iter().map(|word| (*motif, *word)));
    let found =
        words.filter_map(|(motif, word)| Some((end_of_last(text, word)?, word.len(), motif)));
    found.max_by_key(|(end, length, _)| (*end, *length)).map(|(.., motif)| motif)
}

/// Where the last `word` in `text` ends, without its ending.
fn end_of_last(text: &str, word: &str) -> Option<usize> {
    let is_word = |at: &usize| {
        let (before, rest) = text.split_at(*at);
        let rest = rest.get(word.len()..).unwrap_or_default();
        let end = rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len());
        let begins = !before.ends_with(char::is_alphabetic);
        begins && rest.get(..end).is_some_and(|ending| ENDINGS.contains(&ending))
    };
    text.rmatch_indices(word).map(|(at, _)| at).find(is_word).map(|at| at + word.len())
}

#[cfg(test)]
mod tests {
    use super::super::Motif;

    #[test]
    fn a_picture_shows_what_the_name_says_that_the_thing_is() {
        for (category, name, motif) in [
            ("Dairy & Farm", "Whole Milk, 1 l", "milk"),
            ("Dairy & Farm", "Oat Drink, Barista, 1 l", "carton"),
            ("Dairy & Farm", "Grated Cheese, Gruyère and Emmental, 200 g", "cheese"),
            ("Dairy & Farm", "Crème Brûlée, 2 × 100 g", "ramekin"),
            ("Bakery", "Walnut Bread, 500 g", "bread"),
            ("Bakery", "Carrot Cake, Whole, 800 g", "cake"),
            ("Bakery", "Pizza Dough, Ready Rolled, 400 g", "pizza"),
            ("Market Fresh", "Bananas, Fair Trade, 1 kg", "banana"),
            ("Market Fresh", "Vine Tomatoes, 500 g", "tomato"),
            ("Market Fresh", "Carrots with Greens, 750 g", "carrot"),
            ("Deli Counter", "Tuna Steak, 180 g", "fish"),
            ("Deli Counter", "Shrimp in Garlic, 150 g", "shrimp"),
            ("Deli Counter", "Jalapeño Peppers, Pickled, 210 g", "pepper"),
            ("Pantry", "Olive Oil, Extra Virgin, 750 ml", "oil"),
            ("Pantry", "Peanut Butter, Crunchy, 350 g", "jar"),
            ("Pantry", "Tomato Purée", "tomato"),
            ("Cellar", "Apple Juice, Cloudy, 1 l", "juice"),
            ("Cellar", "Ginger Ale, 4 × 200 ml", "soda"),
            ("Cellar", "Wine from the Anniversary Vintage, Magnum", "wine"),
            ("Sweets & Savouries", "Ginger Nuts, Crisp, 200 g", "cookie"),
            ("Sweets & Savouries", "Hazelnut Chocolate, 100 g", "chocolate"),
            ("Home & Bath", "Toilet Tissue, Recycled, 12 Rolls", "roller"),
            ("Home & Bath", "Bamboo Toothbrushes, 4", "toothbrush"),
            ("Balcony & Table", "Flowers of the Week, a Bunch", "flower"),
            ("Balcony & Table", "Water Carafe, Glass, 1.2 l", "carafe"),
            ("Reading & Writing", "Book: One Pot, One Week", "book"),
            // Where the name tells of nothing, the category does.
            ("Soft Drinks", "Sfy 12 PK", "soda"),
            ("Dinner Sausage", "Fresh 19.76 OZ", "sausage"),
            ("Hand/Body/Facial Products", "Assorted", "tube"),
            ("Berries", "Assorted", "berry"),
            // A word is not the beginning of any other one.
            ("Things", "Carpet", "box"),
            ("Things", "Team Piece", "box"),
            ("", "", "box"),
        ] {
            assert_eq!(Motif::of(category, name).name(), motif, "{category}: {name}");
        }
    }
}
