//! Every operation of the OpenAPI document, called by a fuzzer that others wrote (schemathesis) as a stranger, as a user and
//! as an admin: no response is a failure of the server, and none is missing from the document.
//!
//! `AGNES_FUZZ_EXAMPLES` makes it thorough, e.g. 200; `AGNES_TEST_SEED` takes other examples.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a helper that fails ends its test")]

mod house;
#[expect(dead_code, reason = "commands are run by other tests")]
#[path = "../support/program.rs"]
mod program;

use std::path::Path;
use std::process::Command;

use crate::house::House;

/// Random examples of each operation, besides a few hundred that follow from its schema.
const EXAMPLES: &str = "5";
const SEED: &str = "20261127";

fn fuzz(role: &str, email: Option<&str>) {
    let house = House::new();
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/schemathesis");
    let found = Command::new(found).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let setting = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.into());
    let mut fuzzer = Command::new(String::from_utf8(found.stdout).unwrap().trim());
    fuzzer.args(["run", &format!("{}/openapi.json", house.server.url), "--no-color"]);
    fuzzer.args(["--max-examples", &setting("AGNES_FUZZ_EXAMPLES", EXAMPLES)]);
    fuzzer.args(["--seed", &setting("AGNES_TEST_SEED", SEED)]);
    fuzzer.current_dir(house.words()).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", ".").env("NO_PROXY", "*");
    fuzzer.env("PYTHONDONTWRITEBYTECODE", "1").env("FUZZ_URL", &house.server.url);
    fuzzer.env("FUZZ_SCHEDULER_TOKEN", house::SCHEDULER).env("FUZZ_PASSWORD", house::PASSWORD).env("FUZZ_ROLE", role);
    fuzzer.envs(email.map(|email| ("FUZZ_EMAIL", email)));
    let ran = fuzzer.output().unwrap();
    let report = String::from_utf8_lossy(&ran.stdout);
    eprintln!("{role}: {}", report.trim_end().lines().last().unwrap_or_default());
    assert!(ran.status.success(), "{report}\n{}", String::from_utf8_lossy(&ran.stderr));
    house.end();
}

#[test]
fn a_stranger_gets_what_is_documented() {
    fuzz("stranger", None);
}

#[test]
fn a_user_gets_what_is_documented() {
    fuzz("user", Some(house::USER));
}

#[test]
fn an_admin_gets_what_is_documented() {
    fuzz("admin", Some(house::ADMIN));
}
