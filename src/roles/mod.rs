//! Programs that run for long beside the server and talk to it over HTTP.

pub mod schedule;
