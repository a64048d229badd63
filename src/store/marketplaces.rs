//! Registered marketplaces and the plugins they offer.

use super::Reader;
use super::row::read_row;
use crate::engine;

/// A marketplace with its plugins, by name.
#[derive(Debug)]
pub struct Marketplace {
    /// The slug; the id of each plugin starts with it.
    pub id: String,
    pub name: String,
    pub plugins: Vec<Plugin>,
}

#[derive(Debug)]
pub struct Plugin {
    pub name: String,
    pub version: Option<String>,
    pub category: Option<String>,
    pub description: Option<String>,
    pub source_type: Option<String>,
}

/// Returns all marketplaces, in the order they were registered.
pub fn all(reader: &Reader<'_>) -> engine::Result<Vec<Marketplace>> {
    let mut marketplaces: Vec<Marketplace> =
        reader.list("SELECT id, name FROM marketplace_registry ORDER BY registered_at, id", [], |row| {
            Ok(Marketplace { id: row.get(0)?, name: row.get(1)?, plugins: Vec::new() })
        })?;
    let plugins: Vec<(String, Plugin)> = reader.list(
        "SELECT name, version, category, description, source_type, marketplace_id FROM marketplace_plugins
             ORDER BY name",
        [],
        |row| {
            let plugin: engine::Result<Plugin> =
                read_row!(row => Plugin { name, version, category, description, source_type });
            Ok((row.get(5)?, plugin?))
        },
    )?;
    for (marketplace, plugin) in plugins {
        if let Some(marketplace) = marketplaces.iter_mut().find(|it| it.id == marketplace) {
            marketplace.plugins.push(plugin);
        }
    }
    Ok(marketplaces)
}
