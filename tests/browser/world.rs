//! A server with sample data and people, and the browser that visits it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{self, Place, Serving};

const ANALYST: &str = "ann@example.com";
const PASSWORD: &str = "a long password 7";

/// For all steps together, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct World {
    server: Serving,
    people: Value,
    /// Of the directories of the server.
    _host: Place,
}

impl World {
    /// The demo's company, and an analyst who may read two of its tables.
    pub fn new(variables: &[(&str, &str)]) -> Self {
        let host = Place::new(variables);
        let server = host.serve(&["--demo"]);
        let word = |part: &str| server.wait_for(part, 1).split_whitespace().nth(1).unwrap().to_owned();
        let admin = json!({ "email": word("Admin "), "password": word("Password ") });
        let token = word("Token ");
        let agnes = |args: &[&str], input: &str| {
            let mut command = host.command(args);
            command.env("AGNES_SERVER", &server.url).env("AGNES_TOKEN", &token);
            let ran = program::finish(&mut command, input);
            assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        };
        agnes(&["admin", "add-user", ANALYST, "--name", "Ann Analyst"], "");
        agnes(&["admin", "set-password", ANALYST, "--password-stdin"], PASSWORD);
        agnes(&["admin", "group", "create", "Analysts"], "");
        agnes(&["admin", "group", "add-member", "Analysts", ANALYST], "");
        for table in ["flights", "airlines"] {
            agnes(&["admin", "grant", "create", "Analysts", "table", table], "");
        }
        let people = json!({ "admin": admin, "analyst": { "email": ANALYST, "password": PASSWORD } });
        Self { server, people, _host: host }
    }

    /// A server where nobody has been yet.
    pub fn empty(variables: &[(&str, &str)]) -> Self {
        let host = Place::new(variables);
        Self { server: host.serve(&[]), people: json!({}), _host: host }
    }

    /// Takes the browser through these steps, and fails with everything that was wrong.
    pub fn browse(&self, steps: &[Value]) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = Command::new(here.join(".ci/browser")).output().unwrap();
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        let found = String::from_utf8(found.stdout).unwrap();
        let (python, axe) = found.trim().split_once('\n').unwrap();
        let job = json!({
            "url": self.server.url,
            "axe": axe,
            "people": self.people,
            "steps": steps,
            "shots": std::env::var("AGNES_SCREENSHOTS").ok(),
        });
        let mut command = Command::new(python);
        command.arg(here.join("tests/browser/pages.py")).env("NO_PROXY", "*").env("PYTHONDONTWRITEBYTECODE", "1");
        let ran = program::finish_within(&mut command, &job.to_string(), PATIENCE);
        assert!(ran.code == 0 && ran.stdout.is_empty(), "{}\n{}", ran.stdout, ran.stderr);
    }
}
