//! What a product looks like, guessed from the words of its category and name.

use super::Palette;

macro_rules! motifs {
    ($($motif:ident = $name:literal: $words:expr;)*) => {
        /// The kinds of things that are drawn.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Motif { $($motif),* }

        impl Motif {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$motif),*];

            /// The beginnings of words that tell of each, the more particular first.
            const WORDS: &[(Self, &[&str])] = &[$((Self::$motif, &$words)),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$motif => $name),* }
            }

            /// The drawing, with names in the place of colours.
            fn template(self) -> &'static str {
                match self { $(Self::$motif => include_str!(concat!("../../assets/motifs/", $name, ".svg"))),* }
            }

            pub(crate) fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$motif),)* _ => None }
            }
        }
    };
}

motifs! {
    Paper = "paper": ["magazine", "greeting", "book", "card", "stationery", "newspaper", "paper t", "tissue", "napkin", "towel", "diaper", "bath tissue"];
    Flower = "flower": ["floral", "flower", "garden", "plant", "seed"];
    Fish = "fish": ["fish", "seafood", "shrimp", "crab", "salmon", "tuna", "lobster"];
    Cone = "cone": ["ice cream", "frozen yogurt", "novelt", "sherbt", "sherbet"];
    Egg = "egg": ["egg"];
    Cheese = "cheese": ["cheese", "cream cheese"];
    Bread = "bread": ["bread", "bun", "roll", "bagel", "muffin", "pastry", "cake", "pie", "dough", "donut", "sweet good"];
    Carton = "carton": ["milk", "cream", "juice", "drink"];
    Cup = "cup": ["coffee", "tea", "cocoa", "yogurt", "creamer", "hot cereal"];
    Apple = "apple": ["apple", "fruit", "berr", "grape", "citrus", "melon", "banana", "pear", "peach", "orange", "produce", "tropical"];
    Leaf = "leaf": ["salad", "vegetable", "onion", "potato", "carrot", "lettuce", "herb", "nutrition", "mushroom", "pepper", "tomato", "corn", "spice", "bean"];
    Tube = "tube": ["oral", "hair", "skin", "make up", "cosmetic", "shampoo", "lotion", "hand/body", "deodorant", "facial", "dental", "sun"];
    Pot = "pot": ["kitchen", "cook", "soup", "meat", "beef", "pork", "chicken", "turkey", "dinner", "entree", "sausage", "bacon", "lunchmeat", "frankfurter", "pizza", "pasta", "noodle", "rice"];
    Can = "can": ["canned", "shelf stable", "pet", "cat food", "dog food", "can", "beer", "soft drink", "ale"];
    Jar = "jar": ["jelly", "jam", "pickle", "relish", "condiment", "sauce", "pnt btr", "peanut", "syrup", "dressing", "baby", "honey", "spread", "candle", "vitamin", "medic", "remed"];
    Bottle = "bottle": ["water", "wine", "spirit", "oil", "vinegar", "soap", "detergent", "cleaner", "laundry", "bleach", "household", "liquor", "liqs", "automotive"];
    Bag = "bag": ["snack", "candy", "chip", "cookie", "cracker", "nut", "popcorn", "sugar", "flour", "charcoal", "ice", "salt"];
    Box = "box": [];
}

impl Motif {
    /// The motif that the category tells of, or else the product's name, which may say anything.
    pub(crate) fn of(category: &str, name: &str) -> Self {
        let told = |text: &str| {
            let text = format!(" {}", text.to_lowercase());
            let tells = |word: &&&str| {
                text.match_indices(**word).any(|(at, _)| {
                    at.checked_sub(1)
                        .and_then(|at| text.as_bytes().get(at))
                        .is_some_and(|byte| !byte.is_ascii_alphabetic())
                })
            };
            let found = Self::WORDS.iter().find(|(_, words)| words.iter().any(|word| tells(&word)));
            found.map(|(motif, _)| *motif)
        };
        told(category).or_else(|| told(name)).unwrap_or(Self::Box)
    }

    /// The thing itself, in a field of 400 by 400, standing on the line at 324.
    pub(crate) fn draw(self, palette: Palette, variant: u32) -> String {
        // One of three labels, so that a shelf does not look like one thing many times.
        let label = match variant % 3 {
            0 => include_str!("../../assets/motifs/label-disc.svg"),
            1 => include_str!("../../assets/motifs/label-lines.svg"),
            _ => include_str!("../../assets/motifs/label-diamond.svg"),
        };
        let [_, shade, body, light, ink] = palette;
        let colors = [("@shade", shade), ("@body", body), ("@light", light), ("@ink", ink)];
        let drawing = self.template().replace("@label", label);
        colors.iter().fold(drawing, |drawing, (name, color)| drawing.replace(name, color))
    }
}
