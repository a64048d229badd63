//! `agnes admin table`

pub mod discover;
mod fields;
pub mod list;
pub mod register;
pub mod unregister;
pub mod update;
pub mod upload;

use crate::cli::commands;

commands! {
    /// Registered tables
    Table {
        List(list::List),
        Register(register::Register),
        Update(update::Update),
        Unregister(unregister::Unregister),
        Discover(discover::Discover),
        Upload(upload::Upload),
    }
}
