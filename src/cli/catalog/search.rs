//! Searching the catalog.

use crate::cli::api::Response;
use crate::cli::{Api, CliError, Context, Output};
use crate::protocol::search::{CatalogMatch, CatalogMatches, MetricMatch, TableMatch};

/// Find tables, columns and metrics by their names and descriptions
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Search {
    /// Words, or a question
    #[arg(required = true)]
    words: Vec<String>,
    /// How many matches to show at most
    #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    limit: u64,
    /// How many of the best matches to leave out
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

const AFTER_HELP: &str = "\
The best match comes first. Typos, other forms of a word and beginnings of words match, too.

  agnes catalog search delay by airline
  agnes catalog search \"which table has the country of a customer?\"
  agnes catalog search revenue --json    {\"matches\": [{\"kind\": \"table\"|\"metric\", \"id\", \"columns\", …}], \"total\"}";

/// What matches, the best first.
pub fn find(query: &str, limit: u64, offset: u64, api: &Api) -> Result<Response<CatalogMatches>, CliError> {
    let (limit, offset) = (limit.to_string(), offset.to_string());
    api.get(&["api", "catalog", "search"], &[("q", query), ("limit", &limit), ("offset", &offset)])
}

pub fn run(search: &Search, context: &Context) -> anyhow::Result<Output> {
    let found = find(&search.words.join(" "), search.limit, search.offset, &context.api()?)?;
    let CatalogMatches { matches, total } = &found.body;
    let mut output = Output::default();
    for found in matches {
        output = match found {
            CatalogMatch::Table(table) => show_table(output, table),
            CatalogMatch::Metric(metric) => show_metric(output, metric),
        };
    }
    let next = search.offset as usize + matches.len();
    let note = if *total == 0 {
        "Nothing that you may see matches. All tables: agnes catalog; all metrics: agnes catalog --metrics".to_owned()
    } else if next < *total {
        format!("{} more: --offset {next}. {HINT}", total - next)
    } else {
        HINT.to_owned()
    };
    output.note(note).json(&found.json)
}

const HINT: &str = "Columns of a table: agnes schema ID. Figures of a metric: agnes metric run ID";

/// `table   flights  Every flight …`, and the columns that match.
fn show_table(output: Output, table: &TableMatch) -> Output {
    let description = table.description.as_deref().unwrap_or_default();
    let output = output.line(format!("table   {}  {description}", table.id).trim_end());
    table.columns.iter().fold(output, |output, column| {
        let description = column.description.as_deref().unwrap_or_default();
        output.line(format!("          {} {}  {description}", column.name, column.column_type).trim_end())
    })
}

/// `metric  sales/revenue  Revenue (CZK): …`, and what it can be broken down by.
fn show_metric(output: Output, metric: &MetricMatch) -> Output {
    let unit = metric.unit.iter().map(|unit| format!(" ({unit})")).collect::<String>();
    let description = metric.description.iter().map(|text| format!(": {text}")).collect::<String>();
    let output = output.line(format_args!("metric  {}  {}{unit}{description}", metric.id, metric.display_name));
    let table = metric.table.iter().map(|table| format!("of {table}"));
    let dimensions = Some(metric.dimensions.join(", ")).filter(|text| !text.is_empty());
    let more: Vec<_> = table.chain(dimensions.map(|by| format!("by {by}"))).collect();
    if more.is_empty() { output } else { output.line(format_args!("          {}", more.join(", "))) }
}
