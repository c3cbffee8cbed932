//! The delivery engine: one event, one pass, five channels.
