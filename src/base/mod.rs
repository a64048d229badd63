//! Small things that know nothing of Agnes: files that appear whole, names, secrets, hashes, time.

pub mod atomic_file;
pub mod hash;
pub mod ident;
pub mod lock;
pub mod random;
pub mod secret;
pub mod time;
