//! The one binary: settings, routes, start and stop.
