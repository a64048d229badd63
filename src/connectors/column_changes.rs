//! What changed in the columns of a table.

use std::path::Path;

use crate::engine::{Connection, Limits, Sandbox};
use crate::extract::parquet;

/// Returns a text for each column that is new, gone or of another type than in the previous file; none if there is no
/// previous file, or one of the two cannot be read.
pub(super) fn between(before: &Path, after: &Path) -> Vec<String> {
    if !before.is_file() {
        return Vec::new();
    }
    let connection = Sandbox::default().files([before, after]).open(&Limits::small());
    connection.map_or_else(|_| Vec::new(), |connection| read_with(&connection, before, after))
}

/// As [`between`], with an engine that may read both files.
pub(super) fn read_with(connection: &Connection, before: &Path, after: &Path) -> Vec<String> {
    let read = |path: &Path| parquet::columns_with(connection, [path].into_iter()).ok();
    if !before.is_file() {
        return Vec::new();
    }
    match (read(before), read(after)) {
        (Some(before), Some(after)) => compare(&before, &after),
        _ => Vec::new(),
    }
}

fn compare(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let kind = |columns: &[(String, String)], name: &str| {
        columns.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, kind)| kind.clone())
    };
    let gone =
        before.iter().filter(|(name, _)| kind(after, name).is_none()).map(|(name, _)| format!("column {name} is gone"));
    let changed = after.iter().filter_map(|(name, now)| match kind(before, name) {
        None => Some(format!("column {name} ({now}) is new")),
        Some(then) if then != *now => Some(format!("column {name} is now {now}, and was {then}")),
        Some(_) => None,
    });
    gone.chain(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        let of = |columns: &[(&str, &str)]| columns.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect::<Vec<_>>();
        let before = of(&[("id", "BIGINT"), ("at", "DATE"), ("old", "VARCHAR")]);
        let after = of(&[("ID", "BIGINT"), ("at", "VARCHAR"), ("new", "DOUBLE")]);
        assert_eq!(
            compare(&before, &after),
            ["column old is gone", "column at is now VARCHAR, and was DATE", "column new (DOUBLE) is new"]
        );
        assert_eq!(compare(&after, &after), [""; 0]);
    }
}
