//! The delivery engine: one event, one pass, five channels.
pub mod channels;
pub mod message;
