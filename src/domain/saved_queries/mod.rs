//! Saved queries: statements that people keep under a name and share, some with a table that keeps their result.
//!
//! A query runs with the rights of whoever runs it. Its table is made with the rights of its owner, and is read by those
//! that the query is shared with, as far as they may read everything that the table was made of ([`crate::access`]).

mod edit;
mod failure;
mod owners;
mod refresh;
mod result_file;
mod rules;
mod share;
mod start;
mod tables;
mod view;

pub use edit::{delete_query, save_query, update_query};
pub(in crate::domain) use owners::release_queries;
pub use refresh::Refresher;
pub use rules::Quotas;
pub use share::{share_query, unshare_query};
pub use start::{refresh_query, run_due};
pub use view::{get_saved_query, list_saved_queries};

use crate::access::Principal;
use crate::domain::Result;
use crate::store::{Store, saved_queries};

/// Returns the SQL of a query that the caller may use.
pub async fn statement(store: &Store, caller: &Principal, id: &str) -> Result<String> {
    let id = rules::usable(&store.snapshot(), caller, id)?.id.clone();
    let query = store.read(move |reader| saved_queries::get(reader, &id)).await?;
    Ok(query.ok_or_else(rules::not_found)?.sql)
}
