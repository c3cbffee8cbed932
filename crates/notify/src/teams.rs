//! Teams of a company over HTTP. The teams belong to `access`; this adds where their messages are sent, in the same
//! transaction.

pub mod http;

#[cfg(test)]
mod tests;
