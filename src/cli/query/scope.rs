//! Where a statement runs if nobody says so: here, if all its tables are here and as current as on the server.

use std::collections::BTreeSet;

use super::Scope;
use crate::cli::installed::Installed;
use crate::cli::pull::{freshness, views};
use crate::cli::snapshot::stored;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context};
use crate::protocol::sync::Manifest;
use crate::query::{Outline, Relation};

/// Where a statement runs, and why: a clause for people and programs.
#[derive(Debug, PartialEq)]
pub struct Decision {
    pub is_remote: bool,
    pub reason: String,
}

impl Decision {
    pub fn here(reason: impl Into<String>) -> Self {
        Self { is_remote: false, reason: reason.into() }
    }

    pub fn on_server(reason: impl Into<String>) -> Self {
        Self { is_remote: true, reason: reason.into() }
    }

    /// What was asked for; `None` if it has to be decided.
    pub fn asked(scope: Scope) -> Option<Self> {
        match scope {
            Scope::Local => Some(Self::here("as requested")),
            Scope::Remote => Some(Self::on_server("as requested")),
            Scope::Auto => None,
        }
    }
}

/// What is known of a table that a statement names.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    /// A snapshot, a table of the user's own, or a file.
    OnlyHere,
    Current,
    Older,
    /// Pulled once; the server does not offer it any more.
    Withdrawn,
    /// Pulled; the server could not be asked.
    Unchecked,
    NotHere,
}

/// Asks the server for its manifest if that can make a difference.
pub fn decide(outline: &Outline, context: &Context) -> anyhow::Result<Decision> {
    if outline.is_show_tables {
        return Ok(Decision::on_server("it knows all tables"));
    }
    let workspace = Workspace::locate(context, false)?;
    let here = stored::visible(&workspace, &Installed::read(&workspace)?)?;
    // A database that cannot be opened shows nothing that could be asked for.
    let own = if workspace.database().exists() { views::own(&workspace).unwrap_or_default() } else { Vec::new() };
    let mut tables = Vec::new();
    for relation in &outline.relations {
        let is_called = |name: &&String| name.eq_ignore_ascii_case(&relation.table);
        let pulled = here.tables.iter().find(is_called);
        let standing = match () {
            () if is_of_workspace(relation) => Standing::OnlyHere,
            () if is_of_server(relation) => Standing::NotHere,
            () if own.iter().chain(&here.snapshots).any(|name| is_called(&name)) => Standing::OnlyHere,
            () if pulled.is_some() => Standing::Unchecked,
            () if is_file(relation) => Standing::OnlyHere,
            () => Standing::NotHere,
        };
        tables.push((pulled.unwrap_or(&relation.table).clone(), standing));
    }
    let is_open = |standing| tables.iter().any(|(_, known)| *known == standing);
    let mut problem = String::new();
    if is_open(Standing::Unchecked) && !is_open(Standing::NotHere) {
        match manifest(context) {
            Ok((server, manifest)) => compare(&mut tables, &workspace, &server, manifest)?,
            Err(error) => problem = error.message,
        }
    }
    choose(&tables, &problem)
}

fn manifest(context: &Context) -> Result<(String, Manifest), CliError> {
    let client = context.client()?;
    let manifest = context.block_on(client.manifest()).map_err(anyhow::Error::from)??;
    Ok((client.server().to_owned(), manifest))
}

fn compare(
    tables: &mut [(String, Standing)],
    workspace: &Workspace,
    server: &str,
    mut manifest: Manifest,
) -> std::io::Result<()> {
    let is_named = |table: &String| tables.iter().any(|(name, _)| name == table);
    manifest.tables.retain(|table, _| is_named(table));
    let offered: BTreeSet<String> = manifest.tables.keys().cloned().collect();
    let current = freshness::current(workspace, server, &manifest)?;
    for (name, standing) in tables.iter_mut().filter(|(_, standing)| *standing == Standing::Unchecked) {
        *standing = match () {
            () if current.contains(name) => Standing::Current,
            () if offered.contains(name) => Standing::Older,
            () => Standing::Withdrawn,
        };
    }
    Ok(())
}

/// `problem`: why the server could not be asked.
fn choose(tables: &[(String, Standing)], problem: &str) -> anyhow::Result<Decision> {
    let first = |wanted| tables.iter().find(|(_, standing)| *standing == wanted).map(|(name, _)| name.as_str());
    let is_needed_here = first(Standing::OnlyHere);
    if let Some(missing) = first(Standing::NotHere) {
        return match is_needed_here {
            None => Ok(Decision::on_server(format!("{missing} has not been pulled"))),
            Some(only) => Err(CliError::bare(
                "two_places",
                format!("{only} is only here, and {missing} has not been pulled, so no place has both"),
            )
            .hint("Pull it (agnes pull), or fetch a part of it (agnes snapshot create), and then query here.")
            .into()),
        };
    }
    let newer = first(Standing::Older).map(|name| format!("the server has a newer {name}"));
    let changed =
        newer.or_else(|| first(Standing::Withdrawn).map(|name| format!("the server does not offer {name} any more")));
    Ok(match (changed, is_needed_here, first(Standing::Unchecked)) {
        (Some(changed), None, _) => Decision::on_server(changed),
        (Some(changed), Some(only), _) => Decision::here(format!("{only} is only here, although {changed}")),
        (None, _, Some(name)) => {
            Decision::here(format!("{name} is here; whether it is current is not known: {problem}"))
        }
        (None, _, None) if tables.is_empty() => Decision::here("it names no table"),
        (None, None, None) => Decision::here("its tables are here, as current as on the server"),
        (None, Some(only), None) => Decision::here(format!("{only} is only here")),
    })
}

fn is_file(relation: &Relation) -> bool {
    relation.table.contains(['/', '\\', '.', '*'])
}

/// Whether the name says that it is in the database of the workspace.
fn is_of_workspace(relation: &Relation) -> bool {
    [&relation.catalog, &relation.schema].iter().any(|name| name.eq_ignore_ascii_case("analytics"))
}

/// Whether it has a name, such as `server.orders` or `keboola.orders`, that only the server knows.
fn is_of_server(relation: &Relation) -> bool {
    let is_default = |name: &str| ["", "main", "memory"].iter().any(|default| name.eq_ignore_ascii_case(default));
    !is_default(&relation.catalog) || !is_default(&relation.schema)
}

#[cfg(test)]
mod tests {
    use super::Standing::{Current, NotHere, Older, OnlyHere, Unchecked, Withdrawn};
    use super::*;

    #[test]
    fn a_statement_runs_where_its_tables_are_current() {
        let choice = |tables: &[(&str, Standing)]| {
            let tables: Vec<_> = tables.iter().map(|(name, standing)| ((*name).to_owned(), *standing)).collect();
            choose(&tables, "cannot reach it").map(|decision| {
                let place = if decision.is_remote { "server" } else { "here" };
                format!("{place}: {}", decision.reason)
            })
        };
        for (tables, chosen) in [
            (&[][..], "here: it names no table"),
            (&[("a", Current), ("b", Current)], "here: its tables are here, as current as on the server"),
            (&[("a", Current), ("b", Older)], "server: the server has a newer b"),
            (&[("a", Withdrawn), ("b", Older)], "server: the server has a newer b"),
            (&[("a", Withdrawn)], "server: the server does not offer a any more"),
            (&[("a", Unchecked), ("b", NotHere)], "server: b has not been pulled"),
            (&[("a", Unchecked)], "here: a is here; whether it is current is not known: cannot reach it"),
            (&[("a", OnlyHere)], "here: a is only here"),
            (&[("a", OnlyHere), ("b", Current)], "here: a is only here"),
            (&[("a", OnlyHere), ("b", Older)], "here: a is only here, although the server has a newer b"),
        ] {
            assert_eq!(choice(tables).unwrap(), chosen, "{tables:?}");
        }
        let nowhere = choice(&[("a", OnlyHere), ("b", NotHere)]).unwrap_err();
        assert_eq!(nowhere.to_string(), "a is only here, and b has not been pulled, so no place has both");
    }
}
