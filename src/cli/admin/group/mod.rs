//! `agnes admin group`

mod create;
mod delete;
mod list;
mod member;
mod rename;

use crate::cli::commands;

commands! {
    /// Groups and their members
    Group {
        List(list::List),
        Create(create::Create),
        Rename(rename::Rename),
        Delete(delete::Delete),
        Members(member::Members),
        AddMember(member::AddMember),
        RemoveMember(member::RemoveMember),
    }
}
