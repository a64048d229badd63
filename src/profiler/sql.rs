//! The two passes as SQL. Each returns one JSON object with an entry `c<n>` for each column.

use serde_json::Value;

use super::columns::{Category, Column};
use crate::config::ProfilerConfig;

/// Distinct values are counted in up to this many rows, and estimated in more.
const MAX_COUNTED_ROWS: i64 = 100_000;

/// The statistics that are computed by one aggregate over all rows.
pub fn totals(work: &str, columns: &[Column], key: &[&Column], rows: i64) -> String {
    let mut entries: Vec<String> = columns.iter().enumerate().map(|(n, column)| total(n, column, rows)).collect();
    if !key.is_empty() {
        let key: Vec<_> = key.iter().map(|column| column.quoted()).collect();
        entries.push(format!("'keys': count(DISTINCT struct_pack({}))", named(&key)));
    }
    format!("SELECT to_json({{'rows': count(*), {}}})::VARCHAR FROM {work}", entries.join(", "))
}

fn named(values: &[String]) -> String {
    values.iter().enumerate().map(|(n, value)| format!("k{n} := {value}")).collect::<Vec<_>>().join(", ")
}

fn total(n: usize, column: &Column, rows: i64) -> String {
    let value = column.quoted();
    let distinct = match rows > MAX_COUNTED_ROWS {
        true => format!("approx_count_distinct({value})"),
        false => format!("count(DISTINCT {value})"),
    };
    let more = match column.category {
        Category::Numeric => {
            // Infinite values and NaN are left out.
            let number = format!("CASE WHEN isfinite({value}::DOUBLE) THEN {value}::DOUBLE END");
            let quantiles = [("p5", 0.05), ("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p95", 0.95)];
            let quantiles = quantiles.map(|(name, at)| match rows > MAX_COUNTED_ROWS {
                true => format!("'{name}': approx_quantile({number}, {at})"),
                false => format!("'{name}': quantile_cont({number}, {at})"),
            });
            format!(
                "'min': min({number}), 'max': max({number}), 'mean': avg({number}), 'stddev': stddev_samp({number}), {},
                 'zeros': count(*) FILTER ({value} = 0), 'negative': count(*) FILTER ({value} < 0)",
                quantiles.join(", ")
            )
        }
        Category::String => {
            let length = format!("length({})", column.text());
            format!("'min_length': min({length}), 'max_length': max({length}), 'avg_length': avg({length})")
        }
        Category::Date | Category::Timestamp => {
            let day = day(column);
            format!(
                "'earliest': min({day})::VARCHAR, 'latest': max({day})::VARCHAR,
                 'span_days': date_diff('day', min({day}), max({day}))"
            )
        }
        Category::Boolean => {
            format!("'true_count': count(*) FILTER ({value}), 'false_count': count(*) FILTER (NOT {value})")
        }
    };
    format!("'c{n}': {{'count': count({value}), 'distinct': {distinct}, {more}}}")
}

/// The day of a date or time; NULL for infinite ones.
fn day(column: &Column) -> String {
    let value = column.quoted();
    format!("CASE WHEN isfinite({value}) THEN CAST({value}::TIMESTAMP AS DATE) END")
}

/// Distributions of the columns whose statistics allow one; `None` if none do.
pub fn spreads(work: &str, columns: &[Column], totals: &Value, config: &ProfilerConfig) -> Option<String> {
    let entries: Vec<String> = columns
        .iter()
        .enumerate()
        .filter_map(|(n, column)| {
            Some(format!("'c{n}': histogram({})", spread(column, &totals[format!("c{n}")], config)?))
        })
        .collect();
    (!entries.is_empty()).then(|| format!("SELECT to_json({{{}}})::VARCHAR FROM {work}", entries.join(", ")))
}

fn spread(column: &Column, total: &Value, config: &ProfilerConfig) -> Option<String> {
    let value = column.quoted();
    match column.category {
        Category::Numeric => {
            let (least, most) = (total["min"].as_f64()?, total["max"].as_f64()?);
            let bins = config.histogram_bins.max(1);
            let number = format!("CASE WHEN isfinite({value}::DOUBLE) THEN {value}::DOUBLE END");
            // The largest value belongs to the last bin.
            (most > least).then(|| {
                // `least` ignores NULL.
                let bin = format!("floor(({number} - ({least:e})) / (({most:e}) - ({least:e})) * {bins})");
                format!("CASE WHEN {number} IS NOT NULL THEN least({bin}, {})::INTEGER::VARCHAR END", bins - 1)
            })
        }
        Category::String => {
            let distinct = total["distinct"].as_u64()?;
            (distinct > 0 && distinct <= config.max_categorical_distinct).then(|| column.text())
        }
        Category::Date | Category::Timestamp => {
            let day = day(column);
            total["earliest"].is_string().then(|| format!("strftime({day}, '%Y-Q') || quarter({day})"))
        }
        Category::Boolean => None,
    }
}

/// The first rows, enough for several distinct values.
pub fn samples(work: &str, columns: &[Column]) -> String {
    let texts: Vec<_> = columns.iter().map(Column::text).collect();
    format!("SELECT {} FROM {work} LIMIT 100", texts.join(", "))
}
