//! What people see of tables that are not granted to them.

use serde_json::json;

use crate::world::World;

#[test]
fn people_ask_for_tables_by_their_names() {
    World::new(&[("DEBUG", "1")]).browse(&[json!(["flow", "names_of_what_is_not_granted"])]);
}
