//! The tools, one file for each or for those that belong together.

mod describe;
mod metrics;
mod pull;
mod query;
mod result;
mod run_metric;
mod search;
mod snapshots;
mod tables;
mod to_file;

use super::tool::Offered;

pub fn all() -> Vec<Offered> {
    vec![
        Offered::new::<search::SearchCatalog>(),
        Offered::new::<tables::ListTables>(),
        Offered::new::<describe::DescribeTable>(),
        Offered::new::<describe::SampleTable>(),
        Offered::new::<query::Query>(),
        Offered::new::<to_file::QueryToFile>(),
        Offered::new::<metrics::ListMetrics>(),
        Offered::new::<metrics::ShowMetric>(),
        Offered::new::<run_metric::RunMetric>(),
        Offered::new::<snapshots::ListSnapshots>(),
        Offered::new::<pull::PullTables>(),
    ]
}

/// One page of a list.
fn page<T>(all: Vec<T>, offset: u64, limit: u64) -> (Vec<T>, Option<u64>) {
    let (total, next) = (all.len() as u64, offset.saturating_add(limit));
    let (offset, limit) = (usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(usize::MAX));
    let page = all.into_iter().skip(offset).take(limit).collect();
    (page, (next < total).then_some(next))
}
