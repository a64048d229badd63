//! `agnes admin user`

mod access;
pub mod activate;
pub mod add;
pub mod list;
pub mod remove;
pub mod reset_password;
pub mod set_password;

use crate::cli::commands;

commands! {
    /// User accounts
    User {
        Add(add::Add),
        List(list::List),
        Access(access::Access),
        Activate(activate::Activate),
        Deactivate(activate::Deactivate),
        SetPassword(set_password::SetPassword),
        ResetPassword(reset_password::ResetPassword),
        Remove(remove::Remove),
    }
}
