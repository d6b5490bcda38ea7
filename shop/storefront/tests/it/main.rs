//! The storefront from outside, with a gateway of the test's own behind it.

mod gateway;
mod pages;
mod pictures;
mod sessions;
mod visitor;
