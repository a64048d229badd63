use std::collections::HashSet;

use crate::access::{Principal, UngrantedTable, ungranted_tables};
use crate::config::Instance;
use crate::domain::Result;
use crate::domain::access_requests::list_own_access_requests;
use crate::extract::Publication;
use crate::store::Store;
use crate::store::access_requests::PENDING;

/// Returns whether callers see the names of tables that are not granted to them.
pub fn shows_ungranted(instance: &Instance) -> bool {
    instance.instance.show_ungranted_tables
}

/// Returns the names of the published tables that the caller may not read, and whether they have asked for them; none unless
/// the instance shows them.
pub async fn ungranted(
    store: &Store,
    publication: &Publication,
    instance: &Instance,
    caller: &Principal,
) -> Result<Vec<(UngrantedTable, bool)>> {
    if !shows_ungranted(instance) {
        return Ok(Vec::new());
    }
    let tables = ungranted_tables(&store.snapshot(), publication, caller);
    let requests = list_own_access_requests(store, caller).await?.requests.into_iter();
    let pending = requests.filter(|request| request.status == PENDING);
    let asked: HashSet<String> = pending.map(|request| request.table_id.to_lowercase()).collect();
    let is_asked =
        |table: &UngrantedTable| [&table.id, &table.name].iter().any(|it| asked.contains(&it.to_lowercase()));
    Ok(tables
        .into_iter()
        .map(|table| {
            let is_asked = is_asked(&table);
            (table, is_asked)
        })
        .collect())
}
