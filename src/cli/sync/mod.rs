//! `agnes sync`: the server's sync runs, for admins.

mod show;
mod status;
mod wait;

pub use wait::wait;

use super::commands;

commands! {
    /// Show the sync runs of the server
    Sync {
        Status(status::Status),
    }
}
