//! The second reader: the rows of some row groups, in the order and the portions in which the engine gives them.

use std::collections::VecDeque;
use std::fs::File;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

/// So many values are compared in a file; one that is larger is compared in parts.
const MAX_VALUES: usize = 16 << 20;
const BATCH_BYTES: usize = 16 << 20;
const BATCH_ROWS: usize = 2048;

/// Some rows of a row group.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Section {
    group: usize,
    first: usize,
    rows: usize,
    is_whole: bool,
}

/// What follows at a row.
pub(super) enum Next {
    /// So many rows are not compared.
    Skip(usize),
    Rows {
        group: usize,
        batch: RecordBatch,
        ends_group: bool,
    },
}

pub(super) struct Second {
    file: File,
    metadata: ArrowReaderMetadata,
    projection: ProjectionMask,
    sections: VecDeque<Section>,
    reader: Option<ParquetRecordBatchReader>,
    batch: Option<RecordBatch>,
}

impl Second {
    pub(super) fn new(file: File, metadata: ArrowReaderMetadata, roots: &[usize]) -> Self {
        let projection = ProjectionMask::roots(metadata.parquet_schema(), roots.iter().copied());
        let groups = metadata.metadata().row_groups();
        let rows: Vec<usize> =
            groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or_default()).collect();
        let sections = sections(&rows, MAX_VALUES / metadata.parquet_schema().num_columns().max(1));
        Self { file, metadata, projection, sections, reader: None, batch: None }
    }

    /// What follows at this row, of which the engine has at most `limit` more rows.
    pub(super) fn next(&mut self, row: usize, limit: usize) -> Result<Next, ParquetError> {
        while self.sections.front().is_some_and(|section| row >= section.first + section.rows) {
            self.sections.pop_front();
            (self.reader, self.batch) = (None, None);
        }
        let Some(section) = self.sections.front().copied() else { return Ok(Next::Skip(limit)) };
        if row < section.first {
            return Ok(Next::Skip(limit.min(section.first - row)));
        }
        let batch = match self.batch.take() {
            Some(batch) => batch,
            None => self.read(section)?,
        };
        let take = limit.min(batch.num_rows()).min(section.first + section.rows - row);
        if take < batch.num_rows() {
            self.batch = Some(batch.slice(take, batch.num_rows() - take));
        }
        let ends_group = section.is_whole && row + take == section.first + section.rows;
        Ok(Next::Rows { group: section.group, batch: batch.slice(0, take), ends_group })
    }

    fn read(&mut self, section: Section) -> Result<RecordBatch, ParquetError> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let group = self.metadata.metadata().row_group(section.group);
                let bytes = usize::try_from(group.total_byte_size()).unwrap_or_default() / section.rows.max(1);
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.try_clone()?, self.metadata.clone())
                    .with_projection(self.projection.clone())
                    .with_row_groups(vec![section.group])
                    .with_limit(section.rows)
                    .with_batch_size((BATCH_BYTES / bytes.max(1)).clamp(1, BATCH_ROWS))
                    .build()?
            }
        };
        let batch = reader.next().ok_or_else(|| ParquetError::EOF("fewer rows than its footer says".into()))?;
        self.reader = Some(reader);
        batch.map_err(|error| match error {
            ArrowError::ParquetError(text) => ParquetError::General(text),
            ArrowError::NotYetImplemented(text) => ParquetError::NYI(text),
            error => ParquetError::ArrowError(error.to_string()),
        })
    }
}

/// All row groups if they have at most `limit` rows; else the first rows of as many as can have a thousand each, evenly
/// spread, with the first and the last.
fn sections(groups: &[usize], limit: usize) -> VecDeque<Section> {
    let total: usize = groups.iter().sum();
    let chosen = if total <= limit { groups.len() } else { groups.len().min((limit / 1000).max(2)) };
    let share = if total <= limit { usize::MAX } else { (limit / chosen.max(1)).max(1000) };
    let is_chosen = |group: usize| {
        chosen == groups.len() || (0..chosen).any(|index| index * (groups.len() - 1) / (chosen - 1) == group)
    };
    let mut first = 0;
    let mut sections = VecDeque::new();
    for (group, rows) in groups.iter().copied().enumerate() {
        if rows > 0 && is_chosen(group) {
            sections.push_back(Section { group, first, rows: rows.min(share), is_whole: rows <= share });
        }
        first += rows;
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_compared_in_parts() {
        let of = |groups: &[usize], limit| -> Vec<(usize, usize, usize)> {
            sections(groups, limit).iter().map(|section| (section.group, section.first, section.rows)).collect()
        };
        assert_eq!(of(&[10, 0, 20], 30), [(0, 0, 10), (2, 10, 20)]);
        assert_eq!(of(&[5000], 2000), [(0, 0, 2000)]);
        assert_eq!(of(&[5000, 5000], 4000), [(0, 0, 2000), (1, 5000, 2000)]);
        let many = of(&[1000; 1000], 5000);
        assert_eq!((many.len(), many[0], many[4]), (5, (0, 0, 1000), (999, 999_000, 1000)));
        assert_eq!(of(&[], 10), []);
    }
}
