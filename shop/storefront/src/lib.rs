//! The website for customers: uses only the gateway's REST API.

mod account;
mod catalogue;
mod home;
mod invoice;
mod order;
mod orders;
mod place;
mod product;
mod profile;
mod progress;
mod search;
mod shelf;

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    routing::{get, post},
};
use contracts::rest::product::Product;
use site::{Chrome, Link, Listing, Search, Site, Visit};

/// What the storefront needs from outside.
pub use site::Config;

const CHROME: Chrome = Chrome {
    name: "Agora",
    label: "",
    class: "shop",
    cookie: "agora-shop",
    nav: &[Link { href: "/", label: "Home" }, Link { href: "/categories", label: "Categories" }],
    personal: &[
        Link { href: "/orders", label: "My orders" },
        Link { href: "/profile", label: "Profile" },
    ],
    search: Some(Search { action: "/search", label: "Search products" }),
    register: Some("/register"),
    footer: "Agora – every order is a story of recorded events. Times are in the shop's time zone.",
};

/// What the pages share. A cheap clone.
#[derive(Clone, Default)]
struct Shop {
    /// The shop's one currency, known from the first product.
    currency: Arc<OnceLock<String>>,
}

/// The storefront as a router, to be served as any other.
pub fn build(config: Config) -> Router {
    let pages = Router::new()
        .route("/", get(home::home))
        .route("/categories", get(catalogue::categories))
        .route("/categories/{id}", get(catalogue::category))
        .route("/search", get(search::search))
        .route("/products/{id}", get(product::product))
        .route("/orders", get(orders::orders).post(place::place))
        .route("/orders/{id}", get(order::order))
        .route("/orders/{id}/live", get(order::live))
        .route("/orders/{id}/invoice", get(invoice::invoice))
        .route("/login", get(account::login).post(account::log_in))
        .route("/register", get(account::register).post(account::sign_up))
        .route("/logout", post(account::log_out))
        .route("/profile", get(profile::profile).post(profile::change_details))
        .route("/profile/password", post(profile::change_password))
        .with_state(Shop::default());
    Site::new(config, &CHROME).guard(pages)
}

impl Shop {
    /// The shop's currency; empty until it is known, and sums are then shown without it.
    async fn currency(&self, visit: &Visit) -> String {
        if let Some(currency) = self.currency.get() {
            return currency.clone();
        }
        let first = visit.get("/product/get-all-products", &[("Limit", "1")]).await;
        let Ok(Listing::<Product> { items, .. }) = first else { return String::new() };
        let Some(product) = items.into_iter().next() else { return String::new() };
        self.currency.get_or_init(|| product.currency).clone()
    }
}
