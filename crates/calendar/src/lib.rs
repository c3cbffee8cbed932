//! The calendar: what is due, on one timeline.
