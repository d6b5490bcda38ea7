//! The gateway at its border, before services in this process and on real sockets.

mod documents;
mod forwarding;
mod positions;
mod shop;
mod status;
mod trust;
