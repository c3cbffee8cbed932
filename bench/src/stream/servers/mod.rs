//! The servers, one file each.

pub(crate) mod bare;
pub(crate) mod nchan;
pub(crate) mod ours;
