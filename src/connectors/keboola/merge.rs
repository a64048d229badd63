//! Merges what was imported since the last export into the stored rows.
//!
//! A row of the increment replaces the row with the same primary key; of several in one increment the last one counts.
//! Everything is written beside the stored files and put in place at the end. Merging twice with an overlapping increment
//! gives the same rows, so that a crash in between costs only a repetition.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::plan::Strategy;
use crate::base::atomic_file::{self, Pending};
use crate::base::ident::{quote_ident, quote_path};
use crate::engine::{Connection, Limits, Sandbox};
use crate::extract::{ExtractError, parquet, part_files};
use crate::protocol::sync_options::Granularity;

/// Name of the partition of rows without a date.
const UNKNOWN: &str = "unknown";

/// Writes the rows of `existing`, as changed by the increment `delta`, to `target`. Returns their number.
pub fn into_one(
    existing: &Path,
    delta: &Path,
    key: &[String],
    target: &Path,
    limits: &Limits,
) -> Result<i64, ExtractError> {
    let select = merged(Some(existing), delta, key, "true");
    open([existing, delta, target], limits)?.execute_batch(&parquet::copy(&select, target))?;
    parquet::rows(target)
}

/// Splits `whole` into one file for each partition in `folder`; files whose content would stay the same are not replaced.
/// Returns the number of rows.
pub fn into_parts(whole: &Path, strategy: &Strategy, folder: &Path, limits: &Limits) -> Result<i64, ExtractError> {
    let partition = partition(strategy)?;
    std::fs::create_dir_all(folder)?;
    let names = {
        let connection = open([whole], limits)?;
        texts(&connection, &format!("SELECT DISTINCT {partition} FROM read_parquet({})", quote_path(whole)))?
    };
    let mut written = Vec::new();
    for name in &names {
        let pending = Pending::beside(&part_file(folder, name))?;
        let connection = open([whole, pending.path()], limits)?;
        let select = format!("SELECT * FROM read_parquet({}) WHERE {partition} = '{name}'", quote_path(whole));
        connection.execute_batch(&parquet::copy(&select, pending.path()))?;
        written.push((name.clone(), pending));
    }
    let rows = parquet::rows(whole)?;
    put_in_place(written, folder)?;
    for (name, path) in part_files(folder)? {
        if !names.contains(&name) {
            atomic_file::remove(&path)?;
        }
    }
    Ok(rows)
}

/// Merges an increment into the partitions that it touches: those of its rows, and those that its rows came from. Returns
/// the number of rows of the table.
pub fn merge_parts(
    delta: &Path,
    strategy: &Strategy,
    key: &[String],
    folder: &Path,
    limits: &Limits,
) -> Result<i64, ExtractError> {
    let partition = partition(strategy)?;
    let there = part_files(folder)?;
    let touched = touched(delta, &partition, key, &there, limits)?;
    let (mut written, mut empty) = (Vec::new(), Vec::new());
    for name in touched {
        let pending = Pending::beside(&part_file(folder, &name))?;
        let known = there.get(&name).map(PathBuf::as_path);
        let select = merged(known, delta, key, &format!("{partition} = '{name}'"));
        let connection = open(known.into_iter().chain([delta, pending.path()]), limits)?;
        connection.execute_batch(&parquet::copy(&select, pending.path()))?;
        match parquet::rows(pending.path())? {
            0 => empty.push(name),
            _ => written.push((name, pending)),
        }
    }
    put_in_place(written, folder)?;
    for name in empty {
        atomic_file::remove(&part_file(folder, &name))?;
    }
    part_files(folder)?.values().map(|path| parquet::rows(path)).sum()
}

/// Partitions of the increment's rows, and those where rows with their keys are now.
fn touched(
    delta: &Path,
    partition: &str,
    key: &[String],
    there: &BTreeMap<String, PathBuf>,
    limits: &Limits,
) -> Result<BTreeSet<String>, ExtractError> {
    let files = there.values().map(PathBuf::as_path).chain([delta]);
    let connection = open(files, limits)?;
    let mut touched =
        texts(&connection, &format!("SELECT DISTINCT {partition} FROM read_parquet({})", quote_path(delta)))?;
    for (name, path) in there {
        let file = quote_path(path);
        let holds = format!(
            "SELECT EXISTS (SELECT 1 FROM read_parquet({file}) AS old WHERE EXISTS ({}))",
            same_key(delta, key)
        );
        if connection.query_row(&holds, [], |row| row.get(0))? {
            touched.insert(name.clone());
        }
    }
    Ok(touched)
}

fn put_in_place(written: Vec<(String, Pending)>, folder: &Path) -> Result<(), ExtractError> {
    for (name, pending) in written {
        let is_same = std::fs::read(part_file(folder, &name))
            .ok()
            .is_some_and(|old| std::fs::read(pending.path()).is_ok_and(|new| new == old));
        // An unchanged file keeps its time, so that it is not published again.
        if !is_same {
            pending.commit()?;
        }
    }
    Ok(())
}

fn part_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.parquet"))
}

/// The name of a row's partition, as SQL.
fn partition(strategy: &Strategy) -> Result<String, ExtractError> {
    let Strategy::Partitioned { by, granularity } = strategy else {
        return Err(std::io::Error::other("the table is not partitioned").into());
    };
    let format = match granularity {
        Granularity::Day => "%Y-%m-%d",
        Granularity::Month => "%Y-%m",
        Granularity::Year => "%Y",
    };
    Ok(format!("coalesce(strftime(TRY_CAST({} AS TIMESTAMP), '{format}'), '{UNKNOWN}')", quote_ident(by)))
}

/// A row of the increment with the key of the row `old`. NULL is a value like any other here.
fn same_key(delta: &Path, key: &[String]) -> String {
    let equal =
        key.iter().map(|column| quote_ident(column)).map(|name| format!("new.{name} IS NOT DISTINCT FROM old.{name}"));
    format!(
        "SELECT 1 FROM read_parquet({}) AS new WHERE {}",
        quote_path(delta),
        equal.collect::<Vec<_>>().join(" AND ")
    )
}

/// The last row for each key of the increment, in its order, where `condition` holds for that row; before them the
/// existing rows with other keys.
fn merged(existing: Option<&Path>, delta: &Path, key: &[String], condition: &str) -> String {
    let columns: Vec<_> = key.iter().map(|column| quote_ident(column)).collect();
    let newest = format!(
        "(SELECT * EXCLUDE (file_row_number) FROM (SELECT * FROM read_parquet({}, file_row_number = true)
             QUALIFY row_number() OVER (PARTITION BY {} ORDER BY file_row_number DESC) = 1)
          WHERE {condition} ORDER BY file_row_number)",
        quote_path(delta),
        columns.join(", ")
    );
    let Some(existing) = existing else { return newest };
    let (existing, same_key) = (quote_path(existing), same_key(delta, key));
    format!("SELECT * FROM read_parquet({existing}) AS old WHERE NOT EXISTS ({same_key}) UNION ALL BY NAME {newest}")
}

fn open<'a>(files: impl IntoIterator<Item = &'a Path>, limits: &Limits) -> Result<Connection, ExtractError> {
    Ok(Sandbox::default().files(files).directories(limits.spill.as_deref()).open(limits)?)
}

fn texts(connection: &Connection, sql: &str) -> Result<BTreeSet<String>, ExtractError> {
    Ok(connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{Strategy as Any, *};

    use super::Strategy;
    use super::*;

    /// A row at the source: what it holds, and in which round it was imported.
    type Rows = BTreeMap<u8, (u8, u16, u32)>;

    #[derive(Clone, Debug)]
    enum Change {
        /// Inserts or updates: key, month, value.
        Put(u8, u8, u16),
        Delete(u8),
        /// The row gets another key.
        Rekey(u8, u8),
    }

    fn change() -> impl Any<Value = Change> {
        prop_oneof![
            6 => (0..20_u8, 0..4_u8, any::<u16>()).prop_map(|(key, month, value)| Change::Put(key, month, value)),
            1 => (0..20_u8).prop_map(Change::Delete),
            1 => (0..20_u8, 0..20_u8).prop_map(|(from, to)| Change::Rekey(from, to)),
        ]
    }

    /// Writes rows as an export does; month 0 means no date.
    fn write(path: &Path, rows: &[(u8, u8, u16)]) {
        let connection = crate::engine::in_memory(&Limits::small()).unwrap();
        let values: Vec<_> = rows
            .iter()
            .map(|(key, month, value)| {
                let date = if *month == 0 { "NULL".to_owned() } else { format!("DATE '2026-{month:02}-15'") };
                format!("({key}, {date}, {value})")
            })
            .collect();
        let from = match values.is_empty() {
            true => "(SELECT 0, DATE '2026-01-01', 0 WHERE false)".to_owned(),
            false => format!("(VALUES {})", values.join(", ")),
        };
        let file = quote_path(path);
        connection
            .execute_batch(&format!(
                "COPY (SELECT a::INTEGER AS key, b::DATE AS day, c::INTEGER AS value FROM {from} t(a, b, c)) TO {file} (FORMAT parquet)"
            ))
            .unwrap();
    }

    fn read(files: &[PathBuf]) -> Vec<(u8, u8, u16)> {
        if files.is_empty() {
            return Vec::new();
        }
        let connection = crate::engine::in_memory(&Limits::small()).unwrap();
        let files: Vec<_> = files.iter().map(|path| quote_path(path)).collect();
        let sql = format!(
            "SELECT key, coalesce(month(day), 0), value FROM read_parquet([{}]) ORDER BY ALL",
            files.join(", ")
        );
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn sorted(rows: &Rows) -> Vec<(u8, u8, u16)> {
        rows.iter().map(|(key, (month, value, _))| (*key, *month, *value)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// After each increment the tables hold what a whole load would give, besides rows that were deleted (or got
        /// another key) since the last whole load; after a whole load exactly that.
        #[test]
        fn increments_equal_a_whole_load(rounds in vec((vec(change(), 0..12), 0..3_u32, prop::bool::weighted(0.2)), 1..6)) {
            let dir = tempfile::tempdir().unwrap();
            let (one, folder, delta) = (dir.path().join("one.parquet"), dir.path().join("parts"), dir.path().join("delta.parquet"));
            let by_month = Strategy::Partitioned { by: "day".into(), granularity: Granularity::Month };
            let key = ["key".to_owned()];
            let limits = Limits::small();
            let mut source = Rows::new();
            // Rows that the source no longer has, which increments do not show.
            let mut ghosts = Rows::new();
            write(&one, &[]);
            std::fs::create_dir(&folder).unwrap();
            for (round, (changes, overlap, is_whole)) in rounds.into_iter().enumerate() {
                let round = u32::try_from(round).unwrap();
                // In the order of import; a key may come several times.
                let mut imported = Vec::new();
                for change in changes {
                    match change {
                        Change::Put(key, month, value) => {
                            source.insert(key, (month, value, round));
                            ghosts.remove(&key);
                            imported.push((key, month, value));
                        }
                        Change::Delete(key) => {
                            ghosts.extend(source.remove(&key).map(|row| (key, row)));
                        }
                        Change::Rekey(from, to) => {
                            if let Some((month, value, _)) = source.remove(&from) {
                                ghosts.insert(from, (month, value, round));
                                source.insert(to, (month, value, round));
                                ghosts.remove(&to);
                                imported.push((to, month, value));
                            }
                        }
                    }
                }
                if is_whole {
                    write(&one, &sorted(&source));
                    into_parts(&one, &by_month, &folder, &limits).unwrap();
                    ghosts.clear();
                } else {
                    // The overlap brings rows of earlier rounds again; rows that are gone since are not among them.
                    let again = source.iter().filter(|(_, row)| row.2 < round && row.2 + overlap >= round);
                    let mut rows: Vec<_> = again.map(|(key, row)| (*key, row.0, row.1)).collect();
                    rows.extend(imported.into_iter().filter(|(key, ..)| source.contains_key(key)));
                    write(&delta, &rows);
                    let target = dir.path().join("target.parquet");
                    into_one(&one, &delta, &key, &target, &limits).unwrap();
                    std::fs::rename(&target, &one).unwrap();
                    let rows = merge_parts(&delta, &by_month, &key, &folder, &limits).unwrap();
                    // Twice is the same as once.
                    prop_assert_eq!(merge_parts(&delta, &by_month, &key, &folder, &limits).unwrap(), rows);
                }
                let mut expected = source.clone();
                // A row that was deleted before any export saw it does not remain here.
                let seen = read(std::slice::from_ref(&one));
                expected.extend(ghosts.iter().filter(|(key, _)| seen.iter().any(|row| row.0 == **key)).map(|(k, r)| (*k, *r)));
                prop_assert_eq!(seen.iter().map(|row| row.0).collect::<Vec<_>>(), expected.keys().copied().collect::<Vec<_>>());
                for row in sorted(&source) {
                    prop_assert!(seen.contains(&row), "{:?} is not in {:?}", row, seen);
                }
                let files: BTreeMap<_, _> = part_files(&folder).unwrap();
                prop_assert_eq!(read(&files.values().cloned().collect::<Vec<_>>()), seen, "both ways of keeping it hold the same");
                for (name, file) in &files {
                    for (_, month, _) in read(std::slice::from_ref(file)) {
                        let own = if month == 0 { UNKNOWN.to_owned() } else { format!("2026-{month:02}") };
                        prop_assert_eq!(&own, name);
                    }
                }
            }
        }
    }
}
