//! Users, groups, access and requests for it, as admins manage them.

use serde_json::json;

use crate::world::World;

/// Functions of `flows_people.py`.
const FLOWS: [&str; 6] =
    ["a_new_person", "accounts_end", "whole_blocks", "requests_for_access", "hostile_names", "only_admins"];

#[test]
fn admins_manage_people_and_access() {
    World::new(&[("DEBUG", "1")]).browse(&FLOWS.map(|flow| json!(["flow", flow])));
}
