//! Signing in: with a password, a mailed link or Google, and what all of them end with, a session.

mod session;

pub use session::{SignInMethod, StartedSession, start_session};
