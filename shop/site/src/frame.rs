//! The frame of every page: the site's name, navigation, the logged-in user, and notices.

use crate::Theme;

/// Search engines show no more of a page's description, in characters.
const DESCRIPTION_MAX: usize = 160;

/// What a website looks like from outside, the same on every page.
#[derive(Debug)]
pub struct Chrome {
    pub name: &'static str,
    /// What the name is followed by in the head of every page, such as `Back office`.
    pub label: &'static str,
    /// The class of every page's body, for the style sheet.
    pub class: &'static str,
    /// The session's cookie. Cookies of one host are shared by all its ports: two sites need two names.
    pub cookie: &'static str,
    pub nav: &'static [Link],
    /// A folded group of links for logged-in users: what explains the site.
    pub learn: &'static [Link],
    /// Links only for logged-in users.
    pub personal: &'static [Link],
    pub search: Option<Search>,
    /// Where visitors may register; none if they may not.
    pub register: Option<&'static str>,
    pub footer: &'static str,
    /// What the site is, for search engines and where a link to it is shown.
    pub description: &'static str,
    /// The site's `robots.txt`.
    pub robots: &'static str,
    /// Where search engines find the list of its pages, which `robots.txt` then names.
    pub sitemap: Option<&'static str>,
    /// What every call says of where it comes from, if the shop keeps that apart.
    pub channel: Option<&'static str>,
}

/// A way to a page.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub href: &'static str,
    pub label: &'static str,
}

/// The search in the head of every page: a GET of `action` with `q`.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    pub action: &'static str,
    pub label: &'static str,
    /// Where scripts get what is suggested for `q`, as options of a list.
    pub suggestions: Option<&'static str>,
}

/// The frame of one page. The field `frame` of every template that extends `frame.html`.
#[derive(Clone, Debug)]
pub struct Frame {
    pub chrome: &'static Chrome,
    pub title: String,
    /// What is on the page, if that is more than what is on the site.
    pub description: Option<String>,
    pub theme: Theme,
    pub path: String,
    /// Path and query.
    pub address: String,
    /// The page to return to from what a visitor chooses here: this one, unless it answers a form.
    pub here: String,
    pub visitor: Option<Visitor>,
    /// Said once.
    pub notice: Option<String>,
    /// The text in the search field.
    pub query: String,
    /// Without scripts, the page reloads itself after this time.
    pub refresh_seconds: Option<u32>,
    /// Of what the visitor follows over several pages.
    pub guide: Option<Guide>,
}

/// What goes along from page to page: where the visitor is, what to look at, and the ways back and onward.
#[derive(Clone, Debug)]
pub struct Guide {
    pub title: String,
    pub text: &'static str,
    /// What to do here, and what to watch.
    pub tasks: Vec<String>,
    pub watch: &'static [&'static str],
    pub back: String,
    pub next: String,
}

/// The logged-in user, and the token of the log-out form.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub name: String,
    pub csrf: String,
}

impl Frame {
    /// The frame of a page that shows what was searched for.
    #[must_use]
    pub fn searching(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    /// The frame of a page of which more is to be said than its title.
    #[must_use]
    pub fn about(mut self, description: &str) -> Self {
        let short = description.char_indices().nth(DESCRIPTION_MAX);
        let description =
            short.map_or(description, |(end, _)| description.get(..end).unwrap_or(""));
        self.description = Some(description.trim().to_owned()).filter(|text| !text.is_empty());
        self
    }

    /// The themes that the visitor can choose from.
    #[must_use]
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    pub fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }

    /// What the page is about, in a sentence or two.
    #[must_use]
    pub fn said(&self) -> &str {
        self.description.as_deref().unwrap_or(self.chrome.description)
    }

    /// The frame of a page that is not final yet: without scripts, it reloads itself.
    #[must_use]
    pub fn refreshing(mut self, seconds: u32) -> Self {
        self.refresh_seconds = Some(seconds);
        self
    }

    /// Whether `href` leads to this page or to one above it.
    #[must_use]
    pub fn is_at(&self, href: &str) -> bool {
        let below = || self.path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
        self.path == href || (href != "/" && below())
    }

    /// Whether `href` is in the navigation.
    #[must_use]
    pub fn has_way(&self, href: &str) -> bool {
        self.chrome.nav.iter().chain(self.chrome.learn).any(|link| link.href == href)
    }

    /// Whether this page is in the group of links that explain the site.
    #[must_use]
    pub fn is_learning(&self) -> bool {
        self.chrome.learn.iter().any(|link| self.is_at(link.href))
    }

    /// Whether `href` leads to exactly this page.
    #[must_use]
    pub fn is_here(&self, href: &str) -> bool {
        self.path == href
    }

    /// The address of a static file; another content has another address.
    #[must_use]
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    pub fn asset(&self, name: &str) -> String {
        crate::assets::address(name)
    }
}
