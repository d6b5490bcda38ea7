//! The frame around pages, from outside.
