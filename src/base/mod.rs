//! Small things that know nothing of Agnes: files that appear whole, names, secrets, hashes, time.

pub mod atomic_file;
pub mod concurrency;
pub mod disk;
pub mod expiring_map;
pub mod hash;
pub mod ident;
pub mod lock;
pub mod random;
pub mod schedule;
pub mod secret;
pub mod signals;
pub mod time;

use std::any::Any;

/// What a panic said.
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}
