//! Which metrics a caller may see: the statements of one say what its tables hold.

use std::sync::Arc;

use super::{Principal, holds};
use crate::store::Snapshot;
use crate::store::metrics::Metric;

/// Returns whether the caller is granted every table that the metric reads. Only admins see one whose tables are unknown.
pub fn may_see_metric(snapshot: &Snapshot, caller: &Principal, metric: &Metric) -> bool {
    let sources = &metric.sources;
    caller.is_admin() || !sources.is_unknown && sources.tables.iter().all(|table| holds(snapshot, caller, table))
}

/// Returns the metrics that the caller may see, in order of their ids.
pub fn visible_metrics<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Principal,
) -> impl Iterator<Item = &'a Arc<Metric>> + use<'a> {
    snapshot.metrics.values().filter(move |metric| may_see_metric(snapshot, caller, metric))
}
