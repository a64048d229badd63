//! Measuring a table group by group of its columns, so that the memory for it depends on no width and no number of rows.

use serde_json::Value;

use super::columns::{self, Column};
use super::{ProfileError, Subject, sql};
use crate::config::ProfilerConfig;
use crate::engine::Connection;

/// Columns that are measured at once, for few rows and for many.
const GROUP: (usize, usize) = (32, 8);
/// Cells that are measured at once, if that makes for a group of one of these sizes.
const CELLS: i64 = 1_000_000;
/// Of wider tables fewer rows are sampled, so that no profile looks at more cells.
const MAX_CELLS: i64 = 50_000_000;
/// No sample is smaller because of that.
const MIN_SAMPLE: i64 = 10_000;

/// Everything that is read from the rows of a table.
#[derive(Debug, Default)]
pub struct Measured {
    pub columns: Vec<Column>,
    /// Rows that were looked at.
    pub rows: u64,
    pub is_sampled: bool,
    /// Distinct values of the primary key, if the table has its columns.
    pub keys: Option<u64>,
    /// The statistics of each column.
    pub totals: Vec<Value>,
    /// The distribution of each column; null: it has none.
    pub spreads: Vec<Value>,
    /// Some distinct values of each column, as text.
    pub values: Vec<Vec<String>>,
    /// The first rows, as text.
    pub first_rows: Vec<Vec<Option<String>>>,
}

/// `rows` is a table function.
pub fn measure(
    connection: &Connection,
    rows: &str,
    subject: &Subject,
    config: &ProfilerConfig,
) -> Result<Measured, ProfileError> {
    let columns = columns::of(connection, rows)?;
    let width = columns.len().max(1) as i64;
    let sample = config.sample_size.min((MAX_CELLS / width).max(MIN_SAMPLE));
    let is_sampled = subject.rows > sample;
    let source = match is_sampled {
        true => sql::sample(rows, &columns, sample, subject.rows),
        false => rows.to_owned(),
    };
    let examined = subject.rows.min(sample);
    let mut measured =
        Measured { is_sampled, keys: keys(connection, &source, &columns, subject)?, ..Measured::default() };
    let size = usize::try_from(CELLS / examined.max(1)).unwrap_or(GROUP.0).clamp(GROUP.1, GROUP.0);
    for group in columns.chunks(size) {
        connection.execute_batch(&sql::load(&source, group))?;
        measured.add(connection, group, examined, config)?;
    }
    measured.columns = columns;
    Ok(measured)
}

impl Measured {
    /// Adds the columns that are loaded.
    fn add(
        &mut self,
        connection: &Connection,
        group: &[Column],
        examined: i64,
        config: &ProfilerConfig,
    ) -> Result<(), ProfileError> {
        let mut totals = json(connection, &sql::totals(group, examined))?;
        self.rows = totals["rows"].as_u64().unwrap_or_default();
        let totals: Vec<Value> = (0..group.len()).map(|n| totals[format!("c{n}")].take()).collect();
        let mut spreads = match sql::spreads(group, &totals, config) {
            Some(sql) => json(connection, &sql)?,
            None => Value::Null,
        };
        self.spreads
            .extend((0..group.len()).map(|n| spreads.get_mut(format!("c{n}")).map_or(Value::Null, Value::take)));
        self.totals.extend(totals);
        self.values.resize(self.totals.len(), Vec::new());
        if config.samples { self.show(connection, group, config) } else { Ok(()) }
    }

    /// Adds values of the columns that are loaded.
    fn show(&mut self, connection: &Connection, group: &[Column], config: &ProfilerConfig) -> Result<(), ProfileError> {
        let first = self.totals.len() - group.len();
        let mut statement = connection.prepare(&sql::samples(group))?;
        let rows = statement.query_map([], |row| (0..group.len()).map(|n| row.get(n)).collect())?;
        for (at, row) in rows.enumerate() {
            let row: Vec<Option<String>> = row?;
            for (values, value) in self.values[first..].iter_mut().zip(&row) {
                values.extend(
                    value.clone().filter(|value| values.len() < config.sample_values_limit && !values.contains(value)),
                );
            }
            match self.first_rows.get_mut(at) {
                Some(start) => start.extend(row),
                None if at < config.sample_rows_limit => self.first_rows.push(row),
                None => {}
            }
        }
        Ok(())
    }
}

/// Counts distinct values of the primary key; `None` if the table lacks one of its columns.
fn keys(
    connection: &Connection,
    source: &str,
    columns: &[Column],
    subject: &Subject,
) -> Result<Option<u64>, ProfileError> {
    let find = |name: &String| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let key: Option<Vec<&Column>> = subject.primary_key.iter().map(find).collect();
    match key.filter(|key| !key.is_empty()) {
        Some(key) => Ok(Some(connection.query_row(&sql::keys(source, &key), [], |row| row.get(0))?)),
        None => Ok(None),
    }
}

fn json(connection: &Connection, sql: &str) -> Result<Value, ProfileError> {
    let text: String = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}
