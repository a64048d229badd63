//! A server with sample data and people, and the browser that visits it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{self, Place, Serving};

const ANALYST: &str = "ann@example.com";
const PASSWORD: &str = "a long password 7";
/// `pages.py` finds it if it has become markup.
pub const EVIL: &str = "<img src=x data-evil=\"1\" onerror='alert(1)'>\"';{{ 7*7 }}";

/// For all steps together, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

pub struct World {
    pub server: Serving,
    people: Value,
    host: Place,
    pub token: String,
}

impl World {
    /// The demo's company, and an analyst who may read two of its tables.
    pub fn new(variables: &[(&str, &str)]) -> Self {
        let host = Place::new(variables);
        let server = host.serve(&["--demo"]);
        let word = |part: &str| server.wait_for(part, 1).split_whitespace().nth(1).unwrap().to_owned();
        let admin = json!({ "email": word("Admin "), "password": word("Password ") });
        let token = word("Token ");
        let people = json!({ "admin": admin, "analyst": { "email": ANALYST, "password": PASSWORD } });
        let world = Self { server, people, host, token };
        world.run(&["add-user", ANALYST, "--name", "Ann Analyst"], "");
        world.run(&["set-password", ANALYST, "--password-stdin"], PASSWORD);
        world.run(&["group", "create", "Analysts"], "");
        world.run(&["group", "add-member", "Analysts", ANALYST], "");
        for table in ["flights", "airlines"] {
            world.run(&["grant", "create", "Analysts", "table", table], "");
        }
        world
    }

    /// The same with markup in every text that somebody can write.
    pub fn hostile(variables: &[(&str, &str)]) -> Self {
        let world = Self::new(variables);
        let path = |name: &str, text: &str| {
            let path = world.host.dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let cells = EVIL.replace('"', "\"\"");
        let csv = path("evil.csv", &format!("id,\"{cells}\"\n1,\"{cells}\"\n2,\"'{cells}\"\n"));
        world.run(&["table", "upload", &csv, "--delimiter", ","], "");
        world.run(&["table", "update", "evil", "--description", EVIL, "--folder", EVIL], "");
        let columns = json!({ "id": { "description": EVIL, "basetype": "INTEGER", "confidence": "manual" } });
        let proposal = json!({ "tables": { "evil": { "columns": columns } } });
        world.run(&["metadata", "apply", &path("evil.json", &proposal.to_string())], "");
        let metric = json!([{
            "name": "evil", "display_name": EVIL, "category": "evil", "description": EVIL, "unit": EVIL, "table": "evil",
            "type": "count", "expression": "count(*)", "sql": "SELECT count(*) AS evil FROM evil",
        }]);
        world.run(&["metric", "import", &path("evil.yml", &metric.to_string())], "");
        world.run(&["group", "create", EVIL], "");
        world.run(&["add-user", "evil@example.com", "--name", EVIL], "");
        world.run(&["grant", "create", EVIL, "table", "evil"], "");
        world.run(&["grant", "create", "Analysts", "table", "evil"], "");
        world
    }

    /// Runs a command of `agnes admin`, which succeeds.
    fn run(&self, args: &[&str], input: &str) {
        let mut command = self.host.command(&["admin"]);
        command.args(args).env("AGNES_SERVER", &self.server.url).env("AGNES_TOKEN", &self.token);
        let ran = program::finish(&mut command, input);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    }

    /// A server where nobody has been yet.
    pub fn empty(variables: &[(&str, &str)]) -> Self {
        let host = Place::new(variables);
        Self { server: host.serve(&[]), people: json!({}), host, token: String::new() }
    }

    /// Takes the browser through these steps, and fails with everything that was wrong.
    #[expect(clippy::print_stderr, reason = "how long a flow takes is shown with --nocapture")]
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
        eprint!("{}", ran.stderr);
        assert!(ran.code == 0 && ran.stdout.is_empty(), "{}\n{}", ran.stdout, ran.stderr);
    }
}
