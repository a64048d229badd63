//! `agnes admin audit`

mod list;
mod verify;

use crate::cli::commands;

commands! {
    /// Who did what
    Audit {
        List(list::List),
        Verify(verify::Verify),
    }
}
