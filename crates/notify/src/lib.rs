//! The delivery engine: one event, one pass, five channels.
pub mod channels;
pub mod egress;
pub mod message;
