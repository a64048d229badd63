//! Rows as a server sends them.

use agnes::engine;
use arrow::ipc::writer::StreamWriter;

use crate::server_stand_in::{End, Stream};

/// The rows of a query as an Arrow stream, in the types of the engine, as v0.35 sends them.
pub fn arrow(sql: &str) -> Vec<u8> {
    let connection = engine::in_memory(&engine::Limits::small()).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_arrow([]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &rows.get_schema()).unwrap();
    rows.for_each(|batch| writer.write(&batch).unwrap());
    writer.into_inner().unwrap()
}

pub fn whole(sql: &str) -> Stream {
    of(arrow(sql))
}

pub fn of(bytes: Vec<u8>) -> Stream {
    let media_type = "application/vnd.apache.arrow.stream";
    Stream { bytes, media_type, trailers: Vec::new(), end: End::Whole }
}

impl Stream {
    pub fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }

    pub fn announcing(self, name: &'static str, value: &str) -> Self {
        Self { trailers: vec![(name, value.to_owned())], ..self }
    }
}
