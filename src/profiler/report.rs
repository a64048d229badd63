//! The profile as a JSON document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::columns::{Category, Column};
use crate::config::ProfilerConfig;
use crate::extract::PublishedTable;
use crate::protocol::vocabulary::SyncStrategy;
use crate::store::registry::Table;

#[expect(clippy::too_many_arguments, reason = "the document combines everything that is known about a table")]
pub fn build(
    table: &PublishedTable,
    row: Option<&Table>,
    config: &ProfilerConfig,
    columns: &[Column],
    totals: &Value,
    spreads: &Value,
    samples: &[Vec<Option<String>>],
    is_sampled: bool,
) -> Value {
    let primary_key = row.map(|row| row.primary_key.as_slice()).unwrap_or_default();
    let sync_strategy = row.and_then(|row| row.sync_strategy.as_ref()).map(SyncStrategy::as_str);
    let rows = totals["rows"].as_u64().unwrap_or_default();
    let mut shown = Vec::new();
    let mut alerts = Vec::new();
    let (mut missing, mut complete) = (0, 0.0);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut date_range = Value::Null;
    for (n, column) in columns.iter().enumerate() {
        let (total, spread) = (&totals[format!("c{n}")], &spreads[format!("c{n}")]);
        let stats = ColumnStats { rows, column, total, spread, config };
        let nulls = rows - stats.count();
        missing += nulls;
        complete += 100.0 - percent(nulls, rows);
        *kinds.entry(column.category.name()).or_default() += 1;
        if date_range.is_null() && total["earliest"].is_string() {
            date_range =
                json!({"earliest": total["earliest"], "latest": total["latest"], "span_days": total["span_days"]});
        }
        let own = stats.alerts();
        let is_key = primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
        let values = sample_values(n, samples, config);
        shown.push(stats.document(&own, is_key, values));
        alerts.extend(
            own.into_iter().map(|(kind, message)| json!({"column": column.name, "type": kind, "message": message})),
        );
    }
    let cells = rows * columns.len() as u64;
    let distinct_keys = totals["keys"].as_u64();
    json!({
        "table_id": table.name,
        "description": row.and_then(|row| row.description.as_deref()).or(table.description.as_deref()).unwrap_or_default(),
        "primary_key": primary_key.join(", "),
        "sync_strategy": sync_strategy.filter(|text| !text.is_empty()).unwrap_or("none"),
        "row_count": table.rows,
        "column_count": columns.len(),
        "file_size_mb": round(table.size_bytes() as f64 / 1_048_576.0),
        "avg_completeness": round(if columns.is_empty() { 100.0 } else { complete / columns.len() as f64 }),
        "missing_cells": missing,
        "missing_cells_pct": round(percent(missing, cells)),
        "duplicate_rows": distinct_keys.map_or(0, |keys| rows.saturating_sub(keys)),
        "variable_types": kinds,
        "date_range": date_range,
        "alerts": alerts,
        "sampled": is_sampled,
        "last_sync": table.extracted_at.map(crate::base::time::iso_naive),
        "related_tables": [],
        "used_by_metrics": [],
        "columns": shown,
        "sample_rows": sample_rows(columns, samples, config),
    })
}

/// The statistics of one column.
struct ColumnStats<'a> {
    rows: u64,
    column: &'a Column,
    total: &'a Value,
    spread: &'a Value,
    config: &'a ProfilerConfig,
}

impl ColumnStats<'_> {
    /// Number of values that are not NULL.
    fn count(&self) -> u64 {
        self.total["count"].as_u64().unwrap_or_default()
    }

    /// An estimate can exceed the number of values.
    fn distinct(&self) -> u64 {
        self.total["distinct"].as_u64().unwrap_or_default().min(self.count())
    }

    fn is_categorical(&self) -> bool {
        self.distinct() <= self.config.max_categorical_distinct
    }

    fn document(&self, alerts: &[(&'static str, String)], is_key: bool, sample_values: Vec<String>) -> Value {
        let nulls = self.rows - self.count();
        let alerts: Vec<_> = alerts.iter().map(|(kind, _)| *kind).collect();
        let mut document = json!({
            "name": self.column.name,
            "type": self.column.kind,
            "type_category": self.column.category.name(),
            "completeness_pct": round(100.0 - percent(nulls, self.rows)),
            "null_count": nulls,
            "unique_count": self.distinct(),
            "unique_pct": round(percent(self.distinct(), self.count())),
            "sample_values": sample_values,
            "is_primary_key": is_key,
            "alerts": alerts,
        });
        let (name, stats) = self.stats();
        document[name] = stats;
        document
    }

    fn stats(&self) -> (&'static str, Value) {
        let total = self.total;
        let number = |key: &str| total[key].as_f64().map(round);
        match self.column.category {
            Category::Numeric => {
                let mut stats = Map::new();
                for key in ["min", "max", "mean", "median", "stddev", "p5", "p25", "p75", "p95"] {
                    stats.insert(key.into(), json!(number(key)));
                }
                for key in ["zeros", "negative"] {
                    let count = total[key].as_u64().unwrap_or_default();
                    stats.insert(key.into(), json!(count));
                    stats.insert(format!("{key}_pct"), json!(round(percent(count, self.count()))));
                }
                stats.insert("histogram".into(), self.bins());
                ("numeric_stats", Value::Object(stats))
            }
            Category::String => (
                "string_stats",
                json!({"min_length": total["min_length"], "max_length": total["max_length"],
                    "avg_length": number("avg_length"), "top_values": self.top_values()}),
            ),
            Category::Date | Category::Timestamp => {
                let (bins, counts): (Vec<_>, Vec<_>) = self.spread_pairs().into_iter().unzip();
                let histogram = json!({"bins": bins, "counts": counts});
                (
                    "date_stats",
                    json!({"earliest": total["earliest"], "latest": total["latest"], "span_days": total["span_days"],
                        "histogram": histogram}),
                )
            }
            Category::Boolean => {
                let yes = total["true_count"].as_u64().unwrap_or_default();
                (
                    "boolean_stats",
                    json!({"true_count": yes, "false_count": total["false_count"],
                        "true_pct": round(percent(yes, self.count()))}),
                )
            }
        }
    }

    fn spread_pairs(&self) -> Vec<(&str, u64)> {
        let pairs = self.spread.as_object().into_iter().flatten();
        pairs.map(|(key, count)| (key.as_str(), count.as_u64().unwrap_or_default())).collect()
    }

    /// Bins of equal width from the minimum to the maximum.
    fn bins(&self) -> Value {
        let (Some(least), Some(most)) = (self.total["min"].as_f64(), self.total["max"].as_f64()) else {
            return json!({"bins": [], "counts": []});
        };
        if most <= least || !self.spread.is_object() {
            return json!({"bins": [], "counts": []});
        }
        let count = self.config.histogram_bins.max(1);
        let width = (most - least) / count as f64;
        let edge = |n: u64| label(least + width * n as f64);
        let bins: Vec<_> = (0..count).map(|n| format!("{}-{}", edge(n), edge(n + 1))).collect();
        let counts: Vec<_> = (0..count).map(|n| self.spread[n.to_string()].as_u64().unwrap_or_default()).collect();
        json!({"bins": bins, "counts": counts})
    }

    /// Most frequent first.
    fn top_values(&self) -> Vec<Value> {
        if !self.config.samples {
            return Vec::new();
        }
        let mut pairs = self.spread_pairs();
        pairs.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
        pairs.truncate(self.config.top_values_limit);
        let value = |(value, count): (&str, u64)| json!({"value": value, "count": count, "pct": round(percent(count, self.count()))});
        pairs.into_iter().map(value).collect()
    }

    fn alerts(&self) -> Vec<(&'static str, String)> {
        let (name, config) = (&self.column.name, self.config);
        let (count, distinct) = (self.count(), self.distinct());
        let mut alerts = Vec::new();
        if self.rows == 0 {
            return alerts;
        }
        let missing = round(percent(self.rows - count, self.rows));
        if distinct == 1 && missing == 0.0 {
            alerts.push(("constant", format!("{name} is constant (single value)")));
        }
        if distinct == count && missing == 0.0 && count > 1 {
            alerts.push(("unique", format!("{name} has all unique values")));
        }
        if missing > config.alert_high_missing_pct {
            alerts.push(("high_missing", format!("{name} has {missing}% missing values")));
        } else if missing > config.alert_missing_pct {
            alerts.push(("missing", format!("{name} has {missing}% missing values")));
        }
        let zeros = round(percent(self.total["zeros"].as_u64().unwrap_or_default(), count));
        if zeros > 50.0 {
            alerts.push(("zeros", format!("{name} has {zeros}% zero values")));
        }
        if self.column.category == Category::String {
            let top = self.spread_pairs().into_iter().map(|(_, count)| count).max().unwrap_or_default();
            let top = round(percent(top, count));
            if self.is_categorical() && distinct > 1 && top > config.alert_imbalance_pct {
                alerts.push(("imbalance", format!("{name} is highly imbalanced (top value {top}%)")));
            }
            if !self.is_categorical() && distinct > config.alert_high_cardinality {
                alerts.push(("high_cardinality", format!("{name} has high cardinality ({distinct} distinct)")));
            }
        }
        alerts
    }
}

fn sample_values(n: usize, samples: &[Vec<Option<String>>], config: &ProfilerConfig) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for value in samples.iter().filter_map(|row| row[n].clone()) {
        if values.len() == config.sample_values_limit {
            break;
        }
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

fn sample_rows(columns: &[Column], samples: &[Vec<Option<String>>], config: &ProfilerConfig) -> Vec<Value> {
    let row = |row: &Vec<Option<String>>| {
        Value::Object(columns.iter().zip(row).map(|(column, value)| (column.name.clone(), json!(value))).collect())
    };
    samples.iter().take(config.sample_rows_limit).map(row).collect()
}

/// `950`, `1.5K`, `2.0M`, `0.25`.
fn label(value: f64) -> String {
    for (size, suffix) in [(1e9, "B"), (1e6, "M"), (1e3, "K")] {
        if value.abs() >= size {
            return format!("{:.1}{suffix}", value / size);
        }
    }
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
