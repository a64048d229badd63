//! What a scan would read and return.

use crate::base::text::thousands;
use crate::cli::units::human_size;
use crate::protocol::v2::ScanEstimate;

/// As people read it.
pub fn lines(table: &str, estimate: &ScanEstimate) -> Vec<String> {
    let number = |label: &str, value: Option<u64>, is_size: bool| {
        let shown = thousands(value.unwrap_or_default());
        let remark = match value {
            None => "  (not known)".to_owned(),
            Some(bytes) if is_size && bytes > 0 => format!("  ({})", human_size(bytes)),
            Some(_) => String::new(),
        };
        format!("  {label:<24}{shown:>15}{remark}")
    };
    vec![
        format!("Estimate for {table}:"),
        number("estimated_scan_bytes:", Some(estimate.estimated_scan_bytes), true),
        number("estimated_result_rows:", estimate.estimated_result_rows, false),
        number("estimated_result_bytes:", estimate.estimated_result_bytes, true),
        format!("  {:<24}$ {:.4}", "bq_cost_estimate_usd:", estimate.bq_cost_estimate_usd),
    ]
}
