//! `agnes admin metric`

mod export;
mod import;

use std::collections::HashSet;

use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run, commands};
use crate::protocol::metrics::{MetricDeleted, Metrics};

const METRICS: [&str; 2] = ["api", "metrics"];

commands! {
    Metric {
        Import(import::Import),
        Export(export::Export),
        Validate(Validate),
        Delete(Delete),
    }
}

/// Check that the tables of all metrics are registered
#[derive(clap::Args, Debug)]
pub struct Validate {}

impl Run for Validate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let metrics = api.get::<Metrics>(&METRICS, &[])?.body.metrics;
        let registered: HashSet<String> = lookup::registered(&api)?.into_iter().map(|table| table.name).collect();
        let (mut output, mut unknown, mut checked) = (Output::default(), 0, Vec::new());
        for metric in &metrics {
            let tables = metric.table_name.iter().chain(metric.tables.iter().flatten());
            let mut tables: Vec<&str> = tables.map(String::as_str).filter(|name| !name.is_empty()).collect();
            tables.dedup();
            let missing: Vec<&str> = tables.iter().copied().filter(|name| !registered.contains(*name)).collect();
            output = output.line(match (tables.as_slice(), missing.as_slice()) {
                ([], _) => format!("  OK   {:<30} (no table reference)", metric.name),
                (tables, []) => format!("  OK   {:<30} table={}", metric.name, tables.join(",")),
                (_, missing) => format!("  WARN {:<30} table={} (not registered)", metric.name, missing.join(",")),
            });
            unknown += usize::from(!missing.is_empty());
            checked.push(serde_json::json!({ "id": metric.id, "tables": tables, "not_registered": missing }));
        }
        let total = format!("{} metric(s), {unknown} with tables that are not registered", metrics.len());
        output.line(total).exit(u8::from(unknown > 0)).json(&checked)
    }
}

/// Delete a metric
#[derive(clap::Args, Debug)]
pub struct Delete {
    /// Id of the metric
    id: String,
}

impl Run for Delete {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let path: Vec<&str> = ["api", "admin", "metrics"].into_iter().chain(self.id.split('/')).collect();
        let deleted = context.api()?.send::<MetricDeleted>(Method::DELETE, &path, &serde_json::json!({}))?;
        Output::message(format_args!("Deleted metric {}", deleted.body.id)).json(&deleted.json)
    }
}
