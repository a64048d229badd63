use crate::cli::{Context, Output, Run, exit};
use crate::protocol::catalog_export::CatalogExported;

/// Write metrics and tables of OpenMetadata into YAML files below DATA_DIR/docs of the server
///
/// Exit code 4 means that some of them were skipped or left as they were. If OpenMetadata cannot be read to the end, no file
/// is changed, and the exit code is 1.
#[derive(clap::Args, Debug)]
pub struct CatalogExport {}

impl Run for CatalogExport {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let answer = context.api()?.wait_for::<CatalogExported>(&["api", "admin", "catalog", "export"])?;
        let CatalogExported { metrics, tables, unknown_tables, warnings, .. } = &answer.body;
        let mut output = Output::message(format_args!(
            "Wrote {} metrics and {} tables; removed {} files of earlier exports.",
            metrics.written,
            tables.written,
            metrics.removed + tables.removed
        ));
        if !unknown_tables.is_empty() {
            let names = unknown_tables.join(", ");
            output =
                output.note(format_args!("OpenMetadata does not have {}: {names}", tables_of(unknown_tables.len())));
        }
        for (kind, files) in [("Metric", metrics), ("Table", tables)] {
            for skipped in &files.skipped {
                output = output.warn(format_args!("{kind} {} was skipped: {}", skipped.name, skipped.reason));
            }
        }
        output = warnings.iter().fold(output, Output::warn);
        let is_partial = !(warnings.is_empty() && metrics.skipped.is_empty() && tables.skipped.is_empty());
        output.exit(if is_partial { exit::PARTIAL } else { 0 }).json(&answer.json)
    }
}

fn tables_of(count: usize) -> String {
    if count == 1 { "this table".into() } else { format!("these {count} tables") }
}
