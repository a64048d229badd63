//! `agnes schema`

use super::units::human_size;
use super::{Context, Output, Run, Table, v2};
use crate::base::text::thousands;
use crate::protocol::v2::TableSchema;

/// Show the columns of a table, with types and descriptions
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  agnes schema orders
  agnes schema orders --json | jq -r '.columns[].name'

See also: agnes describe orders -n 5 (with a few rows), agnes explore orders --remote (with statistics)")]
pub struct Schema {
    /// Id of the table, as `agnes catalog` shows it
    table: String,
}

impl Run for Schema {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let schema = v2::schema("schema fetch", &self.table, &context.api()?)?;
        describe(&schema.body).json(&schema.json)
    }
}

fn describe(schema: &TableSchema) -> Output {
    let flavor = schema.sql_flavor.as_str().to_uppercase();
    let title = format!("Table: {}  ({} — use {flavor} SQL dialect)", schema.table_id, schema.source_type.as_str());
    let mut columns = Table::listing([("COLUMN", 30), ("TYPE", 15), ("NULL", 5), ("DESCRIPTION", 0)]);
    for column in &schema.columns {
        let nullable = if column.nullable { "YES" } else { "NO" };
        columns.row([&column.name, &column.column_type, nullable, &column.description]);
    }
    let mut output = Output::message(title).line("").table(columns);
    let partition = schema.partition_by.as_ref().map(|column| format!("Partition: {column}"));
    let clustered = (!schema.clustered_by.is_empty()).then(|| format!("Clustered: {}", schema.clustered_by.join(", ")));
    let size = schema.rows.zip(schema.size_bytes);
    let size = size.map(|(rows, bytes)| format!("Rows: {} ({})", thousands(rows), human_size(bytes)));
    let about = schema.description.as_ref().filter(|text| !text.is_empty()).map(|text| format!("About: {text}"));
    for (index, line) in [partition, clustered, size, about].into_iter().flatten().enumerate() {
        output = if index == 0 { output.line("") } else { output };
        output = output.line(line);
    }
    if !schema.where_dialect_hints.is_empty() {
        output = output.line("").line("WHERE hints:");
    }
    schema.where_dialect_hints.iter().fold(output, |output, (name, hint)| output.line(format_args!("  {name}: {hint}")))
}
