//! Who is calling and what they may see: companies, users, teams, roles, sessions, tokens.
