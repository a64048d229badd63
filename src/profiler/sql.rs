//! The statements. Those about columns return one JSON object with an entry `c<n>` for each of a group.

use serde_json::Value;

use super::columns::{Category, Column};
use crate::config::ProfilerConfig;

/// Distinct values and quantiles are exact for up to this many rows, and estimated for more.
const MAX_COUNTED_ROWS: i64 = 100_000;
/// Longer texts are cut, in characters.
const MAX_TEXT: usize = 500;
/// A sample takes so many of this number of rows.
const SAMPLE_PARTS: i64 = 1_000_000;
/// Rows of which values are shown, enough for several distinct ones.
const SHOWN_ROWS: usize = 100;
/// Dates are counted by quarter within this many days, and by years beyond.
pub const MAX_QUARTER_DAYS: i64 = 36_525;
/// Bars of dates that are counted by years.
const MAX_YEARS: i64 = 200;

/// About `size` of the `total` rows, each time the same ones.
pub fn sample(rows: &str, columns: &[Column], size: i64, total: i64) -> String {
    const NUMBER: &str = "file_row_number";
    if columns.iter().any(|column| column.name.eq_ignore_ascii_case(NUMBER)) {
        // Then the number that the engine gives to each row cannot be named.
        return format!("(SELECT * FROM {rows} LIMIT {size})");
    }
    let parts = (i128::from(size) * i128::from(SAMPLE_PARTS) / i128::from(total.max(1))).max(1);
    format!("(SELECT * FROM {rows} WHERE hash({NUMBER}) % {SAMPLE_PARTS} < {parts})")
}

/// Fills the table `work` with a group of columns. The value of column n is `v<n>`; beside it are, of numbers, a DOUBLE
/// (`x<n>`), of dates and times, the day (`d<n>`), and of texts, whose values are cut, length and hash (`n<n>`, `h<n>`).
pub fn load(source: &str, group: &[Column]) -> String {
    let entry = |(n, column): (usize, &Column)| {
        let value = column.quoted();
        match column.category {
            // NULL for infinite ones, NaN, and those beyond the range of DOUBLE.
            Category::Numeric => {
                format!("{value} AS v{n}, {} AS x{n}", finite(&format!("TRY_CAST({value} AS DOUBLE)")))
            }
            Category::Date => format!("{value} AS v{n}, {} AS d{n}", finite(&value)),
            // NULL also for times that the engine cannot convert.
            Category::Timestamp => {
                let finite = finite(&value);
                format!("{value} AS v{n}, CAST(TRY_CAST({finite} AS TIMESTAMP) AS DATE) AS d{n}")
            }
            Category::Boolean => format!("{value} AS v{n}"),
            Category::String => {
                let text = column.text();
                format!(
                    "CASE WHEN length({text}) > {MAX_TEXT}
                          THEN left({text}, {MAX_TEXT}) || '… (' || length({text}) || ' characters)'
                          ELSE {text} END AS v{n}, length({text}) AS n{n}, hash({value}) AS h{n}"
                )
            }
        }
    };
    let entries: Vec<_> = group.iter().enumerate().map(entry).collect();
    format!("CREATE OR REPLACE TEMP TABLE work AS SELECT {} FROM {source}", entries.join(", "))
}

fn finite(value: &str) -> String {
    format!("CASE WHEN isfinite({value}) THEN {value} END")
}

/// Distinct values of a key, as a number.
pub fn keys(source: &str, key: &[&Column]) -> String {
    let key: Vec<_> = key.iter().map(|column| column.quoted()).collect();
    format!("SELECT count(DISTINCT hash({})) FROM {source}", key.join(", "))
}

/// The statistics that are computed by one aggregate over the loaded rows.
///
/// Without `FILTER` and `DISTINCT`: for each of them, the engine reserves megabytes, or a copy of all other arguments.
pub fn totals(group: &[Column], rows: i64) -> String {
    let entries: Vec<String> = group.iter().enumerate().map(|(n, column)| total(n, column.category, rows)).collect();
    format!("SELECT to_json({{'rows': count(*), {}}})::VARCHAR FROM work", entries.join(", "))
}

fn total(n: usize, category: Category, rows: i64) -> String {
    let is_counted = rows <= MAX_COUNTED_ROWS;
    let value = format!("v{n}");
    let hash = if category == Category::String { format!("h{n}") } else { format!("hash({value})") };
    let hash = format!("CASE WHEN {value} IS NOT NULL THEN {hash} END");
    let distinct = match is_counted {
        true => format!("coalesce(len(list_distinct(list({hash}))), 0)"),
        false => format!("approx_count_distinct({hash})"),
    };
    let more = match category {
        Category::Numeric => {
            let quantile = if is_counted { "quantile_cont" } else { "approx_quantile" };
            let mean = finite(&format!("avg(x{n})"));
            // The deviation of larger numbers is beyond a DOUBLE, and would fail the statement.
            format!(
                "'min': min(x{n}), 'max': max(x{n}), 'mean': {mean},
                 'stddev': CASE WHEN max(abs(x{n})) < 1e150 THEN stddev_samp(CASE WHEN abs(x{n}) < 1e150 THEN x{n} END) END,
                 'quantiles': {quantile}(x{n}, [0.05, 0.25, 0.5, 0.75, 0.95]),
                 'zeros': {}, 'negative': {}",
                count_if(&format!("{value} = 0")),
                count_if(&format!("{value} < 0"))
            )
        }
        Category::String => format!("'min_length': min(n{n}), 'max_length': max(n{n}), 'avg_length': avg(n{n})"),
        Category::Date | Category::Timestamp => format!(
            "'earliest': min(d{n})::VARCHAR, 'latest': max(d{n})::VARCHAR,
             'span_days': date_diff('day', min(d{n}), max(d{n})), 'first_year': year(min(d{n}))"
        ),
        Category::Boolean => {
            let (yes, no) = (count_if(&value), count_if(&format!("NOT {value}")));
            format!("'true_count': {yes}, 'false_count': {no}")
        }
    };
    format!("'c{n}': {{'count': count({value}), 'distinct': {distinct}, {more}}}")
}

fn count_if(condition: &str) -> String {
    format!("count(CASE WHEN {condition} THEN 1 END)")
}

/// Distributions of the columns whose statistics allow one; `None` if none do.
pub fn spreads(group: &[Column], totals: &[Value], config: &ProfilerConfig) -> Option<String> {
    let entries: Vec<String> = group
        .iter()
        .zip(totals)
        .enumerate()
        .filter_map(|(n, (column, total))| {
            Some(format!("'c{n}': histogram({})", spread(n, column.category, total, config)?))
        })
        .collect();
    (!entries.is_empty()).then(|| format!("SELECT to_json({{{}}})::VARCHAR FROM work", entries.join(", ")))
}

/// What is counted of a column: few different values.
fn spread(n: usize, category: Category, total: &Value, config: &ProfilerConfig) -> Option<String> {
    match category {
        Category::Numeric => {
            let (least, most) = (total["min"].as_f64()?, total["max"].as_f64()?);
            let (bins, width) = (config.histogram_bins.max(1), most - least);
            // The largest value belongs to the last bin.
            (width > 0.0 && width.is_finite()).then(|| {
                // `least` ignores NULL.
                let bin = format!("least(floor((x{n} - ({least:e})) / ({width:e}) * {bins}), {})", bins - 1);
                format!("CASE WHEN x{n} IS NOT NULL THEN {bin}::INTEGER END")
            })
        }
        Category::String => {
            let distinct = total["distinct"].as_u64()?;
            (distinct > 0 && distinct <= config.max_categorical_distinct).then(|| format!("v{n}"))
        }
        Category::Date | Category::Timestamp => {
            let days = total["span_days"].as_i64()?;
            Some(match days <= MAX_QUARTER_DAYS {
                true => format!("year(d{n}) * 4 + quarter(d{n}) - 1"),
                false => format!("(year(d{n}) - ({})) // {}", total["first_year"].as_i64()?, years(days)),
            })
        }
        Category::Boolean => None,
    }
}

/// Years that one bar of dates stands for, if they span so many days that quarters would be too many.
pub fn years(days: i64) -> i64 {
    days / 365 / MAX_YEARS + 1
}

/// The first rows as text.
pub fn samples(group: &[Column]) -> String {
    let texts: Vec<_> = group.iter().enumerate().map(|(n, column)| column.text_of(&format!("v{n}"))).collect();
    format!("SELECT {} FROM work LIMIT {SHOWN_ROWS}", texts.join(", "))
}
