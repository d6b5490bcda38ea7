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
    Pot = "pot": ["soup", "meat", "beef", "pork", "chicken", "turkey", "dinner", "entree", "sausage", "bacon", "lunchmeat", "frankfurter", "pizza", "pasta", "noodle", "rice"];
    Can = "can": ["canned", "shelf stable", "pet", "cat food", "dog food", "can", "beer", "soft drink", "ale"];
    Jar = "jar": ["jelly", "jam", "pickle", "relish", "condiment", "sauce", "pnt btr", "peanut", "syrup", "dressing", "baby", "honey", "spread", "candle", "vitamin", "medic", "remed"];
    Bottle = "bottle": ["water", "wine", "spirit", "oil", "vinegar", "soap", "detergent", "cleaner", "laundry", "bleach", "household", "liquor", "liqs", "automotive"];
    Bag = "bag": ["snack", "candy", "chip", "cookie", "cracker", "nut", "popcorn", "sugar", "flour", "charcoal", "ice", "salt"];
    Box = "box": [];
}

impl Motif {
    /// The motif that the product's name tells of, or else its category.
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
    pub(crate) fn draw(self, [_, shade, body, light, ink]: Palette, variant: u32) -> String {
        // One of three labels, so that a shelf does not look like one thing many times.
        let label = match variant % 3 {
            0 => format!(
                "<circle cx=\"200\" cy=\"220\" r=\"30\" fill=\"{light}\"/><circle cx=\"200\" cy=\"220\" r=\"17\" fill=\"{ink}\"/>"
            ),
            1 => format!(
                "<path d=\"M164 200h72v12h-72zm0 22h72v12h-72zm0 22h44v12h-44z\" fill=\"{light}\"/>"
            ),
            _ => format!(
                "<path d=\"M200 184l34 36-34 36-34-36z\" fill=\"{light}\"/><path d=\"M200 204l16 16-16 16-16-16z\" fill=\"{ink}\"/>"
            ),
        };
        let fill = |color: &str, path: &str| format!("<path d=\"{path}\" fill=\"{color}\"/>");
        let line = |color: &str, width: u32, path: &str| {
            format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
            )
        };
        match self {
            Self::Paper => {
                fill(light, "M120 96h132l32 32v196H120z")
                    + &fill(shade, "M252 96v32h32z")
                    + &fill(body, "M146 150h112v58H146z")
                    + &line(ink, 8, "M148 234h108M148 260h108M148 286h66")
            }
            Self::Flower => {
                line(ink, 9, "M200 210v96M200 280c-30 0-46-16-50-40M200 264c26-2 40-14 46-36")
                    + &fill(
                        body,
                        "M200 84c22 0 34 18 30 38 18-10 38-2 44 16s-4 36-24 40c12 16 8 36-8 46s-34 4-42-14c-8 18-26 24-42 14s-20-30-8-46c-20-4-30-22-24-40s26-26 44-16c-4-20 8-38 30-38z",
                    )
                    + &format!("<circle cx=\"200\" cy=\"164\" r=\"24\" fill=\"{light}\"/>")
            }
            Self::Fish => {
                fill(
                    body,
                    "M84 214c40-66 134-82 190-22l46-40c-6 40-6 60 0 104l-46-38c-56 60-150 52-190-4z",
                ) + &line(light, 7, "M150 178c16 22 16 50 0 72M190 190h34M186 216h46M190 242h30")
                    + &format!("<circle cx=\"122\" cy=\"206\" r=\"8\" fill=\"{light}\"/>")
            }
            Self::Cone => {
                fill(light, "M144 196h112l-56 130z")
                    + &line(shade, 5, "M164 200l54 84M200 200l28 42M236 200l-54 84M200 200l-28 42")
                    + &fill(
                        body,
                        "M132 196c-14-52 22-98 68-98s82 46 68 98c-14 12-26 12-34 0-12 14-24 14-34 0-10 14-22 14-34 0-8 12-20 12-34 0z",
                    )
                    + &fill(ink, "M200 76a16 16 0 1 1 0 32 16 16 0 1 1 0-32z")
            }
            Self::Egg => {
                fill(light, "M158 120c34 0 58 60 58 104s-26 70-58 70-58-26-58-70 24-104 58-104z")
                    + &fill(body, "M246 138c32 0 54 54 54 94s-24 62-54 62-54-22-54-62 22-94 54-94z")
                    + &fill(ink, "M84 270h232l-18 54H102z")
            }
            Self::Cheese => {
                fill(body, "M96 226l196-92c18 14 26 40 26 66v24z")
                    + &fill(light, "M96 226h222v94H96z")
                    + &format!(
                        "<circle cx=\"150\" cy=\"272\" r=\"18\" fill=\"{body}\"/><circle cx=\"226\" cy=\"258\" r=\"12\" fill=\"{body}\"/><circle cx=\"270\" cy=\"288\" r=\"16\" fill=\"{body}\"/><circle cx=\"236\" cy=\"194\" r=\"11\" fill=\"{ink}\"/>"
                    )
            }
            Self::Bread => {
                fill(body, "M100 200c-24-40 10-84 54-84h100c42 0 72 44 46 84v124H100z")
                    + &fill(light, "M122 204c-20-36 4-66 40-66h82c34 0 56 30 34 66v98H122z")
                    + &line(body, 8, "M164 176l14 26M200 172l14 26M236 176l14 26")
            }
            Self::Carton => {
                fill(light, "M148 148h104v176H148z")
                    + &fill(body, "M148 148l26-50h52l26 50zM148 196h104v92H148z")
                    + &fill(ink, "M174 80h52v22h-52z")
                    + &fill(shade, "M226 102l26 46v176h-14V148z")
                    + &format!("<circle cx=\"196\" cy=\"242\" r=\"26\" fill=\"{light}\"/>")
            }
            Self::Cup => {
                fill(body, "M112 176h160l-14 120c-2 18-14 28-30 28h-72c-16 0-28-10-30-28z")
                    + &line(body, 16, "M270 200c36-8 52 12 46 38s-28 36-54 30")
                    + &fill(light, "M112 176h160l-3 26H115z")
                    + &line(
                        ink,
                        8,
                        "M162 150c-16-18 14-26 0-48M196 150c-16-18 14-26 0-48M230 150c-16-18 14-26 0-48",
                    )
            }
            Self::Apple => {
                fill(
                    body,
                    "M200 152c30-26 104-18 104 60 0 60-42 112-74 112-14 0-20-6-30-6s-16 6-30 6c-32 0-74-52-74-112 0-78 74-86 104-60z",
                ) + &line(ink, 9, "M200 152c-2-22 4-38 16-52")
                    + &fill(ink, "M212 122c14-30 42-36 66-30-8 26-36 40-66 30z")
                    + &line(light, 9, "M128 206c4-22 18-32 34-34")
            }
            Self::Leaf => {
                fill(body, "M108 300c-24-112 44-196 190-196 8 136-66 214-168 196z")
                    + &line(
                        light,
                        8,
                        "M104 324c36-74 84-122 150-170M160 240l-8-52M160 240l66-8M206 194l-6-40M206 194l44-2",
                    )
            }
            Self::Tube => {
                fill(body, "M146 96h108l-16 190h-76z")
                    + &fill(ink, "M164 286h72v38h-72zM140 84h120v16H140z")
                    + &fill(light, "M160 150h80l-6 72h-68z")
                    + &line(body, 8, "M178 176h44M180 198h40")
            }
            Self::Pot => {
                fill(body, "M104 196h192v84c0 26-16 44-42 44H146c-26 0-42-18-42-44z")
                    + &fill(ink, "M92 178h216v22H92zM186 146h28v32h-28z")
                    + &line(body, 14, "M104 226H82M296 226h22")
                    + &line(ink, 8, "M152 134c-14-16 12-24 0-42M248 134c-14-16 12-24 0-42")
                    + &fill(light, "M104 236h192v20H104z")
            }
            Self::Can => {
                fill(body, "M124 122h152v186c0 24-152 24-152 0z")
                    + &fill(shade, "M124 138h152v26H124zM124 276h152v14H124z")
                    + &format!(
                        "<ellipse cx=\"200\" cy=\"122\" rx=\"76\" ry=\"20\" fill=\"{light}\"/><ellipse cx=\"200\" cy=\"122\" rx=\"58\" ry=\"13\" fill=\"{shade}\"/>"
                    )
                    + &label
            }
            Self::Jar => {
                fill(
                    light,
                    "M128 146h144c16 18 20 32 20 52v96c0 20-12 30-30 30H138c-18 0-30-10-30-30v-96c0-20 4-34 20-52z",
                ) + &fill(body, "M108 214h184v80c0 20-12 30-30 30H138c-18 0-30-10-30-30z")
                    + &fill(ink, "M122 100h156v44H122z")
                    + &fill(light, "M148 232h104v58H148z")
                    + &line(body, 7, "M166 252h68M166 270h44")
            }
            Self::Bottle => {
                fill(
                    body,
                    "M176 120h48c0 34 42 52 42 98v84c0 14-8 22-22 22h-88c-14 0-22-8-22-22v-84c0-46 42-64 42-98z",
                ) + &fill(ink, "M172 76h56v40h-56z")
                    + &fill(light, "M134 226h132v62H134z")
                    + &format!("<circle cx=\"200\" cy=\"257\" r=\"18\" fill=\"{body}\"/>")
            }
            Self::Bag => {
                fill(
                    body,
                    "M122 108h156c-8 28 14 70 14 128 0 40-6 66-12 88H120c-6-22-12-48-12-88 0-58 22-100 14-128z",
                ) + &fill(
                    ink,
                    "M118 92l14 10 14-10 14 10 14-10 14 10 14-10 14 10 14-10 14 10 14-10 14 10 10-10v26H118z",
                ) + &label
            }
            Self::Box => {
                fill(body, "M112 128h132v196H112z")
                    + &fill(ink, "M244 128l44-24v196l-44 24z")
                    + &fill(shade, "M112 128l44-24h132l-44 24z")
                    + &fill(light, "M130 150h96v20h-96z")
                    + &format!("<g transform=\"translate(-22 16)\">{label}</g>")
            }
        }
    }
}
