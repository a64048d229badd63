//! The tools, one file for each or for those that belong together.

mod describe;
mod here;
mod metrics;
mod pull;
mod query;
mod request_access;
mod result;
mod run_metric;
mod search;
mod snapshots;
mod tables;
mod to_file;

use serde::Serialize;

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
        Offered::new::<request_access::RequestAccess>(),
    ]
}

/// All items of a page together, as JSON. Clients cut what is much longer, without saying where.
const PAGE_BYTES: usize = 50_000;

/// One page of a list, and the offset of the next one. It is shorter than asked for if the items are long, and has one at least.
fn page<T: Serialize>(all: Vec<T>, offset: u64, limit: u64) -> serde_json::Result<(Vec<T>, Option<u64>)> {
    let total = all.len() as u64;
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let (mut page, mut bytes) = (Vec::new(), 0);
    for item in all.into_iter().skip(skipped).take(usize::try_from(limit).unwrap_or(usize::MAX)) {
        bytes += serde_json::to_string(&item)?.len();
        if bytes > PAGE_BYTES && !page.is_empty() {
            break;
        }
        page.push(item);
    }
    let next = offset.saturating_add(page.len() as u64);
    Ok((page, (next < total).then_some(next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_fit() {
        assert_eq!(page(vec![1, 2, 3], 0, 2).unwrap(), (vec![1, 2], Some(2)));
        assert_eq!(page(vec![1, 2, 3], 2, 2).unwrap(), (vec![3], None));
        assert_eq!(page(vec![1], u64::MAX, u64::MAX).unwrap(), (vec![], None));
        assert_eq!(page(Vec::<u8>::new(), 0, 5).unwrap(), (vec![], None));
        let long = || "x".repeat(PAGE_BYTES - 10);
        assert_eq!(page(vec![long(), long(), long()], 1, 9).unwrap(), (vec![long()], Some(2)));
        let huge = || "x".repeat(2 * PAGE_BYTES);
        assert_eq!(page(vec![huge(), huge()], 0, 9).unwrap(), (vec![huge()], Some(1)));
    }
}
