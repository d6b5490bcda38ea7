//! Authentication, and the HTTP side of a service as its clients see it.

mod ended_sessions;
mod http;
