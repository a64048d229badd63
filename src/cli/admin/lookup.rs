//! Finds what a command line argument refers to.

use crate::cli::{Api, CliError};
use crate::protocol::access::Group;
use crate::protocol::registry::{TableList, TableRow};
use crate::protocol::users::User;

pub const USERS: [&str; 2] = ["api", "users"];
pub const GROUPS: [&str; 3] = ["api", "admin", "groups"];
pub const REGISTRY: [&str; 3] = ["api", "admin", "registry"];

/// The user with this address or id, or the only one whose id begins with it.
pub fn user(api: &Api, reference: &str) -> Result<User, CliError> {
    let users: Vec<User> = api.get(&USERS, &[])?.body;
    let exact = |user: &&User| user.id.eq_ignore_ascii_case(reference) || user.email.eq_ignore_ascii_case(reference);
    if let Some(user) = users.iter().find(exact) {
        return Ok(user.clone());
    }
    let mut matches = users.into_iter().filter(|user| reference.len() >= 4 && user.id.starts_with(reference));
    match (matches.next(), matches.next()) {
        (Some(user), None) => Ok(user),
        (Some(_), Some(_)) => Err(CliError::bare("ambiguous", format!("Several users have an id like: {reference}"))),
        _ => Err(CliError::bare("not_found", format!("User not found: {reference}"))),
    }
}

/// The group with this id or name.
pub fn group(api: &Api, reference: &str) -> Result<Group, CliError> {
    let groups: Vec<Group> = api.get(&GROUPS, &[])?.body;
    let by_name = || groups.iter().find(|group| group.name == reference);
    let group = groups.iter().find(|group| group.id == reference).or_else(by_name).cloned();
    group.ok_or_else(|| CliError::bare("not_found", format!("Group not found: {reference}")))
}

pub fn registered(api: &Api) -> Result<Vec<TableRow>, CliError> {
    Ok(api.get::<TableList>(&REGISTRY, &[])?.body.tables)
}

/// The registered tables with these ids or names.
pub fn tables(api: &Api, references: &[String]) -> Result<Vec<TableRow>, CliError> {
    let tables = registered(api)?;
    let find = |reference: &String| {
        let by_name = || tables.iter().find(|table| table.name.eq_ignore_ascii_case(reference));
        let table = tables.iter().find(|table| table.id == *reference).or_else(by_name).cloned();
        table.ok_or_else(|| CliError::bare("not_found", format!("Table not found: {reference}")))
    };
    references.iter().map(find).collect()
}

/// The registered table with this id or name.
pub fn table(api: &Api, reference: &str) -> Result<TableRow, CliError> {
    tables(api, &[reference.to_owned()]).map(|mut tables| tables.remove(0))
}
