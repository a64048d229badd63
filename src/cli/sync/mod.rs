//! `agnes sync`: what the server's syncs did, for admins.

mod show;
mod status;
mod wait;

pub use wait::wait;

use super::commands;

commands! {
    /// What the server's syncs did
    Sync {
        Status(status::Status),
    }
}
