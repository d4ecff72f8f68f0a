//! Courtesy: library notices that arrive.
//!
//! The rooms, in reading order. Arrows point down only: plumbing, rooms that decide, store and net, engines, doors.
//! `tests/it/tidy.rs` holds them to it.

// Plumbing
pub mod clock;
pub mod config;
pub mod id;
pub mod metrics;
pub mod secret;

// Rooms that decide: no `async`, no SQL
pub mod channel;
pub mod letter;
pub mod library;
pub mod notice;
pub mod outcome;
pub mod patron;
pub mod queue;
pub mod reply;
pub mod reported;
pub mod request;
pub mod sender;
pub mod staff;
pub mod submitted;
pub mod timeline;
pub mod webhook;

// What is remembered, and what is asked of the world
pub mod net;
pub mod store;

// Engines: load, decide, act, record
pub mod acme;
pub mod delivery;
pub mod erasing;
pub mod inbound;
pub mod intake;
pub mod keyring;
pub mod outbox;
pub mod published;
pub mod push;
pub mod texting;
pub mod watch;

// Doors, and what starts and stops them with the engines
pub mod cli;
pub mod http;
pub mod service;
pub mod smtp;
pub mod web;
