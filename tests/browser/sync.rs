//! Syncs, with a connector that hangs.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::world::World;

#[test]
fn admins_cancel_a_sync() {
    let connectors = tempfile::tempdir().unwrap();
    let world = World::new(&[("DEBUG", "1"), ("CONNECTORS_DIR", connectors.path().to_str().unwrap())]);
    // Sample data came without it.
    let folder = connectors.path().join("slow");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("extractor"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    std::fs::set_permissions(folder.join("extractor"), std::fs::Permissions::from_mode(0o755)).unwrap();
    world.browse(&[json!(["flow", "cancel_a_sync"])]);
    std::fs::remove_dir_all(&folder).unwrap();
    world.browse(&[json!(["flow", "sync_as_usual"])]);
}
