//! Who may come in, and the HTTP side of a service as its clients meet it.

mod ended_sessions;
mod http;
