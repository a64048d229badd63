//! The body of a response, made from what a worker sends as it comes.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;

use super::output::{End, Extent, Format};
use super::{Encoder, MAX_LIMIT, MAX_RESPONSE_BYTES, MAX_ROW_BYTES, MAX_STREAMED_BYTES, MAX_STREAMED_ROWS, QueryError};

/// What the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A [`crate::protocol::query::QueryResponse`].
    Json,
    /// What a worker writes.
    Format(Format),
}

impl Wanted {
    /// What a worker writes for it.
    pub fn format(self) -> Format {
        match self {
            Self::Json => Format::TEXTS,
            Self::Format(format) => format,
        }
    }

    /// What an answer to a statement may be, if the caller wants at most `limit` rows.
    pub fn extent(self, limit: usize) -> Extent {
        let (rows, bytes, is_cut) = match self {
            Self::Json => (MAX_LIMIT, MAX_RESPONSE_BYTES, true),
            Self::Format(_) => (MAX_STREAMED_ROWS, MAX_STREAMED_BYTES, false),
        };
        Extent { rows: rows.min(limit), bytes, is_cut }
    }

    /// The most bytes of one row. The server holds a row of JSON several times.
    pub fn row_bytes(self) -> usize {
        if self == Self::Json { MAX_ROW_BYTES } else { MAX_RESPONSE_BYTES }
    }
}

/// What was written and not taken yet.
pub enum Body {
    Json(Box<JsonBody>),
    Passed(Vec<u8>),
}

impl Body {
    /// JSON of at most `max_bytes`.
    pub fn new(wanted: Wanted, max_bytes: usize) -> Self {
        match wanted {
            Wanted::Json => Self::Json(Box::new(JsonBody::new(max_bytes))),
            Wanted::Format(_) => Self::Passed(Vec::new()),
        }
    }

    /// Adds a piece of a worker's. Returns whether more are needed.
    pub fn add(&mut self, piece: Vec<u8>) -> Result<bool, QueryError> {
        match self {
            Self::Json(json) => json.add(piece),
            Self::Passed(bytes) => {
                if bytes.is_empty() {
                    *bytes = piece
                } else {
                    bytes.extend(piece)
                }
                Ok(true)
            }
        }
    }

    /// After the last piece, with what the worker says of all; `None` if it was not needed to its end.
    pub fn finish(&mut self, end: Option<End>) -> End {
        match self {
            Self::Json(json) => json.finish(end.is_some_and(|end| end.is_truncated)),
            Self::Passed(_) => end.unwrap_or_default(),
        }
    }

    /// Bytes that can be taken.
    pub fn len(&self) -> usize {
        match self {
            Self::Json(json) => json.out.len(),
            Self::Passed(bytes) => bytes.len(),
        }
    }

    pub fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Json(json) => json.take().into_bytes(),
            Self::Passed(bytes) => std::mem::take(bytes),
        }
    }
}

/// Writes JSON as text, because numbers beyond 64 bits stay exact only so.
pub struct JsonBody {
    decoder: StreamDecoder,
    encoder: Option<Encoder>,
    max_bytes: usize,
    /// Of the rows so far.
    bytes: usize,
    end: End,
    /// Since the last batch, in bytes.
    unread: usize,
    out: String,
}

/// Of a message of the stream, in bytes; a worker makes none that is larger.
const MAX_MESSAGE: usize = 4 * MAX_ROW_BYTES;

impl JsonBody {
    /// Rows of at most `max_bytes` together.
    pub fn new(max_bytes: usize) -> Self {
        let (decoder, end) = (StreamDecoder::new(), End::default());
        Self { decoder, encoder: None, max_bytes, bytes: 0, end, unread: 0, out: String::new() }
    }

    /// Adds a piece of an Arrow IPC stream. Returns whether more rows are needed.
    pub fn add(&mut self, piece: Vec<u8>) -> Result<bool, QueryError> {
        self.unread += piece.len();
        if self.unread > MAX_MESSAGE {
            return Err(QueryError::out_of_turn());
        }
        let mut piece = Buffer::from_vec(piece);
        while !piece.is_empty() && !self.end.is_truncated {
            let batch = self.decoder.decode(&mut piece).map_err(|error| QueryError::Internal(error.to_string()))?;
            self.begin();
            if let Some(batch) = batch {
                self.unread = piece.len();
                self.add_batch(&batch)?;
            }
        }
        Ok(!self.end.is_truncated)
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
            self.out.push_str(if self.end.rows > 0 { "," } else { "" });
            encoder.write_row(&mut self.out, batch, row);
            self.bytes += self.out.len() - before;
            if self.bytes > self.max_bytes {
                if self.end.rows == 0 {
                    return Err(QueryError::TooLarge(self.max_bytes / 1024 / 1024));
                }
                self.out.truncate(before);
                self.end.is_truncated = true;
                return Ok(());
            }
            self.end.rows += 1;
        }
        Ok(())
    }

    /// After the last row; `has_more`: of the statement.
    pub fn finish(&mut self, has_more: bool) -> End {
        self.end.is_truncated |= has_more;
        let End { rows, is_truncated } = self.end;
        self.out.push_str(&format!("],\"row_count\":{rows},\"truncated\":{is_truncated}}}"));
        self.end
    }

    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }
}
