//! `agnes admin audit`

mod list;
mod verify;

use crate::cli::commands;

commands! {
    /// The audit log: who did what
    Audit {
        List(list::List),
        Verify(verify::Verify),
    }
}
