//! `agnes saved list` and `agnes saved show`

use clap::Args;

use super::{QUERIES, find, owner};
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::saved_queries::{SavedQueries, SavedQuery};

/// List the saved queries that you can use
#[derive(Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let answer = context.api()?.get::<SavedQueries>(&QUERIES, &[])?;
        let columns = [("NAME", 28), ("OWNER", 24), ("TABLE", 20), ("SCHEDULE", 16), ("LAST RUN", 36), ("ID", 36)];
        let mut table = Table::listing(columns);
        for query in &answer.body.queries {
            let last = last_run(query);
            let (kept, schedule) = (query.table.as_deref(), query.schedule.as_deref());
            let [kept, schedule] = [kept, schedule].map(Option::unwrap_or_default);
            table.row([&query.name, owner(query), kept, schedule, &last, &query.id]);
        }
        Output::default().table(table).json(&answer.json)
    }
}

/// Show a saved query: its SQL, with whom it is shared, and what its table was made of
#[derive(Args, Debug)]
pub struct Show {
    /// Name or id
    query: String,
}

impl Run for Show {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        show(&find(&context.api()?, &self.query)?)
    }
}

/// Everything about a query.
pub fn show(query: &SavedQuery) -> anyhow::Result<Output> {
    let list = |names: Vec<&str>| (!names.is_empty()).then(|| names.join(", "));
    let groups = list(query.groups.iter().map(|group| group.name.as_str()).collect());
    let lineage = list(query.lineage.iter().map(|table| table.name.as_str()).collect());
    let error = query.last_run.as_ref().and_then(|run| run.error.clone());
    let facts = [
        ("name", Some(query.name.clone())),
        ("id", Some(query.id.clone())),
        ("owner", Some(owner(query).to_owned())),
        ("description", query.description.clone()),
        ("shared with", groups),
        ("table", query.table.clone()),
        ("schedule", query.schedule.clone()),
        ("made of", lineage),
        ("last run", Some(last_run(query)).filter(|text| !text.is_empty())),
        ("error", error),
    ];
    let output = facts.into_iter().filter_map(|(name, fact)| Some(format!("{:<13}{}", format!("{name}:"), fact?)));
    let output = output.fold(Output::default(), Output::line);
    output.line("").line(&query.sql).json(query)
}

fn last_run(query: &SavedQuery) -> String {
    query.last_run.as_ref().map_or_else(String::new, |run| format!("{} {}", run.at, run.status))
}
