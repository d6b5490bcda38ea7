//! What is out of the ordinary in a year: other prices, products that go, a sale that sells out, an outage.

use contracts::money::Money;

use super::{Act, Wish, days::Writer};

const HOUR: u64 = 3_600;
/// After the last order of a day.
const NIGHT: u64 = 24 * HOUR - 20;
/// On these days a product is cheap, and many come for it.
const SALES: [u64; 4] = [61, 150, 236, 330];
/// The day on which the product service is down for a minute.
const OUTAGE: u64 = 203;
/// Orders that come meanwhile.
const UNANSWERED: usize = 6;
/// The vintage that is sold as long as there is any.
const LIMITED: &str = "CEL-10";
/// The month's magazine, whose next number takes its place.
const MAGAZINE: &str = "REA-02";

impl Writer<'_> {
    /// Everything of this day that is not as on every other.
    pub(super) fn out_of_the_ordinary(&mut self, day: u64, weekday: u64) {
        let begin = day * 24 * HOUR;
        if weekday == 1 {
            self.other_price(begin + 10 * HOUR);
        }
        if SALES.contains(&day) {
            self.sale(begin + 17 * HOUR);
        }
        if day == OUTAGE {
            let wishes = (0..UNANSWERED).map(|_| self.wish()).collect();
            self.at(begin + 18 * HOUR + 2_417, Act::Outage(wishes));
        }
        match day {
            40 | 120 | 200 | 280 | 350 => self.too_dear(begin + 20 * HOUR),
            95 | 180 | 260 => self.moves(begin + 12 * HOUR),
            300 => self.withdraw(begin + NIGHT, LIMITED),
            90 | 181 | 272 => self.next_number(begin + NIGHT),
            91 | 182 | 273 => self.list_again(begin + 8 * HOUR, MAGAZINE),
            _ => {}
        }
    }

    fn anything(&self) -> Option<usize> {
        let listed: Vec<(usize, u64)> = self.listed.iter().map(|product| (*product, 1)).collect();
        self.chance.weighted(&listed)
    }

    /// A supplier asks for more, or for less. Now and then someone still has the page with the old price open.
    fn other_price(&mut self, second: u64) {
        let Some(product) = self.anything() else { return };
        let before = self.price(product);
        let percent = i64::try_from(self.chance.within(0..16)).unwrap_or(0) - 5;
        let change = before.minor() * if percent == 0 { 4 } else { percent } / 100;
        // Prices end in nine, and change by ten at least.
        let rounded = (before.minor() + change) / 10 * 10 + 9;
        let least = if rounded == before.minor() { 10 } else { 0 };
        let after = Money::from_minor(rounded + least);
        self.reprice(second, product, after);
        if self.chance.happens(35) {
            let wish = Wish { product, quantity: 1, price: Some(before), ..self.wish() };
            let later = self.chance.within(40..400);
            self.at(second + later, Act::Order(wish));
        }
    }

    fn reprice(&mut self, second: u64, product: usize, price: Money) {
        self.at(second, Act::Reprice { product, price });
        if let Some(planned) = self.prices.get_mut(product) {
            *planned = price;
        }
    }

    /// A third off until the evening. More is asked for than there is.
    fn sale(&mut self, second: u64) {
        let Some(product) = self.anything() else { return };
        let Some(units) = self.product(product).map(|product| u64::from(product.units)) else {
            return;
        };
        let usual = self.price(product);
        self.reprice(second, product, Money::from_minor(usual.minor() * 2 / 3));
        let mut asked_for = 0;
        let mut when = second;
        while asked_for < units * 3 / 2 {
            when += self.chance.within(20..240);
            let quantity = self.chance.within(2..5);
            asked_for += quantity;
            let wish = Wish { product, quantity, ..self.wish() };
            self.at(when, Act::Order(wish));
        }
        self.reprice(when + HOUR, product, usual);
    }

    /// Some want what they cannot pay.
    fn too_dear(&mut self, second: u64) {
        let dearest = self.listed.iter().copied().max_by_key(|product| self.price(*product));
        let Some(product) = dearest else { return };
        for after in 0..3 {
            let wish = Wish { product, quantity: 2, ..self.wish() };
            self.at(second + after * 1_300, Act::Order(wish));
        }
    }

    /// Someone who has not moved yet: the sample knows one new address of each.
    fn moves(&mut self, second: u64) {
        let people = self.registered.iter().filter(|one| !self.is_planned(&Act::Move(**one)));
        let people: Vec<(usize, u64)> = people.map(|one| (*one, 1)).collect();
        if let Some(customer) = self.chance.weighted(&people) {
            self.at(second, Act::Move(customer));
        }
    }

    /// The last of it is taken out of the catalogue at night.
    fn withdraw(&mut self, second: u64, code: &str) {
        if let Some(product) = self.take_out(code) {
            self.at(second, Act::Withdraw(product));
        }
    }

    /// The magazine goes while someone orders it; its next number comes on the day after.
    fn next_number(&mut self, second: u64) {
        let Some(product) = self.take_out(MAGAZINE) else { return };
        let wish = Wish { product, quantity: 1, price: None, ..self.wish() };
        self.at(second, Act::WithdrawUnder(wish));
    }

    fn list_again(&mut self, second: u64, code: &str) {
        let product = self.goods.products.iter().position(|product| product.code == code);
        if let Some(product) = product {
            self.list(second, product);
        }
    }

    /// It is not offered any more from now on.
    fn take_out(&mut self, code: &str) -> Option<usize> {
        let product = self.goods.products.iter().position(|product| product.code == code)?;
        let before = self.listed.len();
        self.listed.retain(|other| *other != product);
        (self.listed.len() < before).then_some(product)
    }
}
