//! What saved queries must look like, and who may do what with them.

use crate::access::{Principal, may_use};
use crate::base::ident::{self, is_reserved_table, is_strict, repr};
use crate::base::schedule::{GRAMMAR, Schedule};
use crate::config::{Environment, WrongValue, env_vars};
use crate::domain::{Error, Result, rules};
use crate::store::Snapshot;
use crate::store::saved_queries::{Entry, SavedQuery};

const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 2_000;
/// All of them are copied with the state database, so they are shorter than what can be run.
const MAX_SQL_BYTES: usize = 100_000;

/// How much one person may keep.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    pub queries: usize,
    pub tables: usize,
    /// Of all tables together.
    pub bytes: u64,
}

impl Quotas {
    pub fn load(env: &Environment) -> Result<Self, WrongValue> {
        Ok(Self {
            queries: env.number(&env_vars::AGNES_SAVED_QUERIES)?,
            tables: env.number(&env_vars::AGNES_SAVED_TABLES)?,
            bytes: env.number::<u64>(&env_vars::AGNES_SAVED_TABLES_MB)? * 1024 * 1024,
        })
    }

    /// Checks that the owner may have one more query.
    pub fn admit_query(self, snapshot: &Snapshot, owner_id: &str) -> Result<()> {
        if snapshot.saved_queries.of_owner(owner_id).count() >= self.queries {
            return Err(Error::conflict(format!(
                "You have {} saved queries, which is the most; delete one first",
                self.queries
            )));
        }
        Ok(())
    }

    /// Checks that the owner may have one more table.
    pub fn admit_table(self, snapshot: &Snapshot, owner_id: &str) -> Result<()> {
        let tables = snapshot.saved_queries.of_owner(owner_id).filter(|query| query.table_id.is_some());
        if tables.count() >= self.tables {
            return Err(Error::conflict(format!(
                "You keep {} tables of saved queries, which is the most; drop one first",
                self.tables
            )));
        }
        Ok(())
    }
}

/// The fields of a query that is about to be stored, without surrounding white space; empty ones are absent.
pub fn checked(query: SavedQuery) -> Result<SavedQuery> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let query = SavedQuery {
        name: rules::short("name", &query.name, MAX_NAME_CHARS)?,
        description: given(query.description),
        schedule: given(query.schedule),
        ..query
    };
    if query.name.is_empty() {
        return Err(Error::field("name", "name is required", query.name));
    }
    if query.name.chars().any(char::is_control) {
        return Err(Error::field("name", "name must be one line of text", query.name));
    }
    rules::limit("description", query.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION_CHARS)?;
    if query.sql.len() > MAX_SQL_BYTES {
        let reason = format!("sql must have at most {MAX_SQL_BYTES} bytes");
        return Err(Error::field("sql", reason, query.sql.len()));
    }
    let Some(schedule) = &query.schedule else { return Ok(query) };
    if Schedule::parse(schedule).is_none() {
        return Err(Error::field("schedule", format!("schedule must be {GRAMMAR}"), schedule.as_str()));
    }
    if query.table_id.is_none() {
        let reason = "a scheduled query keeps its result as a table: give the name of one, too";
        return Err(Error::field("table", reason, serde_json::Value::Null));
    }
    Ok(query)
}

/// Checks the name of a table: that of its file and of its view, and what people type in SQL.
pub fn table_name(name: &str) -> Result<()> {
    let reason = if is_reserved_table(name) {
        format!("table {} is reserved; choose another name", repr(name))
    } else if !is_strict(name) {
        let rule = "letters, digits and _ (64 at most), not beginning with a digit";
        format!("table {} must have {rule}", repr(name))
    } else {
        return Ok(());
    };
    Err(Error::field("table", reason, name))
}

/// The saved query, if the caller may use it; to others it does not exist.
pub fn usable<'a>(snapshot: &'a Snapshot, caller: &Principal, id: &str) -> Result<&'a Entry> {
    let query = snapshot.saved_queries.get(id).filter(|query| may_use(snapshot, caller, query));
    query.ok_or_else(not_found)
}

/// The saved query, if the caller may share, refresh and delete it.
pub fn manageable<'a>(snapshot: &'a Snapshot, caller: &Principal, id: &str) -> Result<&'a Entry> {
    let query = usable(snapshot, caller, id)?;
    match may_manage(caller, &query.owner_id) {
        true => Ok(query),
        false => Err(Error::Forbidden(format!("Only the owner of {} may do this", ident::repr(&query.name)))),
    }
}

/// Returns whether the caller may share, refresh and delete the queries of this owner.
pub fn may_manage(caller: &Principal, owner_id: &str) -> bool {
    caller.user().id == owner_id || caller.may_administer()
}

pub fn not_found() -> Error {
    Error::not_found("Saved query not found")
}
