//! Results in the forms that other programs read: Arrow IPC streams, parquet and CSV.

mod counted;
pub mod csv;
mod names;
mod size;
mod writer;

use serde::{Deserialize, Serialize};

use crate::protocol::query::{ARROW, CSV, PARQUET};

pub use names::distinct;
pub use writer::Writer;

/// What a result is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Format {
    /// An Arrow IPC stream.
    Arrow { codec: Option<Codec>, values: Values },
    /// Row groups of at most 122,880 rows, compressed with zstd.
    Parquet,
    /// With a header line. NULL is empty, and an empty text is `""`.
    Csv,
}

/// Of the buffers in an Arrow IPC stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Codec {
    Lz4,
    Zstd,
}

/// How values are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Values {
    /// FLOAT, nested values, and those that Arrow cannot hold exactly come as the texts that [`super::Encoder`] reads.
    Text,
    /// As Arrow has them. Only those that it cannot hold exactly come as texts.
    Native,
}

impl Format {
    /// What the server and [`super::Encoder`] read.
    pub const TEXTS: Self = Self::Arrow { codec: None, values: Values::Text };

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Arrow { .. } => ARROW,
            Self::Parquet => PARQUET,
            Self::Csv => CSV,
        }
    }

    pub fn values(self) -> Values {
        match self {
            Self::Arrow { values, .. } => values,
            Self::Parquet => Values::Native,
            Self::Csv => Values::Text,
        }
    }
}

/// How long a result may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Extent {
    /// Further ones are left out.
    pub rows: usize,
    pub bytes: usize,
    /// Whether rows that exceed the bytes are left out, too, and are those that count as missing; if not, they are an error.
    pub is_cut: bool,
}

/// What is known after the last row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct End {
    pub rows: usize,
    /// Whether there were more rows.
    pub is_truncated: bool,
}
