//! `agnes saved`

mod keep;
mod save;
mod show;

use clap::Args;
use reqwest::Method;

use super::command::commands;
use super::input::confirm;
use super::query::{ResultOptions, Statement};
use super::{Api, CliError, Context, Output, Run};
use crate::protocol::saved_queries::{SavedQueries, SavedQuery};

const QUERIES: [&str; 2] = ["api", "saved-queries"];

commands! {
    /// Save queries, share them, and keep their results as tables
    Saved {
        List(show::List),
        Show(show::Show),
        Save(save::Save),
        #[command(name = "run")] Execute(Execute),
        Share(Share),
        Unshare(Unshare),
        Schedule(keep::Schedule),
        Refresh(keep::Refresh),
        Delete(Delete),
    }
}

/// Run a saved query on the server, with your own rights
#[derive(Args, Debug)]
pub struct Execute {
    /// Name or id
    query: String,
    #[command(flatten)]
    result: ResultOptions,
}

impl Run for Execute {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let query = find(&context.api()?, &self.query)?;
        self.result.of_server(&Statement::Saved(&query.id), context)
    }
}

/// Share a saved query with a group that you are in
#[derive(Args, Debug)]
pub struct Share {
    /// Name or id
    query: String,
    /// Name or id of the group
    group: String,
}

impl Run for Share {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let query = find(&api, &self.query)?;
        let path = ["api", "saved-queries", &query.id, "groups", &self.group];
        let shared = api.send::<SavedQuery>(Method::PUT, &path, &serde_json::json!({}))?;
        Output::message(format_args!("Shared {} with {}", query.name, self.group)).json(&shared.json)
    }
}

/// Stop sharing a saved query with a group
#[derive(Args, Debug)]
pub struct Unshare {
    /// Name or id
    query: String,
    /// Name or id of the group
    group: String,
}

impl Run for Unshare {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let query = find(&api, &self.query)?;
        let path = ["api", "saved-queries", &query.id, "groups", &self.group];
        let left = api.send::<SavedQuery>(Method::DELETE, &path, &serde_json::json!({}))?;
        Output::message(format_args!("{} is no longer shared with {}", query.name, self.group)).json(&left.json)
    }
}

/// Delete a saved query with its table
#[derive(Args, Debug)]
pub struct Delete {
    /// Name or id
    query: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Run for Delete {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let query = find(&api, &self.query)?;
        let table = query.table.map(|table| format!(" and its table {table}")).unwrap_or_default();
        confirm(&format!("Delete {}{table}?", query.name), self.yes, context)?;
        api.call(Method::DELETE, &["api", "saved-queries", &query.id])?;
        Ok(Output::message(format_args!("Deleted {}{table}", query.name)))
    }
}

fn all(api: &Api) -> Result<Vec<SavedQuery>, CliError> {
    Ok(api.get::<SavedQueries>(&QUERIES, &[])?.body.queries)
}

/// The query with this id or name; of several with the name, one's own.
fn find(api: &Api, reference: &str) -> Result<SavedQuery, CliError> {
    let queries = all(api)?;
    if let Some(query) = queries.iter().find(|query| query.id == reference) {
        return Ok(query.clone());
    }
    let is_it = |query: &&SavedQuery| query.name.to_lowercase() == reference.to_lowercase();
    let named: Vec<_> = queries.iter().filter(is_it).collect();
    if let Some(query) = named.iter().find(|query| query.is_own).or(named.first().filter(|_| named.len() == 1)) {
        return Ok((*query).clone());
    }
    if named.is_empty() {
        let error = CliError::bare("not_found", format!("Saved query not found: {reference}"));
        return Err(error.hint("See those that you can use with: agnes saved list"));
    }
    let ids: Vec<_> = named.iter().map(|query| format!("{} ({})", query.id, owner(query))).collect();
    let error = CliError::bare("ambiguous", format!("Several people have a saved query named {reference}"));
    Err(error.hint(format!("Use one of the ids: {}", ids.join(", "))))
}

fn owner(query: &SavedQuery) -> &str {
    query.owner.as_deref().unwrap_or(&query.owner_id)
}
