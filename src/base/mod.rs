//! Building blocks that know nothing of Agnes: atomic files, names, secrets, hashes, time, child processes.

pub mod atomic_file;
pub mod backoff;
pub(crate) mod concurrency;
pub mod disk;
pub(crate) mod expiring_map;
pub mod hash;
pub mod ident;
pub mod lock;
pub mod memory;
pub mod platform;
pub mod private_files;
pub(crate) mod process;
pub mod random;
pub(crate) mod schedule;
pub mod secret;
pub(crate) mod signals;
pub mod text;
pub mod time;

use std::any::Any;
use std::error::Error;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::{Host, Url};

/// Locks a mutex, also one whose last holder panicked: what it guards is valid after each single change.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The outcome of reading a file or directory; `None` if it does not exist.
pub fn if_exists<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Whether an address is that of this machine.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// An error and its causes in one line, without a cause whose text is already part of it.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// The message of a panic.
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}
