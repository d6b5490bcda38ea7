//! What all services share in I/O and that knows no business.
