//! Runs as text.

use std::io;

use crate::cli::Printer;
use crate::protocol::sync_runs::{Run, RunTable};

/// One line for each run.
pub fn list(runs: &[Run], printer: &Printer) -> io::Result<()> {
    printer.line(row(["RUN", "REQUESTED", "BY", "STATUS", "TOOK", "TABLES", "FAILED"]))?;
    for run in runs {
        let failed = run.tables.iter().filter(|table| table.error.is_some()).count();
        let status = match &run.step {
            Some(step) => format!("{}: {step}", run.status.name()),
            None => run.status.name().to_owned(),
        };
        printer.line(row([
            &run.id,
            &run.requested_at,
            run.triggered_by.as_deref().unwrap_or("-"),
            &status,
            &run.duration_ms.map_or("-".into(), duration),
            &(run.tables.len() - failed).to_string(),
            &failed.to_string(),
        ]))?;
    }
    Ok(())
}

/// All that is known of one run.
pub fn whole(run: &Run, printer: &Printer) -> io::Result<()> {
    list(std::slice::from_ref(run), printer)?;
    for table in run.tables.iter().filter(|table| table.error.is_none()) {
        printer.line(format_args!("  {}", line(table)))?;
    }
    failures(run, printer)
}

/// What went wrong in a run.
pub fn failures(run: &Run, printer: &Printer) -> io::Result<()> {
    for error in &run.errors {
        printer.line(format_args!("  failed: {error}"))?;
    }
    for table in run.tables.iter().filter(|table| table.error.is_some()) {
        printer.line(format_args!("  failed: {}", line(table)))?;
    }
    Ok(())
}

/// `keboola.orders: 120 rows in 1.4 s`, or the failure.
pub fn line(table: &RunTable) -> String {
    let RunTable { table: name, source, step, rows, duration_ms, error, notes } = table;
    let took = duration_ms.map(|milliseconds| format!(" in {}", duration(milliseconds))).unwrap_or_default();
    match error {
        Some(error) => format!("{source}.{name} ({}{took}): {error}", step.name()),
        None => {
            let notes: String = notes.iter().map(|note| format!("; {note}")).collect();
            format!("{source}.{name}: {} rows{took}{notes}", rows.unwrap_or_default())
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

fn row([id, requested, by, status, took, tables, failed]: [&str; 7]) -> String {
    format!("{id:<36}  {requested:<26}  {by:<24}  {status:<11}  {took:>9}  {tables:>6}  {failed:>6}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations() {
        assert_eq!(super::duration(430), "0.4 s");
        assert_eq!(super::duration(200_000), "3 m 20 s");
    }
}
