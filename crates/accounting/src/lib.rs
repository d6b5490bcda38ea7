//! The accounting service: invoices and revenue.
