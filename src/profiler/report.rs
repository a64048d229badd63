//! The profile as a JSON document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Subject;
use super::columns::{Category, Column};
use super::groups::Measured;
use super::sql;
use crate::config::ProfilerConfig;
use crate::protocol::vocabulary::SyncStrategy;

/// The document, whose size depends on the number of columns only.
pub fn build(subject: &Subject, config: &ProfilerConfig, measured: &Measured) -> Value {
    let sync_strategy = subject.sync_strategy.as_ref().map(SyncStrategy::as_str);
    let (columns, rows) = (&measured.columns, measured.rows);
    let mut shown = Vec::new();
    let mut alerts = Vec::new();
    let (mut missing, mut complete) = (0, 0.0);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut date_range = Value::Null;
    for (n, column) in columns.iter().enumerate() {
        let (total, spread) = (&measured.totals[n], &measured.spreads[n]);
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
        let is_key = subject.primary_key.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
        shown.push(stats.document(&own, is_key, &measured.values[n]));
        alerts.extend(
            own.into_iter().map(|(kind, message)| json!({"column": column.name, "type": kind, "message": message})),
        );
    }
    let cells = rows * columns.len() as u64;
    json!({
        "table_id": subject.table,
        "description": subject.description.as_deref().unwrap_or_default(),
        "primary_key": subject.primary_key.join(", "),
        "sync_strategy": sync_strategy.filter(|text| !text.is_empty()).unwrap_or("none"),
        "row_count": subject.rows,
        "column_count": columns.len(),
        "file_size_mb": round(subject.size_bytes as f64 / 1_048_576.0),
        "avg_completeness": round(if columns.is_empty() { 100.0 } else { complete / columns.len() as f64 }),
        "missing_cells": missing,
        "missing_cells_pct": round(percent(missing, cells)),
        "duplicate_rows": measured.keys.map_or(0, |keys| rows.saturating_sub(keys)),
        "variable_types": kinds,
        "date_range": date_range,
        "alerts": alerts,
        "sampled": measured.is_sampled,
        "last_sync": subject.extracted_at.map(crate::base::time::iso_naive),
        "related_tables": [],
        "used_by_metrics": [],
        "columns": shown,
        "sample_rows": sample_rows(columns, &measured.first_rows),
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

    fn document(&self, alerts: &[(&'static str, String)], is_key: bool, sample_values: &[String]) -> Value {
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
                let quantile = |at: usize| total["quantiles"][at].as_f64().map(round);
                for (key, value) in [
                    ("min", number("min")),
                    ("max", number("max")),
                    ("mean", number("mean")),
                    ("median", quantile(2)),
                    ("stddev", number("stddev")),
                    ("p5", quantile(0)),
                    ("p25", quantile(1)),
                    ("p75", quantile(3)),
                    ("p95", quantile(4)),
                ] {
                    stats.insert(key.into(), json!(value));
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
                let bars = self.spread_pairs().into_iter().map(|(bar, count)| (self.period(bar), count));
                let (bins, counts): (Vec<_>, Vec<_>) = bars.unzip();
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

    /// `2026-Q1`, or the years that a bar stands for: `1900-1902`.
    fn period(&self, bar: &str) -> String {
        let (bar, days) = (bar.parse().unwrap_or_default(), self.total["span_days"].as_i64().unwrap_or_default());
        if days <= sql::MAX_QUARTER_DAYS {
            let (year, quarter) = (i64::div_euclid(bar, 4), i64::rem_euclid(bar, 4) + 1);
            return format!("{year:04}-Q{quarter}");
        }
        let years = sql::years(days);
        let first = self.total["first_year"].as_i64().unwrap_or_default() + bar * years;
        if years == 1 { first.to_string() } else { format!("{first}-{}", first + years - 1) }
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

fn sample_rows(columns: &[Column], first_rows: &[Vec<Option<String>>]) -> Vec<Value> {
    let row = |row: &Vec<Option<String>>| {
        Value::Object(columns.iter().zip(row).map(|(column, value)| (column.name.clone(), json!(value))).collect())
    };
    first_rows.iter().map(row).collect()
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

/// Two decimals; numbers that large have none.
fn round(value: f64) -> f64 {
    if value.abs() < 1e15 { (value * 100.0).round() / 100.0 } else { value }
}
