//! `profiler:` of `instance.yaml`.

use serde::{Deserialize, Serialize};

/// Limits of profiles.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct ProfilerConfig {
    /// Tables with more rows are profiled from a random sample of about this size.
    pub sample_size: i64,
    /// Text columns with up to this many distinct values are categorical.
    pub max_categorical_distinct: u64,
    pub top_values_limit: usize,
    pub histogram_bins: u64,
    pub sample_rows_limit: usize,
    pub sample_values_limit: usize,
    /// Percent.
    pub alert_high_missing_pct: f64,
    /// Percent.
    pub alert_missing_pct: f64,
    /// Percent.
    pub alert_imbalance_pct: f64,
    pub alert_high_cardinality: u64,
    /// Whether profiles contain values of the table, or only statistics.
    pub samples: bool,
}

impl Default for ProfilerConfig {
    fn default() -> Self {
        Self {
            sample_size: 500_000,
            max_categorical_distinct: 50,
            top_values_limit: 10,
            histogram_bins: 15,
            sample_rows_limit: 5,
            sample_values_limit: 5,
            alert_high_missing_pct: 30.0,
            alert_missing_pct: 5.0,
            alert_imbalance_pct: 60.0,
            alert_high_cardinality: 50,
            samples: true,
        }
    }
}
