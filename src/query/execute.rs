//! Runs a checked statement and writes the response body. Blocks.

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use super::rows::{self, Options, Sink};
use super::statements::is_ordered;
use super::{Encoder, MAX_LIMIT, QueryError, error};
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
    let mut body = Body {
        limit,
        max_bytes,
        stopped,
        encoder: Encoder::new(&Schema::empty()),
        text: String::new(),
        start: 0,
        row_count: 0,
        truncated: false,
    };
    let options = Options { rows: limit + 1, row_bytes: max_bytes, is_ordered: is_ordered(sql) };
    rows::stream(connection, sql, options, &mut body).map_err(|failed| {
        // What is wrong in the statement itself gets its place.
        let wrong = matches!(failed, QueryError::Sql(_)).then(|| connection.prepare(sql).err());
        wrong.flatten().map_or(failed, |wrong| error::in_statement(wrong, sql))
    })?;
    Ok(body.end())
}

struct Body<'a> {
    limit: usize,
    max_bytes: usize,
    stopped: &'a dyn Fn() -> bool,
    encoder: Encoder,
    text: String,
    /// Where the rows begin.
    start: usize,
    row_count: usize,
    truncated: bool,
}

impl Body<'_> {
    fn end(self) -> QueryAnswer {
        let Self { text: mut body, row_count, truncated, .. } = self;
        body.push_str(&format!("],\"row_count\":{row_count},\"truncated\":{truncated}}}"));
        QueryAnswer { body, row_count, truncated }
    }
}

impl Sink for Body<'_> {
    type Error = QueryError;

    fn columns(&mut self, schema: &SchemaRef) -> Result<(), QueryError> {
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        self.text = format!("{{\"columns\":{},\"rows\":[", serde_json::json!(names));
        self.start = self.text.len();
        self.encoder = Encoder::new(schema);
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<bool, QueryError> {
        for row in 0..batch.num_rows() {
            if (self.stopped)() {
                return Err(QueryError::Cancelled);
            }
            if self.row_count == self.limit {
                self.truncated = true;
                return Ok(false);
            }
            let before = self.text.len();
            if self.row_count > 0 {
                self.text.push(',');
            }
            self.encoder.write_row(&mut self.text, batch, row);
            if self.text.len() - self.start > self.max_bytes {
                self.text.truncate(before);
                return self.too_large().map(|()| false);
            }
            self.row_count += 1;
        }
        Ok(true)
    }

    /// Without this row and those after it, if there are any before it.
    fn too_large(&mut self) -> Result<(), QueryError> {
        if self.row_count == 0 && self.limit > 0 {
            return Err(QueryError::TooLarge(self.max_bytes / 1024 / 1024));
        }
        self.truncated = true;
        Ok(())
    }
}
