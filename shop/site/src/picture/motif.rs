//! What a product looks like, guessed from the words of its name and its category.

mod meaning;

use super::palette::{
    AMBER, BLUE, BROWN, GREEN, LEAF, MAGENTA, OLIVE, ORANGE, PURPLE, RED, SLATE, TEAL,
};

macro_rules! motifs {
    ($($motif:ident = $name:literal $($palette:ident)?: $words:expr;)*) => {
        /// The kinds of things that are drawn.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Motif { $($motif),* }

        impl Motif {
            pub(crate) const ALL: &[Self] = &[$(Self::$motif),*];

            /// The words that mean each, without their endings.
            const WORDS: &[(Self, &[&str])] = &[$((Self::$motif, &$words)),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$motif => $name),* }
            }

            /// The palette of what has a colour of its own.
            pub(crate) fn palette(self) -> Option<u8> {
                $($(if self == Self::$motif { return Some($palette); })?)*
                None
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
    Apple = "apple" RED: ["apple", "fruit", "produce", "plum", "nectarine"];
    Baby = "baby": ["baby", "infant", "babyfood", "diaper", "nappy", "nappies", "formula"];
    Bacon = "bacon" RED: ["bacon", "ham", "prosciutto", "speck", "lunchmeat", "deli meat", "smoked meat"];
    Bag = "bag": ["bag", "wrap", "seasonal", "trail mix"];
    Bagel = "bagel" BROWN: ["bagel", "donut", "doughnut", "sweet good"];
    Banana = "banana" AMBER: ["banana", "plantain", "tropical"];
    Battery = "battery": ["batter", "electrical", "prepaid", "audio"];
    Bean = "bean" BROWN: ["bean", "lentil", "chickpea", "pea", "pulse"];
    Beer = "beer" AMBER: ["beer", "ale", "lager", "stout", "pilsner", "cider"];
    Berry = "berry" RED: ["berr", "strawberr", "raspberr", "blueberr", "cranberr"];
    Book = "book": ["book", "notebook", "novel", "bookstore"];
    Bottle = "bottle": ["vinegar", "sauce", "ketchup", "condiment", "spirit", "liquor", "bottle", "gin", "rum", "vodka", "whisky", "whiskey", "ink"];
    Bowl = "bowl" BROWN: ["rice", "couscous", "quinoa", "dumpling", "grain", "hispanic"];
    Bread = "bread" BROWN: ["bread", "toast", "loaf", "loaves", "baguette", "bakery"];
    Broccoli = "broccoli" LEAF: ["broccoli", "cauliflower", "cabbage", "vegetable", "veg", "sprout"];
    Broom = "broom": ["broom", "mop", "brush"];
    Bulb = "bulb" AMBER: ["bulb", "lamp", "general purpose bulb"];
    Butter = "butter" AMBER: ["butter", "margarine", "ghee", "shortening"];
    Cake = "cake" MAGENTA: ["cake", "gateau", "brownie", "dessert", "cheesecake"];
    Can = "can": ["can", "canned", "tin", "tinned", "shelf stable", "polpa"];
    Candle = "candle" AMBER: ["candle", "beeswax light", "tealight", "incense", "air care"];
    Candy = "candy" MAGENTA: ["cand", "caramel", "toffee", "gum", "lolly", "lollies", "sweet", "licorice", "liquorice", "marshmallow"];
    Car = "car" SLATE: ["automotive", "car", "motor", "vehicle"];
    Carafe = "carafe" TEAL: ["carafe", "glassware", "vase", "decanter", "perfume", "fragrance", "dinnerware"];
    Card = "card": ["greeting card", "card", "envelope", "letter", "ticket", "coupon"];
    Carrot = "carrot" ORANGE: ["carrot", "parsnip", "turnip", "beet"];
    Carton = "carton": ["oat drink", "soy drink", "cream", "creamer", "non-dairy", "drink", "beverage", "broth", "stock"];
    Cereal = "cereal": ["cereal", "muesli", "granola", "oat", "porridge", "cornflake", "brkfst"];
    Cheese = "cheese" AMBER: ["cheese", "cheddar", "brie", "feta", "mozzarella", "parmesan", "gouda"];
    Cherry = "cherry" RED: ["cherr", "stone fruit"];
    Chicken = "chicken" AMBER: ["chicken", "poultry", "turkey", "duck", "chix", "fowl"];
    Chips = "chips": ["chip", "crisp", "snack", "pretzel", "nacho", "bag snack"];
    Chocolate = "chocolate" BROWN: ["chocolate", "praline", "truffle", "fudge"];
    Coffee = "coffee" BROWN: ["coffee", "espresso"];
    Cone = "cone" MAGENTA: ["ice cream", "frozen yogurt", "novelt", "sherbet", "sherbt", "sorbet", "gelato", "cone"];
    Cookie = "cookie" BROWN: ["cookie", "biscuit", "shortbread", "ginger nut", "wafer", "gingerbread"];
    Corn = "corn" AMBER: ["corn", "maize", "sweetcorn"];
    Cracker = "cracker" AMBER: ["cracker", "crispbread", "matzo"];
    Croissant = "croissant" AMBER: ["croissant", "pastry", "pastries", "danish"];
    Cross = "cross" RED: ["first aid", "bandage", "plaster", "eye and ear"];
    Cup = "cup" BROWN: ["cocoa", "hot chocolate", "cup", "mug"];
    Egg = "egg" BROWN: ["egg"];
    Fish = "fish" BLUE: ["fish", "seafood", "salmon", "tuna", "tuna steak", "cod", "trout", "herring", "sardine", "anchovy", "anchovies"];
    Flame = "flame" ORANGE: ["charcoal", "firewood", "lighter", "propane", "match", "briquette"];
    Flour = "flour" OLIVE: ["flour", "sugar", "meal", "yeast", "baking", "baking mix", "sweetner", "sweetener", "starch", "soil"];
    Flower = "flower": ["flower", "floral", "rose", "bouquet", "tulip"];
    Gift = "gift" RED: ["gift", "party", "present", "spring", "halloween"];
    Grapes = "grapes" PURPLE: ["grape", "raisin"];
    Honey = "honey" AMBER: ["honey", "syrup", "molasses", "topping"];
    Ice = "ice" BLUE: ["ice", "wtr ice", "frzn ice", "ice cube"];
    Jar = "jar": ["jam", "jelly", "jellies", "marmalade", "preserve", "pickle", "relish", "peanut butter", "pnt btr", "spread", "dressing", "drsng", "mayonnaise", "mustard", "dip", "hummus", "pesto", "jar", "pasta sauce"];
    Jug = "jug" BLUE: ["detergent", "laundry", "bleach", "softener", "laundry additive"];
    Juice = "juice" ORANGE: ["juice", "smoothie", "lemonade", "nectar", "drnk mx"];
    Leaf = "leaf" LEAF: ["leaf", "leaves", "herb", "basil", "thyme", "mint", "parsley", "tobacco"];
    Melon = "melon" RED: ["melon", "watermelon"];
    Milk = "milk" BLUE: ["milk", "milk drink", "kefir", "buttermilk", "dairy"];
    Muffin = "muffin" BROWN: ["muffin", "cupcake", "scone"];
    Mushroom = "mushroom" BROWN: ["mushroom", "truffle mushroom"];
    Newspaper = "newspaper" SLATE: ["newspaper", "journal"];
    Noodles = "noodles" AMBER: ["pasta", "noodle", "spaghetti", "macaroni", "ravioli", "lasagna", "lasagne", "penne", "ramen"];
    Nut = "nut" BROWN: ["nut", "almond", "walnut", "hazelnut", "pecan", "peanut", "cashew", "pistachio"];
    Oil = "oil" OLIVE: ["oil", "olive oil"];
    Olive = "olive" OLIVE: ["olive", "avocado", "caper"];
    Onion = "onion" PURPLE: ["onion", "garlic", "shallot", "leek"];
    Orange = "orange" ORANGE: ["orange", "citrus", "lemon", "lime", "grapefruit", "mandarin", "clementine"];
    Pan = "pan" SLATE: ["pan", "cookware", "bakeware", "foilware", "kitchen gadget", "housewares", "houseware"];
    Paper = "paper": ["magazine", "stationery", "paper", "poster", "calendar", "filter"];
    Paw = "paw" BROWN: ["pet", "cat", "dog", "cat food", "dog food", "cat litter", "litter", "bird seed"];
    Pear = "pear" LEAF: ["pear", "quince", "fig"];
    Pen = "pen": ["pen", "pencil", "marker", "crayon", "school suppl"];
    Pepper = "pepper" GREEN: ["pepper", "paprika", "chili", "chilli", "jalapeno", "jalapeño", "cucumber", "zucchini", "courgette"];
    Pie = "pie" AMBER: ["pie", "tart", "quiche", "crumble"];
    Pill = "pill": ["vitamin", "analgesic", "antacid", "laxative", "medicine", "supplement", "nutri", "nutritional", "dietary", "sinus", "cold and flu", "tablet", "remed", "diet"];
    Pineapple = "pineapple" AMBER: ["pineapple", "mango", "coconut"];
    Pizza = "pizza" RED: ["pizza", "pizza dough", "calzone"];
    Plant = "plant" LEAF: ["plant", "herb pot", "potting soil", "monstera", "succulent", "garden"];
    Popcorn = "popcorn" RED: ["popcorn"];
    Pot = "pot" RED: ["cooking pot", "casserole", "dinner", "entree", "stew", "curr", "goulash", "pot", "prepared food", "heat", "meat"];
    Potato = "potato" BROWN: ["potato", "wedge", "fries", "hash brown"];
    Puzzle = "puzzle" TEAL: ["puzzle", "jigsaw"];
    Ramekin = "ramekin" AMBER: ["brûlée", "brulee", "soufflé", "souffle", "ramekin", "flan"];
    Razor = "razor" SLATE: ["razor", "shaving"];
    Roll = "roll" AMBER: ["roll", "bun", "burger", "hamburger", "hot dog"];
    Roller = "roller" SLATE: ["tissue", "tiss", "towel", "paper towel", "napkin", "kitchen roll", "toilet paper", "bath tissue"];
    Salad = "salad" LEAF: ["salad", "lettuce", "spinach", "rocket", "kale", "salad bar", "salad bowl"];
    Sandwich = "sandwich" AMBER: ["sandwich", "sub", "panini"];
    Sausage = "sausage" RED: ["sausage", "frankfurter", "salami", "chorizo", "bratwurst", "wiener"];
    Seeds = "seeds" LEAF: ["seed", "flower seed"];
    Shaker = "shaker": ["salt", "spice", "seasoning", "extract", "cinnamon", "black pepper", "vanilla extract", "gravy"];
    Shirt = "shirt": ["shirt", "apparel", "sock", "hosiery", "clothing", "shoe"];
    Shrimp = "shrimp" ORANGE: ["shrimp", "prawn", "lobster", "crab", "mussel", "squid"];
    Soap = "soap": ["soap", "bath", "sponge", "hygiene", "incontinence"];
    Soda = "soda" RED: ["soda", "soft drink", "cola", "lemonade soda", "ginger ale", "tonic", "energy drink", "isotonic", "isotonic drink"];
    Soup = "soup" ORANGE: ["soup", "minestrone", "chowder", "ramen soup"];
    Spray = "spray" TEAL: ["cleaner", "spray", "cleang", "insecticide", "polish", "glass cleaner"];
    Steak = "steak" RED: ["steak", "beef", "pork", "veal", "lamb", "game", "mince"];
    Sushi = "sushi" TEAL: ["sushi", "maki"];
    Taco = "taco" AMBER: ["taco", "tortilla", "burrito", "quesadilla", "wrap sandwich"];
    Tea = "tea" GREEN: ["tea", "teabag", "teapot", "infusion", "matcha", "rooibos"];
    Tomato = "tomato" RED: ["tomato", "passata"];
    Toothbrush = "toothbrush" TEAL: ["toothbrush", "oral", "dental", "toothpaste", "floss"];
    Toy = "toy": ["toy", "teddy", "game and toy", "doll", "sports"];
    Tree = "tree" GREEN: ["christmas", "winter", "tree"];
    Tube = "tube": ["lotion", "shampoo", "conditioner", "hair", "skin", "make up", "makeup", "cosmetic", "hand cream", "face cream", "body cream", "deodorant", "facial", "suntan", "sun cream", "hand/body", "glue", "foot care"];
    Water = "water" BLUE: ["water", "mineral water"];
    Wine = "wine" RED: ["wine", "champagne", "prosecco", "port", "sherry"];
    Yogurt = "yogurt" BLUE: ["yogurt", "yoghurt", "pudding", "quark", "skyr", "custard"];
    Box = "box": [];
}

impl Motif {
    /// What the name says that the product is; else what the category tells of.
    pub(crate) fn of(category: &str, name: &str) -> Self {
        meaning::of(name).or_else(|| meaning::of(category)).unwrap_or(Self::Box)
    }

    /// The thing itself, in a field of 400 by 400, standing on the line at 324: its colours are CSS variables.
    pub(crate) fn draw(self, variant: u32) -> String {
        // One of three labels, so that a shelf does not look like one thing many times.
        let label = match variant % 3 {
            0 => include_str!("../../assets/motifs/label-disc.svg"),
            1 => include_str!("../../assets/motifs/label-lines.svg"),
            _ => include_str!("../../assets/motifs/label-diamond.svg"),
        };
        let drawing = self.template().replace("@label", label);
        super::palette::ROLES.iter().fold(drawing, |drawing, role| {
            drawing.replace(&format!("@{role}"), &format!("var(--{role})"))
        })
    }
}
