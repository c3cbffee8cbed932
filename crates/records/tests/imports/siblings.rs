//! Siblings.
