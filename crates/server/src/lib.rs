//! The server binary: settings, routes, start and stop.
//!
//! Owns: [`config`], every route on one page, the accept loop and its TLS, the life of the tasks, the embedded
//! console, logs and metrics. It is the only crate that starts tasks and reads settings.
//! Must not: hold logic of a domain.

pub mod accept;
pub mod app;
pub mod config;
mod console;
mod database;
pub mod demo;
mod denials;
mod document;
pub mod folder;
mod health;
mod idle;
pub mod keyring;
pub mod limits;
mod line;
mod middleware;
mod node;
mod opened;
mod proxies;
pub mod repeats;
pub mod router;
mod secret_key;
pub mod startup;
pub mod telemetry;
pub mod tls;
