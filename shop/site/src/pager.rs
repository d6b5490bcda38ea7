//! The way through the pages of a list: forward, back, and how many on one.

use askama::{Template, filters::HtmlSafe};

use crate::{
    Count,
    listing::{BACK_MAX, BETWEEN, Place, SIZES},
};

/// The way through the pages of a list.
#[derive(Clone, Debug, Template)]
#[template(path = "pager.html")]
pub struct Pager {
    /// The page's number, from 1.
    number: usize,
    first: String,
    previous: Option<String>,
    next: Option<String>,
    /// The numbers of the first and the last item of the page, and of all.
    shown: Option<(usize, usize, u64)>,
    /// The sizes that a page can have, and where the list has them; none where it is not offered.
    sizes: Vec<(usize, String)>,
    size: usize,
}

impl Pager {
    /// The pager of the page at `place` of the list at `path` with `query` (pairs that stay the same), and the cursor of the next page.
    #[must_use]
    pub fn new(path: &str, query: &[(&str, &str)], place: &Place, next: Option<&str>) -> Self {
        let size = place.size(0);
        let address = |size: usize, more: &[(&str, &str)]| {
            let size = if size == 0 { String::new() } else { size.to_string() };
            let kept = query.iter().copied().chain([("size", &*size)]);
            let pairs = kept.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
            let query = serde_urlencoded::to_string(pairs.collect::<Vec<_>>()).unwrap_or_default();
            if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
        };
        let number = place.number();
        let before: Vec<&str> = place.before().collect();
        let page = |number: usize, cursor: &str, before: &[&str]| {
            let nearest = before.get(before.len().saturating_sub(BACK_MAX)..).unwrap_or_default();
            let back = nearest.join(&BETWEEN.to_string());
            address(size, &[("page", &number.to_string()), ("after", cursor), ("back", &back)])
        };
        let previous = match (number, before.split_last()) {
            (..=1, _) => None,
            (2, _) => Some(address(size, &[])),
            (_, Some((cursor, before))) => Some(page(number - 1, cursor, before)),
            (_, None) => None,
        };
        let here = Some(&*place.after).filter(|cursor| !cursor.is_empty());
        let with_here: Vec<&str> = before.iter().copied().chain(here).collect();
        Self {
            number,
            first: address(size, &[]),
            previous,
            next: next.map(|cursor| page(number + 1, cursor, &with_here)),
            shown: None,
            sizes: SIZES.map(|size| (size, address(size, &[]))).into(),
            size: 0,
        }
    }

    /// The same for a list whose pages have `size` items, unless another size is chosen: that is offered where it makes a difference.
    #[must_use]
    pub fn sized(mut self, size: usize) -> Self {
        self.size = size;
        self
    }

    /// The same where the page has `items` of a total, if that is known.
    #[must_use]
    pub fn of(mut self, items: usize, total: impl Into<Option<u64>>) -> Self {
        let before = (self.number - 1) * self.size;
        let shown = |total| (items > 0).then_some((before + 1, before + items, total));
        self.shown = total.into().and_then(shown);
        self
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn is_size(&self, size: &usize) -> bool {
        self.size == *size
    }

    fn is_needed(&self) -> bool {
        self.number > 1 || self.next.is_some()
    }

    /// Whether another size of the page would show other items.
    fn offers_sizes(&self) -> bool {
        let smallest = SIZES.first().copied().unwrap_or_default();
        let more_than_smallest = self.shown.is_some_and(|(.., total)| total > smallest as u64);
        self.size > 0 && (self.is_needed() || more_than_smallest)
    }
}

impl HtmlSafe for Pager {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that the links of a page lead to: previous, and next where the list goes on at `next`.
    fn links(address: &str, next: Option<&str>) -> (Option<String>, Option<String>) {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let place: Place = serde_urlencoded::from_str(query).expect("a query");
        let pager = Pager::new("/list", &[("q", "tea"), ("sort", "")], &place, next);
        (pager.previous, pager.next)
    }

    #[test]
    fn every_page_leads_to_the_one_before_and_the_one_after() {
        let mut addresses = vec!["/list?q=tea&size=25".to_owned()];
        for number in 2..=5 {
            let here = addresses.last().expect("the first one");
            let (_, next) = links(here, Some(&format!("c{number}")));
            addresses.push(next.expect("there is more"));
        }
        assert_eq!(addresses[2], "/list?q=tea&size=25&page=3&after=c3&back=c2");
        for pair in addresses.windows(2) {
            let (previous, _) = links(&pair[1], None);
            assert_eq!(previous.as_deref(), Some(&*pair[0]));
        }
        assert_eq!(links(&addresses[0], None), (None, None));
    }

    #[test]
    fn far_into_a_list_the_way_back_is_as_long_as_an_address_may_be() {
        let mut address = "/list".to_owned();
        for number in 2..=100 {
            address = links(&address, Some(&format!("{number:040}"))).1.expect("there is more");
        }
        assert!(address.len() < 2000, "{address}");
        for number in (101 - BACK_MAX..100).rev() {
            address = links(&address, None).0.unwrap_or_else(|| panic!("page {number}"));
        }
    }

    #[test]
    fn what_is_no_place_of_a_list_is_its_first_page() {
        for query in ["page=7", "page=x&after=c", "size=3", "back=~~&page=0"] {
            let (_, next) = links(&format!("/list?{query}"), Some("c2"));
            assert!(next.expect("there is more").contains("page=2&after=c2"), "{query}");
        }
    }
}
