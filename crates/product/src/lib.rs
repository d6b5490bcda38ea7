//! The product service: catalogue and stock.
