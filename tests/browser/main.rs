//! Pages in a real browser: Debian's Chromium, driven by Playwright, with axe-core.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a step that fails ends the test")]

mod catalog;
mod config;
mod first_run;
#[path = "../support/keboola/mod.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod keboola_server;
mod markup;
mod people;
#[path = "../support/program.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod program;
mod sources;
mod sync;
mod world;

use serde_json::json;

use world::World;

/// Pages that everybody sees the same way, or that look different to each of these people.
const PAGES: &[(&str, &[Option<&str>])] = &[
    ("/login", &[None]),
    ("/first-time-setup", &[Some("admin")]),
    ("/login/password", &[None, Some("analyst")]),
    ("/auth/password/setup?email=a%40b.com&token=t", &[None]),
    ("/dashboard", &[Some("analyst"), Some("admin")]),
    ("/catalog", &[Some("analyst"), Some("admin")]),
    ("/catalog?q=wind+sped", &[Some("admin")]),
    ("/catalog?q=nothing+of+the+kind", &[Some("analyst")]),
    ("/catalog/flights", &[Some("analyst")]),
    ("/catalog/flights?view=columns", &[Some("analyst")]),
    ("/catalog/flights?view=profile", &[Some("analyst")]),
    ("/catalog/flights?view=sample", &[Some("analyst")]),
    ("/catalog/planes", &[Some("analyst")]),
    ("/query?sql=SELECT+1", &[Some("analyst"), Some("admin")]),
    ("/access-requests?table_id=planes", &[Some("analyst")]),
    ("/reads", &[Some("analyst")]),
    ("/setup", &[None, Some("analyst")]),
    ("/profile", &[Some("analyst"), Some("admin")]),
    ("/profile/access", &[Some("analyst"), Some("admin")]),
    ("/profile/sessions", &[Some("analyst")]),
    ("/me/debug", &[Some("analyst")]),
    ("/tokens", &[Some("analyst")]),
    ("/admin/tokens", &[Some("admin")]),
    ("/admin/server-config", &[Some("admin")]),
    ("/admin/server-config?q=sign+in", &[Some("admin")]),
    ("/admin/users", &[Some("admin")]),
    ("/admin/users?q=nobody+of+the+kind", &[Some("admin")]),
    ("/admin/groups", &[Some("admin")]),
    ("/admin/groups?origin=google_sync", &[Some("admin")]),
    ("/admin/access", &[Some("admin")]),
    ("/admin/access-requests", &[Some("admin")]),
    ("/admin/agent-prompt", &[Some("admin")]),
    ("/admin/workspace-prompt", &[Some("admin")]),
    ("/_components", &[Some("admin")]),
];

#[test]
fn every_page_is_accessible_and_fits_a_phone() {
    let world = World::new(&[("DEBUG", "1"), ("AGNES_DEBUG_AUTH", "1")]);
    let visits =
        PAGES.iter().flat_map(|(path, people)| people.iter().map(move |person| json!(["visit", person, path])));
    world.browse(&visits.collect::<Vec<_>>());
}

/// Functions of `flows.py`.
const FLOWS: [&str; 12] = [
    "sign_in_and_out",
    "themes",
    "menu_on_a_phone",
    "tokens",
    "catalog",
    "ask_for_access",
    "connect_an_agent",
    "query",
    "query_is_cancelled",
    "query_without_a_script",
    "prompts",
    "weight",
];

#[test]
fn people_find_their_way() {
    World::new(&[("DEBUG", "1")]).browse(&FLOWS.map(|flow| json!(["flow", flow])));
}

#[test]
fn a_keyboard_is_enough() {
    World::new(&[("DEBUG", "1")]).browse(&[json!(["flow", "by_keyboard"])]);
}

/// What each of these shows contains markup.
const HOSTILE: [(&str, &str); 12] = [
    ("analyst", "/dashboard"),
    ("analyst", "/catalog"),
    ("analyst", "/catalog?q=%3Cimg+src%3Dx+data-evil%3E"),
    ("analyst", "/catalog?q=evil"),
    ("analyst", "/catalog/evil"),
    ("analyst", "/catalog/evil?view=columns"),
    ("analyst", "/catalog/evil?view=profile"),
    ("analyst", "/catalog/evil?view=sample"),
    ("analyst", "/catalog/%3Cimg%20src%3Dx%20data-evil%3E"),
    ("analyst", "/access-requests?table_id=%3Cimg+src%3Dx+data-evil%3E"),
    ("analyst", "/query?sql=%3C/textarea%3E%3Cimg+src%3Dx+data-evil%3E"),
    ("admin", "/tokens?q=%22%3E%3Cimg+src%3Dx+data-evil%3E"),
];

#[test]
fn texts_never_become_markup() {
    let visits = HOSTILE.map(|(person, path)| json!(["visit", person, path]));
    World::hostile(&[("DEBUG", "1")]).browse(&visits);
}

#[test]
fn an_empty_server_is_set_up() {
    World::empty(&[("DEBUG", "1")]).browse(&[json!(["flow", "first_run"])]);
}
