//! What Lighthouse thinks of the pages that people use most, on the phone and the connection that it imitates.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a step that fails ends the test")]

#[path = "../support/program.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod program;
#[path = "../browser/world.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod world;

use std::process::Command;

use serde_json::{Value, json};

use world::World;

const PAGES: [&str; 3] = ["/dashboard", "/catalog", "/query"];
const CATEGORIES: [&str; 3] = ["performance", "accessibility", "best-practices"];
const GOAL: f64 = 0.95;
/// The median of so many counts: machines that test are busy.
const RUNS: usize = 3;

#[test]
fn the_pages_that_people_use_most_are_quick_and_accessible() {
    let world = World::new(&[]);
    let lighthouse = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/lighthouse")).output().unwrap();
    assert!(lighthouse.status.success(), "{}", String::from_utf8_lossy(&lighthouse.stderr));
    let lighthouse = String::from_utf8(lighthouse.stdout).unwrap();
    for path in PAGES {
        let reports: Vec<_> = (0..RUNS).map(|_| report(lighthouse.trim(), &world, path)).collect();
        for category in CATEGORIES {
            let mut scores: Vec<_> = reports.iter().map(|report| score(report, category)).collect();
            scores.sort_by(f64::total_cmp);
            println!("{path} {category} {:.0}", scores[RUNS / 2] * 100.0);
            assert!(scores[RUNS / 2] >= GOAL, "{path} {category}: {scores:?}\n{}", reasons(&reports[0], category));
        }
    }
}

fn report(lighthouse: &str, world: &World, path: &str) -> Value {
    let headers = json!({ "Authorization": format!("Bearer {}", world.token) }).to_string();
    let mut command = Command::new(lighthouse);
    command.arg(format!("{}{path}", world.server.url)).args(["--quiet", "--output=json", "--extra-headers", &headers]);
    command.arg(format!("--only-categories={}", CATEGORIES.join(",")));
    command.args(["--chrome-flags=--headless=new --no-sandbox"]).env("CHROME_PATH", "/usr/bin/chromium");
    let ran = program::finish_within(command.env("NO_PROXY", "*"), "", world::PATIENCE);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    // It was not sent to the login page.
    assert!(report["finalDisplayedUrl"].as_str().is_some_and(|url| url.ends_with(path)), "{}", report["runWarnings"]);
    report
}

fn score(report: &Value, category: &str) -> f64 {
    report["categories"][category]["score"].as_f64().unwrap()
}

/// What it would have changed.
fn reasons(report: &Value, category: &str) -> String {
    let audits = report["categories"][category]["auditRefs"].as_array().unwrap().iter();
    let audits = audits.map(|audit| &report["audits"][audit["id"].as_str().unwrap()]);
    let missed = audits.filter(|audit| audit["score"].as_f64().is_some_and(|score| score < 1.0));
    missed.map(|audit| format!("{}: {} {}\n", audit["title"], audit["displayValue"], audit["details"])).collect()
}
