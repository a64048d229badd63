use super::register::checked;
use crate::access::Admin;
use crate::connectors::Sources;
use crate::domain::Error;
use crate::protocol::registry::{Precheck, PrecheckedTable, RegisterTable};
use crate::store::Snapshot;

/// Returns whether a registration would be accepted. Nothing is stored.
pub fn precheck_table(
    snapshot: &Snapshot,
    sources: &Sources,
    admin: &Admin,
    requested: &RegisterTable,
) -> Result<Precheck, Error> {
    let table = checked(sources, requested, &admin.user().email)?;
    let note = match snapshot.registry.by_name(&table.name) {
        Some(row) => format!("the name is taken by table id '{}'; registering it would answer 409", row.id),
        None => "the fields are valid together; the source itself is first contacted by the next sync".into(),
    };
    Ok(Precheck {
        ok: true,
        table: PrecheckedTable {
            name: table.name,
            source_type: table.source_type,
            bucket: table.bucket,
            source_table: table.source_table,
            query_mode: table.query_mode,
            source_query: table.source_query,
            rows: None,
            size_bytes: None,
            columns: Vec::new(),
            note,
        },
    })
}
