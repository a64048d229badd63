//! Runs as text.

use crate::cli::{Output, Table};
use crate::protocol::sync_runs::{Run, RunTable};

/// One line for each run.
pub fn list(runs: &[Run]) -> Output {
    let mut table = Table::listing([
        ("RUN", 36),
        ("REQUESTED", 26),
        ("BY", 24),
        ("STATUS", 11),
        ("TOOK", -9),
        ("TABLES", -6),
        ("FAILED", -6),
    ]);
    for run in runs {
        let failed = run.tables.iter().filter(|table| table.error.is_some()).count();
        let status = match &run.step {
            Some(step) => format!("{}: {step}", run.status.name()),
            None => run.status.name().to_owned(),
        };
        table.row([
            &run.id,
            &run.requested_at,
            run.triggered_by.as_deref().unwrap_or("-"),
            &status,
            &run.duration_ms.map_or("-".into(), duration),
            &(run.tables.len() - failed).to_string(),
            &failed.to_string(),
        ]);
    }
    Output::default().table(table)
}

/// Everything known about one run.
pub fn whole(run: &Run) -> Output {
    let succeeded = run.tables.iter().filter(|table| table.error.is_none());
    let output =
        succeeded.fold(list(std::slice::from_ref(run)), |output, table| output.line(format_args!("  {}", line(table))));
    failures(output, run)
}

/// Adds what went wrong in a run.
pub fn failures(output: Output, run: &Run) -> Output {
    let tables = run.tables.iter().filter(|table| table.error.is_some()).map(line);
    run.errors
        .iter()
        .cloned()
        .chain(tables)
        .fold(output, |output, error| output.line(format_args!("  failed: {error}")))
}

/// `keboola.orders: 120 rows in 1.4 s`, or the failure.
pub fn line(table: &RunTable) -> String {
    let RunTable { table: name, source, step, rows, duration_ms, error, notes } = table;
    let elapsed = duration_ms.map(|milliseconds| format!(" in {}", duration(milliseconds))).unwrap_or_default();
    match error {
        Some(error) => format!("{source}.{name} ({}{elapsed}): {error}", step.name()),
        None => {
            let notes: String = notes.iter().map(|note| format!("; {note}")).collect();
            format!("{source}.{name}: {} rows{elapsed}{notes}", rows.unwrap_or_default())
        }
    }
}

/// `0.4 s`, `3 m 20 s`.
pub fn duration(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        0..60 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations() {
        assert_eq!(super::duration(430), "0.4 s");
        assert_eq!(super::duration(200_000), "3 m 20 s");
    }
}
