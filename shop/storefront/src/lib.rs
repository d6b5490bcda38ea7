//! The website for customers: uses only the gateway's REST API.

mod account;
mod catalogue;
mod grid;
mod home;
mod invoice;
mod order;
mod orders;
mod place;
mod product;
mod profile;
mod progress;
mod purchase;
mod review;
mod search;
mod shelf;
mod sitemap;

use axum::{
    Router,
    routing::{get, post},
};
use site::{Chrome, Link, Search, Shop, Site};

/// What the storefront needs from outside.
pub use site::Config;

const CHROME: Chrome = Chrome {
    name: "Agora",
    label: "",
    class: "shop",
    cookie: "agora-shop",
    nav: &[Link { href: "/", label: "Home" }, Link { href: "/categories", label: "Categories" }],
    learn: &[],
    personal: &[
        Link { href: "/orders", label: "My orders" },
        Link { href: "/profile", label: "Profile" },
    ],
    search: Some(Search {
        action: "/search",
        label: "Search products",
        suggestions: Some("/search/suggestions"),
    }),
    register: Some("/register"),
    footer: "Agora – every order is a story of recorded events. Times are in the shop's time zone.",
    description: "A shop whose every order can be followed step by step, from recorded events.",
    robots: "User-agent: *\nDisallow: /login\nDisallow: /register\nDisallow: /orders\nDisallow: /order/\nDisallow: /profile\n",
    sitemap: Some("/sitemap.xml"),
    channel: Some("site"),
};

/// The storefront as a router, to be served as any other.
pub fn build(config: Config) -> Router {
    let pages = Router::new()
        .route("/", get(home::home))
        .route("/categories", get(catalogue::categories))
        .route("/categories/{id}", get(catalogue::category))
        .route("/search", get(search::search))
        .route("/search/suggestions", get(search::suggest))
        .route("/products/{id}", get(product::product))
        .route("/sitemap.xml", get(sitemap::index))
        .route("/sitemap/pages", get(sitemap::pages))
        .route("/sitemap/{category}", get(sitemap::category))
        .route("/order/review", get(review::review))
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
