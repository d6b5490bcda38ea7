//! The program as a process: its tools against a stub of the REST API, and the whole shop as its users and operators see it.

#![expect(clippy::indexing_slicing, reason = "what is not there fails the test, as it should")]

mod absent;
mod backups;
mod bad_input;
mod bench;
mod books;
mod broker;
mod client;
mod collector;
mod command_line;
mod copy;
mod demo;
mod distributed;
mod drill;
mod earlier;
mod events;
mod fifth;
mod flood;
mod health;
mod import;
mod journey;
mod kills;
mod live;
mod login;
mod lost;
mod models;
mod operator;
mod order;
mod outputs;
mod overload;
mod oversell;
mod playground;
mod readme;
mod refusals;
mod replay;
mod run;
mod secrets;
mod shop;
mod stopping;
mod story;
mod stub;
mod through;
mod top;
mod traces;
mod why;
