//! The response body, written from the rows of a worker as they come.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;

use super::{Encoder, MAX_ROW_BYTES, QueryError};

/// Writes the JSON of a [`crate::protocol::query::QueryResponse`]. Text, because numbers beyond 64 bits stay exact only so.
pub struct Body {
    decoder: StreamDecoder,
    encoder: Option<Encoder>,
    limit: usize,
    max_bytes: usize,
    /// Of the rows so far.
    bytes: usize,
    row_count: usize,
    is_truncated: bool,
    /// Since the last batch, in bytes.
    unread: usize,
    /// What was not taken yet.
    out: String,
}

/// Of a message of the stream, in bytes; a worker makes none that is larger.
const MAX_MESSAGE: usize = 4 * MAX_ROW_BYTES;

impl Body {
    /// At most `limit` rows of at most `max_bytes` together.
    pub fn new(limit: usize, max_bytes: usize) -> Self {
        Self {
            decoder: StreamDecoder::new(),
            encoder: None,
            limit,
            max_bytes,
            bytes: 0,
            row_count: 0,
            is_truncated: false,
            unread: 0,
            out: String::new(),
        }
    }

    /// Adds a piece of an Arrow IPC stream. Returns whether more rows are needed.
    pub fn add(&mut self, piece: Vec<u8>) -> Result<bool, QueryError> {
        self.unread += piece.len();
        if self.unread > MAX_MESSAGE {
            return Err(QueryError::out_of_turn());
        }
        let mut piece = Buffer::from_vec(piece);
        while !piece.is_empty() && !self.is_truncated {
            let batch = self.decoder.decode(&mut piece).map_err(|error| QueryError::Internal(error.to_string()))?;
            self.begin();
            if let Some(batch) = batch {
                self.unread = piece.len();
                self.add_batch(&batch)?;
            }
        }
        Ok(!self.is_truncated)
    }

    fn begin(&mut self) {
        if self.encoder.is_none()
            && let Some(schema) = self.decoder.schema()
        {
            let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
            self.out.push_str(&format!("{{\"columns\":{},\"rows\":[", serde_json::json!(names)));
            self.encoder = Some(Encoder::new(&schema));
        }
    }

    fn add_batch(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let Some(encoder) = &self.encoder else { return Ok(()) };
        for row in 0..batch.num_rows() {
            let before = self.out.len();
            if self.row_count < self.limit {
                self.out.push_str(if self.row_count > 0 { "," } else { "" });
                encoder.write_row(&mut self.out, batch, row);
                self.bytes += self.out.len() - before;
            }
            if self.row_count == self.limit || self.bytes > self.max_bytes {
                self.out.truncate(before);
                return self.end_early(self.max_bytes / 1024 / 1024);
            }
            self.row_count += 1;
        }
        Ok(())
    }

    /// Leaves out the rows from here on, since the next one has more than `most` MB, or is too much with the others.
    pub fn end_early(&mut self, most: usize) -> Result<(), QueryError> {
        if self.row_count == 0 && self.limit > 0 {
            return Err(QueryError::TooLarge(most));
        }
        self.is_truncated = true;
        Ok(())
    }

    /// After the last row.
    pub fn finish(&mut self) {
        let (rows, truncated) = (self.row_count, self.is_truncated);
        self.out.push_str(&format!("],\"row_count\":{rows},\"truncated\":{truncated}}}"));
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.row_count
    }

    /// Bytes that can be taken.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }
}
