//! `agnes snapshot list`

use jiff::Timestamp;

use super::stored;
use crate::base::text::thousands;
use crate::base::time;
use crate::cli::installed::Installed;
use crate::cli::units::human_size;
use crate::cli::workspace::Workspace;
use crate::cli::{Context, Output, Run, Table};

/// List the snapshots of this workspace
#[derive(clap::Args, Debug)]
pub struct List {}

/// Characters of a predicate that are shown.
const SHOWN: usize = 40;

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        let (snapshots, names) = (stored::all(&workspace)?, stored::names(&workspace)?);
        if names.is_empty() {
            let note = "Make one with: agnes snapshot create TABLE --where … --as NAME";
            return Output::message("(no snapshots)").note(note).json(&snapshots);
        }
        let visible = stored::visible(&workspace, &Installed::read(&workspace)?)?.snapshots;
        let (now, mut output) = (time::now(), Output::default());
        let mut table =
            Table::listing([("NAME", 30), ("ROWS", -10), ("SIZE", -10), ("AGE", -10), ("TABLE", 30), ("WHERE", 0)]);
        for snapshot in &snapshots {
            let predicate = snapshot.origin.predicate.as_deref().unwrap_or_default();
            table.row([
                &snapshot.name,
                &thousands(snapshot.rows),
                &human_size(snapshot.bytes_local),
                &age(&snapshot.fetched_at, now),
                &snapshot.origin.table_id,
                &predicate.chars().take(SHOWN).collect::<String>(),
            ]);
        }
        output = output.table(table);
        for hidden in snapshots.iter().filter(|snapshot| !visible.contains(&snapshot.name)) {
            let name = &hidden.name;
            output = output.warn(format_args!("{name} is hidden by the pulled table of the same name"));
        }
        for name in names.iter().filter(|name| !snapshots.iter().any(|snapshot| snapshot.name == **name)) {
            output = output.warn(format_args!("{name}.parquet does not say what it is; see agnes explore {name}"));
        }
        output.json(&snapshots)
    }
}

/// `2d`, or `5h` below one day.
fn age(fetched_at: &str, now: Timestamp) -> String {
    let Some(at) = time::parse(fetched_at) else { return "?".into() };
    let hours = (now.as_second() - at.as_second()).max(0) / 3600;
    if hours < 24 { format!("{hours}h") } else { format!("{}d", hours / 24) }
}
