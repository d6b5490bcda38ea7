//! Orders as people name them: by a short, readable number, which is the end of the order's id, or by any other part of it.

use uuid::Uuid;

/// Fewer digits fit too many.
pub const DIGITS_MIN: usize = 4;

/// The digits of a number.
pub const NUMBER_DIGITS: usize = 8;

/// The number of an order, such as `5E7B-2954`: the last eight digits of its id, where ids that sort by time differ. Two orders may
/// have the same one, so a search by it may find several.
#[must_use]
pub fn number(order: Uuid) -> String {
    let digits = order.simple().to_string().to_uppercase();
    let (most, last) = digits.split_at(28);
    format!("{}-{last}", most.get(24..).unwrap_or_default())
}

/// The hex digits of a part of an id as people write it, a number for instance, in lower case; none if it is none, or a whole id.
#[must_use]
pub fn digits(text: &str) -> Option<String> {
    let digits = text.trim().trim_start_matches('#').replace(['-', ' '], "").to_ascii_lowercase();
    let is_part = (DIGITS_MIN..32).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_part.then_some(digits)
}

/// Whether the id begins or ends with `digits`, or the order's number begins with them.
#[must_use]
pub fn fits(order: Uuid, digits: &str) -> bool {
    let text = order.simple().to_string();
    let is_number = |number: &str| number.starts_with(digits);
    text.starts_with(digits) || text.ends_with(digits) || text.get(24..).is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Uuid = Uuid::from_u128(0x0190_c7f2_8b1e_7c3a_9f00_1234_5e7b_2954);

    #[test]
    fn an_order_is_found_by_its_number_however_it_is_written_and_by_other_parts_of_its_id() {
        assert_eq!(number(ORDER), "5E7B-2954");
        for written in [
            "5E7B-2954",
            "#5e7b 2954",
            "5e7b2954",
            " 2954",
            "5E7B",
            "5e7b-29",
            "12345e7b2954",
            "0190c7f2-8b1e",
        ] {
            let digits = digits(written).unwrap_or_else(|| panic!("{written}"));
            assert!(fits(ORDER, &digits), "{written}");
        }
        assert!(!fits(ORDER, "9f00"), "the middle is no name");
        for none in ["", "295", "tea", "5e7b-295x", &ORDER.to_string()] {
            assert_eq!(digits(none), None, "{none}");
        }
    }
}
