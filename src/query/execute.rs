//! Runs a checked statement and writes the response body. Blocks.

use super::types::ColumnType;
use super::{MAX_LIMIT, QueryError, encoding};
use crate::engine::Connection;

/// The answer to a query.
#[derive(Debug)]
pub struct QueryAnswer {
    /// JSON of a [`crate::protocol::query::QueryResponse`]. Text, because numbers beyond 64 bits stay exact only so.
    pub body: String,
    pub row_count: usize,
    pub truncated: bool,
}

/// Runs the statement and returns at most `limit` rows of at most `max_bytes` together.
///
/// `stopped` is called before each row: an interrupt reaches the engine only.
pub fn execute(
    connection: &Connection,
    sql: &str,
    limit: usize,
    max_bytes: usize,
    stopped: &dyn Fn() -> bool,
) -> Result<QueryAnswer, QueryError> {
    let limit = limit.min(MAX_LIMIT);
    let columns = describe(connection, sql)?;
    let mut statement = connection.prepare(&wrap(sql, &columns, limit + 1, max_bytes))?;
    let mut rows = statement.query([])?;

    let names: Vec<_> = columns.iter().map(|(name, _)| name).collect();
    let mut body = format!("{{\"columns\":{},\"rows\":[", serde_json::json!(names));
    let (mut bytes, mut row_count, mut truncated) = (0, 0, false);
    while let Some(row) = rows.next()? {
        if stopped() {
            return Err(QueryError::Cancelled);
        }
        let before = body.len();
        let is_larger_alone = row.get::<_, Option<bool>>(columns.len())?.unwrap_or(false);
        let mut fits = row_count < limit && !is_larger_alone;
        if fits {
            body.push_str(if row_count > 0 { "," } else { "" });
            for (index, (_, column)) in columns.iter().enumerate() {
                body.push(if index == 0 { '[' } else { ',' });
                encoding::write(&mut body, column, row.get::<_, Option<String>>(index)?.as_deref());
            }
            body.push(']');
            bytes += body.len() - before;
            fits = bytes <= max_bytes;
        }
        if !fits {
            if row_count == 0 && limit > 0 {
                return Err(QueryError::TooLarge(max_bytes / 1024 / 1024));
            }
            body.truncate(before);
            truncated = true;
            break;
        }
        row_count += 1;
    }
    body.push_str(&format!("],\"row_count\":{row_count},\"truncated\":{truncated}}}"));
    Ok(QueryAnswer { body, row_count, truncated })
}

/// Names and types of the columns, duplicates kept.
fn describe(connection: &Connection, sql: &str) -> Result<Vec<(String, ColumnType)>, QueryError> {
    let mut statement = connection.prepare(&format!("DESCRIBE (\n{sql}\n)"))?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.map(|(name, column)| (name, ColumnType::parse(&column))).map_err(QueryError::from)).collect()
}

/// The statement with every value as text, at most `rows` rows, and no row after the one that passes `max_bytes`, so
/// that what the engine hands over is bounded too.
fn wrap(sql: &str, columns: &[(String, ColumnType)], rows: usize, max_bytes: usize) -> String {
    let join = |part: &dyn Fn(usize) -> String, separator: &str| {
        (0..columns.len()).map(part).collect::<Vec<_>>().join(separator)
    };
    let names = join(&|index| format!("c{index}"), ", ");
    let values = join(&|index| format!("{} AS c{index}", as_text(&columns[index].1, index)), ", ");
    let size = join(&|index| format!("coalesce(strlen(c{index}), 0)"), " + ");
    // A value that is too large never leaves the engine.
    let fitting = join(&|index| format!("CASE WHEN own <= {max_bytes} THEN c{index} END"), ", ");
    format!(
        "SELECT {fitting}, own > {max_bytes} FROM (
           SELECT *, {size} AS own, sum({size}) OVER (ROWS UNBOUNDED PRECEDING) AS total FROM (
             SELECT {values} FROM (\n{sql}\n) AS q({names}) LIMIT {rows}))
         WHERE total - own <= {max_bytes}"
    )
}

/// Column `c<index>` as the text that [`encoding::write`] reads.
pub fn as_text(column: &ColumnType, index: usize) -> String {
    if column.is_nested() {
        format!("CAST(to_json(CAST(c{index} AS {})) AS VARCHAR)", column.as_text())
    } else {
        format!("CAST(c{index} AS VARCHAR)")
    }
}
