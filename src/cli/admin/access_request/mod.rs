//! `agnes admin access-request`

mod list;
mod review;

use crate::cli::commands;

commands! {
    /// Requests for access to tables
    AccessRequest {
        List(list::List),
        Approve(review::Approve),
        Deny(review::Deny),
    }
}
