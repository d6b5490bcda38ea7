//! The storefront from outside.
