use super::DiscoveryError;
use crate::access::Admin;
use crate::connectors::{Source, Sources};
use crate::protocol::discovery::Discovered;

/// Lists the tables that the main data source offers.
pub async fn discover_tables(sources: &Sources, _: &Admin) -> Result<Discovered, DiscoveryError> {
    let main = sources.main();
    let Some(listed) = sources.get(main).and_then(Source::discover) else {
        let error = Some(format!("Discovery not implemented for source_type='{main}'"));
        return Ok(Discovered { source: main.clone(), error, ..Discovered::default() });
    };
    let tables = listed.await.map_err(DiscoveryError::List)?;
    Ok(Discovered { count: tables.len(), tables, source: main.clone(), error: None })
}
