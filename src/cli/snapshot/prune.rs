//! `agnes snapshot prune`

use jiff::SignedDuration;

use super::meta::Meta;
use super::{predicates, removal, stored};
use crate::base::time;
use crate::cli::units::human_size;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, Output, Run};

/// Remove old or large snapshots
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  agnes snapshot prune --older-than 7d --dry-run
  agnes snapshot prune --older-than 24h --larger-than 500m")]
pub struct Prune {
    /// Only those that were fetched longer ago, e.g. 7d, 24h, 30m
    #[arg(long, value_name = "AGE", value_parser = predicates::age)]
    older_than: Option<SignedDuration>,
    /// Only those whose file is larger, e.g. 1g, 500m, 10k
    #[arg(long, value_name = "SIZE", value_parser = predicates::size)]
    larger_than: Option<u64>,
    /// Remove all snapshots
    #[arg(long, conflicts_with_all = ["older_than", "larger_than"])]
    all: bool,
    /// Show what would be removed, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Run for Prune {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if !self.all && self.older_than.is_none() && self.larger_than.is_none() {
            let error = CliError::usage("nothing says which snapshots to remove");
            return Err(error.hint("Use --older-than AGE, --larger-than SIZE, or --all.").into());
        }
        let workspace = Workspace::locate(context, false)?;
        let known: Vec<Meta> = stored::all(&workspace)?.into_iter().filter(|meta| self.matches(meta)).collect();
        let names: Vec<String> = match self.all {
            true => stored::names(&workspace)?.into_iter().collect(),
            false => known.iter().map(|meta| meta.name.clone()).collect(),
        };
        if names.is_empty() {
            return Output::message("(no matches)").json(&names);
        }
        if self.dry_run {
            let line = |name: &String| match known.iter().find(|meta| meta.name == *name) {
                Some(meta) => format!("would drop: {name}  ({}, {})", human_size(meta.bytes_local), meta.fetched_at),
                None => format!("would drop: {name}"),
            };
            return names.iter().map(line).fold(Output::default(), Output::line).json(&names);
        }
        removal::remove(&names, &workspace, context)?;
        names.iter().fold(Output::default(), |output, name| output.line(format_args!("dropped: {name}"))).json(&names)
    }
}

impl Prune {
    fn matches(&self, meta: &Meta) -> bool {
        let is_older = |age: SignedDuration| {
            time::parse(&meta.fetched_at).is_some_and(|fetched| time::now().duration_since(fetched) > age)
        };
        self.older_than.is_none_or(is_older) && self.larger_than.is_none_or(|size| meta.bytes_local > size)
    }
}
