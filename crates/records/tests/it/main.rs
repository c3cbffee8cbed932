//! The records on real databases: SQLite always, PostgreSQL where `CAMPANILE_TEST_POSTGRES` names a server.

mod findings;
mod support;
