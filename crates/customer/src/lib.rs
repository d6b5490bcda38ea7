//! The customer service: accounts, sessions and credit.
