//! Teams of a company over HTTP. The teams are access's; what is added here is where their messages go, in the same
//! transaction.

pub mod http;

#[cfg(test)]
mod tests;
