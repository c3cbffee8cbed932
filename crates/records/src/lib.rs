//! The records that emit: projects, scans, findings and what is due when.

pub mod sarif;
