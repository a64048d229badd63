//! Servers that are killed, starved or set up wrongly: nothing is lost, and the message says what to do.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a helper that fails ends its test")]

mod extract;
mod flood;
mod full_disk;
mod hostile;
#[path = "../support/http.rs"]
mod http;
mod kill;
mod mount;
mod private_files;
mod profile;
#[path = "../support/program.rs"]
mod program;
mod request_log;
mod start;
mod strangers;
mod take_over;
#[path = "../support/unpack.rs"]
mod unpack;
mod writes;

use std::path::Path;

use agnes::base::{atomic_file, hash};
use program::{Place, Ran};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Signs a caller in as an admin without a password.
const SCHEDULER: &str = "the-schedulers-secret-of-32-chars-or-more";

/// A place whose server lets [`SCHEDULER`] in as an admin.
fn place() -> Place {
    Place::new(&[("SCHEDULER_API_TOKEN", SCHEDULER)])
}

/// Random numbers that `AGNES_TEST_SEED` repeats.
fn random() -> StdRng {
    let given = std::env::var("AGNES_TEST_SEED").ok().map(|text| text.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(|| rand::rng().random());
    eprintln!("AGNES_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Every file below a directory with its content's hash, in order; empty when there is no such directory.
fn contents(directory: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = walkdir::WalkDir::new(directory)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.path().display().to_string(), hash::md5_file(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Names of files that never got their final name.
fn temporary_files(directory: &Path) -> Vec<String> {
    contents(directory).into_iter().map(|(name, _)| name).filter(|name| atomic_file::is_temporary(name)).collect()
}

/// A command that ended with code 1 and one word about it, without a backtrace.
fn assert_refused(ran: &Ran, parts: &[&str]) {
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    for part in parts {
        assert!(ran.stderr.contains(part), "{part} is not in: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panic") && !ran.stderr.contains("stack backtrace"), "{}", ran.stderr);
}
