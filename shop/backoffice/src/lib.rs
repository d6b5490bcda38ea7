//! The website for product managers: uses only the gateway's REST API.

mod access;
mod account;
mod as_of;
mod audit;
mod away;
mod bulk;
mod bulk_change;
mod categories;
mod category;
mod chart;
mod conflict;
mod course;
mod customer;
mod customers;
mod dashboard;
mod deed;
mod diagram;
mod drills;
mod event;
mod event_types;
mod events;
mod export;
mod follow;
mod graph;
mod guide;
mod history;
mod ids;
mod import;
mod import_plan;
mod inbox;
mod log;
mod low_stock;
mod manager;
mod models;
mod names;
mod numbers;
mod order;
mod orders;
mod outage;
mod period;
mod picture;
mod playground;
mod product;
mod products;
mod saga;
mod sagas;
mod sample;
mod search;
mod status;
mod system;
mod through;
mod tour;
mod watcher;
mod why;

use axum::{
    Extension, Router, middleware,
    routing::{get, post},
};
use site::{Chrome, Link, Search, Shop, Site};

pub use manager::LowStock;
/// What the back office needs from outside.
pub use site::Config;
pub use watcher::Watcher;

/// All pages of the navigation; the last one is there only in a shop with a playground.
const NAV: &[Link] = &[
    Link { href: "/", label: "Dashboard" },
    Link { href: "/orders", label: "Orders" },
    Link { href: "/sagas", label: "Sagas" },
    Link { href: "/products", label: "Products" },
    Link { href: "/categories", label: "Categories" },
    Link { href: "/customers", label: "Customers" },
    Link { href: "/events", label: "Event store" },
    Link { href: "/audit", label: "Audit" },
    Link { href: "/system", label: "System" },
    Link { href: "/inbox", label: "Inbox" },
    Link { href: playground::HERE, label: "Playground" },
];

const TOUR: Link = Link { href: guide::HERE, label: "Guided tour" };
const DRILLS: Link = Link { href: drills::HERE, label: "Drills" };
const BOOK: Link = Link { href: guide::BOOK, label: "Book" };

const CHROME: Chrome = Chrome {
    name: "Agora",
    label: "Back office",
    class: "office",
    cookie: "agora-office",
    nav: match NAV.split_last() {
        Some((_, nav)) => nav,
        None => NAV,
    },
    learn: &[TOUR],
    personal: &[],
    search: Some(Search {
        action: "/search",
        label: "Search products, customers, orders",
        suggestions: None,
    }),
    register: None,
    footer: "Agora – what happened is recorded, and never changed. Times are in the shop's time zone.",
    description: "The back office of the shop, for its managers.",
    robots: "User-agent: *\nDisallow: /\n",
    sitemap: None,
    channel: None,
};

/// The same with the book, with a playground, and with both.
const READ: Chrome = Chrome { learn: &[TOUR, BOOK], ..CHROME };
const PLAYED: Chrome = Chrome { nav: NAV, learn: &[TOUR, DRILLS], ..CHROME };
const PLAYED_AND_READ: Chrome = Chrome { nav: NAV, learn: &[TOUR, DRILLS, BOOK], ..CHROME };

/// What a back office has besides the pages about the shop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// The playground and the drills: the shop is a sample whose parts can be made to fail.
    pub playground: bool,
    /// The book: the gateway has it.
    pub book: bool,
}

/// The back office as a router, to be served with [`web::serve`]; `watcher` is to run beside it.
pub fn build(config: Config, watcher: Watcher, low_stock: LowStock, extras: Extras) -> Router {
    let mut pages = pages(watcher, low_stock);
    if extras.playground {
        pages = pages.merge(playground::routes()).merge(drills::routes());
    }
    let pages = pages.layer(middleware::from_fn(tour::along)).with_state(Shop::default());
    let chrome = match extras {
        Extras { playground: false, book: false } => &CHROME,
        Extras { playground: false, book: true } => &READ,
        Extras { playground: true, book: false } => &PLAYED,
        Extras { playground: true, book: true } => &PLAYED_AND_READ,
    };
    let site = Site::new(config, chrome);
    let guarded = site.guard(pages);
    if extras.book { guarded.merge(site.book(guide::BOOK)) } else { guarded }
}

fn pages(watcher: Watcher, low_stock: LowStock) -> Router<Shop> {
    Router::new()
        .route("/", get(dashboard::dashboard))
        .route("/live", get(dashboard::live))
        .route("/sample/fill", post(sample::fill))
        .route("/sample/traffic", post(sample::traffic))
        .route("/login", get(account::login).post(account::log_in))
        .route("/logout", post(account::log_out))
        .merge(goods())
        .merge(people())
        .route("/orders", get(orders::orders))
        .route("/orders/{id}", get(order::order))
        .route("/orders/{id}/live", get(order::live))
        .route("/sagas", get(sagas::sagas))
        .route("/sagas/live", get(sagas::live))
        .route("/events", get(events::events))
        .route("/events/follow", get(follow::follow))
        .route("/events/live", get(follow::live))
        .route("/events/through", get(through::through))
        .route("/events/{position}", get(event::event))
        .route("/events/{position}/why", get(why::why))
        .route("/why/{kind}/{id}", get(why::of_subject))
        .route("/history/{kind}/{id}", get(history::history))
        .route("/audit", get(audit::audit))
        .route("/inbox", get(inbox::inbox).post(inbox::decide))
        .route("/search", get(search::search))
        .route("/system", get(system::system))
        .route("/system/live", get(system::live))
        .route("/system/models", post(models::decide))
        .route("/system/models/live", get(models::live))
        .merge(tour::routes())
        .layer(middleware::from_fn(away::named))
        .layer(Extension(watcher))
        .layer(Extension(low_stock))
}

/// Categories and products.
fn goods() -> Router<Shop> {
    Router::new()
        .route("/categories", get(categories::categories))
        .route("/categories/new", get(category::fresh).post(category::add))
        .route("/categories/{id}", get(category::category).post(category::rename))
        .route("/categories/{id}/delete", get(category::ask).post(category::delete))
        .route("/products", get(products::products))
        .route("/products/bulk", get(products::products).post(bulk::preview))
        .route("/products/bulk/change", post(bulk::change))
        .route("/products/export", get(export::export))
        .route("/products/import", get(import::choose).post(import::preview))
        .route("/products/import/change", get(import::choose).post(import::import))
        .route("/products/low", get(low_stock::show).post(low_stock::set))
        .route("/products/new", get(product::fresh).post(product::add))
        .route("/products/{id}", get(product::product).post(product::change))
        .route("/products/{id}/picture", get(picture::back).post(picture::set))
        .route("/products/{id}/picture/remove", get(picture::back).post(picture::remove))
        .route("/products/{id}/delete", get(product::ask).post(product::delete))
}

/// Customers and managers. No user's page is hidden by the one that adds accounts, whatever the user is called.
fn people() -> Router<Shop> {
    Router::new()
        .route("/customers", get(customers::customers))
        .route("/customers/account/new", get(access::fresh).post(access::add))
        .route("/customers/{name}", get(customer::customer).post(customer::set_credit))
        .route("/customers/{name}/history", get(history::of_customer))
        .route("/customers/{name}/through", get(through::of_customer))
        .route("/customers/{name}/password", get(access::password).post(access::set_password))
}
