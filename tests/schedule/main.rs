//! `agnes schedule` against a stand-in for the server that counts calls, and against the real one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails ends its test")]

#[path = "../support/http.rs"]
mod http;
#[path = "../support/program.rs"]
mod program;
mod real;
mod stand_in;
mod start;

use program::{Place, Serving};

/// Shortest intervals, and no delay.
const QUICK: [(&str, &str); 3] =
    [("SCHEDULER_TICK_SECONDS", "1"), ("SCHEDULER_JITTER_SECONDS", "0"), ("SCHEDULER_DATA_REFRESH_INTERVAL", "1")];
const TOKEN: &str = "the-schedulers-secret-of-32-chars-or-more";

fn place(url: &str, more: &[(&str, &str)]) -> Place {
    Place::new(&[&QUICK, [("API_URL", url)].as_slice(), more].concat())
}

/// Starts the scheduler.
fn start(place: &Place) -> Serving {
    Serving::start_until(&mut place.command(&["schedule"]), "\"msg\":\"scheduler started\"")
}
