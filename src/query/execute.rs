//! Runs a checked statement and writes the response body. Blocks.

use super::{Columns, MAX_LIMIT, QueryError};
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
    let columns = Columns::describe(connection, sql)?;
    let names = columns.names();
    let mut statement = connection.prepare(&wrap(sql, &columns, limit + 1, max_bytes))?;
    let mut rows = statement.query([])?;

    let mut body = format!("{{\"columns\":{},\"rows\":[", serde_json::json!(names));
    let (mut bytes, mut row_count, mut truncated) = (0, 0, false);
    while let Some(row) = rows.next()? {
        if stopped() {
            return Err(QueryError::Cancelled);
        }
        let before = body.len();
        let is_larger_alone = row.get::<_, Option<bool>>(names.len())?.unwrap_or(false);
        let mut fits = row_count < limit && !is_larger_alone;
        if fits {
            body.push_str(if row_count > 0 { "," } else { "" });
            for index in 0..names.len() {
                body.push(if index == 0 { '[' } else { ',' });
                columns.write(&mut body, index, row.get::<_, Option<String>>(index)?.as_deref());
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

/// The statement with every value as text, at most `rows` rows, and no row after the one that passes `max_bytes`, so
/// that what the engine hands over is bounded too.
fn wrap(sql: &str, columns: &Columns, rows: usize, max_bytes: usize) -> String {
    let texts = columns.select_texts(sql, rows);
    let size = columns.join(" + ", |index| format!("coalesce(strlen(c{index}), 0)"));
    // A value that is too large never leaves the engine.
    let fitting = columns.join(", ", |index| format!("CASE WHEN own <= {max_bytes} THEN c{index} END"));
    format!(
        "SELECT {fitting}, own > {max_bytes} FROM (
           SELECT *, {size} AS own, sum({size}) OVER (ROWS UNBOUNDED PRECEDING) AS total FROM (
             {texts}))
         WHERE total - own <= {max_bytes}"
    )
}
