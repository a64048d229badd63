//! A look at every value of the columns whose types the engine may change or cannot show, and at the checksums of all pages.

use std::fs::File;

use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::Stop;
use super::schema::{self, Risk};

const BATCH: usize = 8192;
const DAY: i128 = 86_400_000_000_000;
/// Julian day of 1970-01-01, from which `INT96` counts.
const EPOCH: i128 = 2_440_588;
/// The first instant of the engine's `TIMESTAMP`, in microseconds; below is only `-infinity`.
const FIRST: i128 = -9_223_372_022_400_000_000;
/// The same of its `TIMESTAMP_NS`, in nanoseconds.
const FIRST_NANOS: i128 = -9_223_286_400_000_000_000;
const LAST: i128 = i64::MAX as i128;

const CUT: &str = "round it to microseconds, or write it as a string";
const RANGE: &str = "write such a value as null or the column as a string";

/// Why a value cannot be kept.
enum Misfit {
    Digits,
    Range,
}

/// Reads all pages, whose checksums are verified, and the values of columns with a risk.
pub(super) fn check(file: &SerializedFileReader<File>) -> Result<(), Stop> {
    let leaves = file.metadata().file_metadata().schema_descr().columns().to_vec();
    let mut row = 0;
    for index in 0..file.num_row_groups() {
        let group = file.get_row_group(index)?;
        for (at, leaf) in leaves.iter().enumerate() {
            let Some(risk) = schema::risk(leaf) else {
                drain(group.get_column_page_reader(at)?)?;
                continue;
            };
            let misfit = match group.get_column_reader(at)? {
                ColumnReader::Int32ColumnReader(reader) => find(reader, |value| fit(risk, i128::from(*value)))?,
                ColumnReader::Int64ColumnReader(reader) => find(reader, |value| fit(risk, i128::from(*value)))?,
                ColumnReader::Int96ColumnReader(reader) => find(reader, |value| fit(risk, nanos(value)))?,
                _ => None,
            };
            if let Some((record, misfit)) = misfit {
                let row = row + record + 1;
                return Err(Stop::Fault(match misfit {
                    Misfit::Digits => schema::refused(
                        leaf,
                        format!("in row {row} there are fractions of a microsecond, which would be cut off"),
                        CUT,
                    ),
                    Misfit::Range => {
                        schema::refused(leaf, format!("in row {row} there is a value outside of the range"), RANGE)
                    }
                }));
            }
        }
        row += usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    }
    Ok(())
}

fn drain(mut pages: Box<dyn PageReader>) -> Result<(), ParquetError> {
    while pages.get_next_page()?.is_some() {}
    Ok(())
}

/// The first value that does not fit, and the number of records before it.
fn find<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    misfit: impl Fn(&T::T) -> Option<Misfit>,
) -> Result<Option<(usize, Misfit)>, ParquetError> {
    let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
    let mut records = 0;
    loop {
        values.clear();
        definitions.clear();
        repetitions.clear();
        let (read, ..) = reader.read_records(BATCH, Some(&mut definitions), Some(&mut repetitions), &mut values)?;
        let found = values.iter().enumerate().find_map(|(index, value)| Some((index, misfit(value)?)));
        if let Some((index, found)) = found {
            return Ok(Some((records + record(index, &definitions, &repetitions), found)));
        }
        if read == 0 {
            return Ok(None);
        }
        records += read;
    }
}

/// The record of the value with this index: nulls have a level, but no value, and a list has several.
fn record(value: usize, definitions: &[i16], repetitions: &[i16]) -> usize {
    let defined = definitions.iter().max().copied().unwrap_or_default();
    let level = match definitions {
        [] => value,
        levels => levels.iter().enumerate().filter(|(_, level)| **level == defined).nth(value).map_or(0, |(at, _)| at),
    };
    match repetitions {
        [] => level,
        levels => levels.iter().take(level + 1).filter(|level| **level == 0).count().saturating_sub(1),
    }
}

/// Since 1970; a value whose parts are out of range is out of range itself.
fn nanos(value: &Int96) -> i128 {
    let [low, high, day] = *value.data() else { return i128::MAX };
    let of_day = (i128::from(high) << 32) | i128::from(low);
    if of_day < DAY { (i128::from(day) - EPOCH) * DAY + of_day } else { i128::MAX }
}

fn fit(risk: Risk, value: i128) -> Option<Misfit> {
    let instant = |micros: i128| (!(FIRST..LAST).contains(&micros)).then_some(Misfit::Range);
    match risk {
        Risk::Int96 | Risk::NanosOfInstant if value % 1000 != 0 && value < i128::MAX => Some(Misfit::Digits),
        Risk::Int96 | Risk::NanosOfInstant => instant(value / 1000),
        // Both ends stand for infinity.
        Risk::Nanos => (value < FIRST_NANOS && value != -LAST).then_some(Misfit::Range),
        Risk::Micros => (value < FIRST && value != -LAST).then_some(Misfit::Range),
        Risk::Date => (value == i128::from(i32::MIN)).then_some(Misfit::Range),
        Risk::Millis if value.abs() == LAST => None,
        Risk::Millis => instant(value * 1000),
        Risk::TimeOfDay { nanos, .. } if value * i128::from(nanos) % 1000 != 0 => Some(Misfit::Digits),
        Risk::TimeOfDay { nanos, is_utc } => {
            (!(0..=DAY - i128::from(is_utc)).contains(&(value * i128::from(nanos)))).then_some(Misfit::Range)
        }
    }
}
