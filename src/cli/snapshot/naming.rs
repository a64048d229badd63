//! The names that a snapshot may have.

use super::stored;
use crate::base::ident;
use crate::cli::CliError;
use crate::cli::installed::Installed;
use crate::cli::pull::views;
use crate::cli::workspace::Workspace;

/// Checks the form of a name.
pub fn check(name: &str, is_given: bool) -> Result<(), CliError> {
    if ident::is_strict(name) {
        return Ok(());
    }
    let error = CliError::usage(format!("'{name}' is not a name for a snapshot"));
    let rule = "A name has letters, digits and _, begins with no digit, and is at most 64 long";
    let example = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    Err(match is_given || !ident::is_strict(&example) {
        true => error.hint(format!("{rule}.")),
        false => error.hint(format!("{rule}. Give it one, e.g. --as {example}")),
    })
}

/// Checks that the name is not taken by something else. Returns whether the snapshot replaces a pulled table of that name.
pub fn settle(name: &str, force: bool, workspace: &Workspace) -> anyhow::Result<bool> {
    let is_same = |other: &String| other.eq_ignore_ascii_case(name);
    if views::own(workspace)?.iter().any(is_same) {
        let error = CliError::usage(format!("{name} is a table or view of your own in analytics.duckdb"));
        return Err(error.hint("Choose another name with --as NAME.").into());
    }
    if let Some(other) = stored::names(workspace)?.iter().find(|other| is_same(other) && *other != name) {
        let error = CliError::usage(format!("there is a snapshot {other}, and queries ignore upper and lower case"));
        return Err(error.hint(format!("Use --as {other} --force to replace it, or another name.")).into());
    }
    let is_table = Installed::read(workspace)?.tables().any(is_same);
    if is_table && !force {
        let error = CliError::usage(format!("{name} is a pulled table, which the snapshot would hide"));
        let hint = format!("Choose another name, e.g. --as {name}_snapshot, or hide the table with --force.");
        return Err(error.hint(hint).into());
    }
    Ok(is_table)
}
