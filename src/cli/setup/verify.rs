use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{Api, CliError, Context, Output, Run, exit};
use crate::client::{ClientError, TIMEOUT};
use crate::protocol::sync::Manifest;
use crate::protocol::system::Health;

/// Check a new server from end to end: sign-in, tables, users, web pages
#[derive(clap::Args, Debug)]
pub struct Verify {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Pass,
    Warn,
    Fail,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    detail: String,
}

impl Run for Verify {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let checks = checks(&super::api(context)?);
        let overall = checks.iter().map(|check| check.status).max().unwrap_or(Status::Pass);
        let mut output = Output::default();
        for Check { name, status, detail } in &checks {
            let label = match status {
                Status::Pass => "OK",
                Status::Warn => "WARN",
                Status::Fail => "FAIL",
            };
            output = output.line(format_args!("  [{label:<4}] {name}: {detail}"));
        }
        output = output.line(match overall {
            Status::Pass => "Everything works.",
            Status::Warn => "It works, but look at what is marked WARN.",
            Status::Fail => "Something does not work: see what is marked FAIL.",
        });
        let code = if overall == Status::Fail { exit::FAILED } else { 0 };
        output.exit(code).json(&json!({"overall": overall, "checks": checks}))
    }
}

fn checks(api: &Api) -> Vec<Check> {
    let health = api.try_get::<Health>(&["api", "health"], &[]).map(|health| health.body);
    let is_reachable = health.is_ok();
    let mut checks = vec![server(api, health)];
    // Without a server the other checks would say the same.
    if is_reachable {
        let manifest = api.try_get::<Manifest>(&["api", "sync", "manifest"], &[]).map(|manifest| manifest.body);
        checks.extend([auth(&manifest), data(&manifest), users(api), web_ui(api), api_docs(api)]);
    }
    checks
}

fn server(api: &Api, health: Result<Health, ClientError>) -> Check {
    let name = "server";
    match health {
        Err(error) => Check::failed(name, error),
        Ok(health) if health.status != "ok" => Check::new(name, Status::Fail, health.status),
        Ok(_) => {
            let detailed = api.try_get::<Value>(&["api", "health", "detailed"], &[]).map(|detailed| detailed.body);
            let status = detailed.ok().and_then(|detailed| detailed["status"].as_str().map(str::to_owned));
            match status.as_deref() {
                None | Some("healthy") => Check::new(name, Status::Pass, "healthy"),
                Some(other) => Check::new(name, Status::Warn, format!("{other}; see agnes diagnose")),
            }
        }
    }
}

fn auth(manifest: &Result<Manifest, ClientError>) -> Check {
    match manifest {
        Ok(_) => Check::new("auth", Status::Pass, "signed in"),
        Err(error) if error.any_status() == Some(401) => {
            Check::new("auth", Status::Fail, "not signed in, or the token is not valid: agnes auth login")
        }
        Err(error) => Check::new("auth", Status::Fail, error.detail()),
    }
}

fn data(manifest: &Result<Manifest, ClientError>) -> Check {
    match manifest {
        Err(error) => Check::new("data", Status::Fail, error.detail()),
        Ok(manifest) if manifest.tables.is_empty() => {
            Check::new("data", Status::Warn, "no tables yet: agnes admin table register, then agnes setup first-sync")
        }
        Ok(manifest) => Check::new("data", Status::Pass, format!("{} tables", manifest.tables.len())),
    }
}

fn users(api: &Api) -> Check {
    match api.try_get::<Vec<Value>>(&["api", "users"], &[]) {
        Ok(users) => Check::new("users", Status::Pass, format!("{} users", users.body.len())),
        Err(error) if error.any_status() == Some(403) => {
            Check::new("users", Status::Warn, "not checked: you are not an admin")
        }
        Err(error) => Check::failed("users", error),
    }
}

fn web_ui(api: &Api) -> Check {
    match api.block_on(async |client| client.call(Method::GET, &["login"], TIMEOUT).await) {
        // Elsewhere a page means that something else has answered; here it is what is wanted.
        Ok(()) | Err(ClientError::NotAgnes { .. }) => Check::new("web_ui", Status::Pass, "the sign-in page is there"),
        Err(error) => Check::new("web_ui", Status::Warn, error.detail()),
    }
}

/// `/openapi.json`, which every version has.
fn api_docs(api: &Api) -> Check {
    match api.try_get::<Value>(&["openapi.json"], &[]) {
        Ok(document) if document.body["paths"].is_object() => {
            Check::new("api_docs", Status::Pass, "the description of the API is there")
        }
        Ok(_) => Check::new("api_docs", Status::Warn, "/openapi.json is not a description of an API"),
        Err(error) => Check::new("api_docs", Status::Warn, error.detail()),
    }
}

impl Check {
    fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { name, status, detail: detail.into() }
    }

    fn failed(name: &'static str, error: ClientError) -> Self {
        Self::new(name, Status::Fail, CliError::failed(error).message)
    }
}
