//! Settings of the server.

use serde_json::json;

use crate::world::World;

/// Functions of `flows_config.py`.
const FLOWS: [&str; 3] = ["change_settings", "settings_that_wait", "dangerous_settings"];

#[test]
fn admins_change_settings() {
    World::new(&[("DEBUG", "1")]).browse(&FLOWS.map(|flow| json!(["flow", flow])));
}
