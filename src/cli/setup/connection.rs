use serde_json::{Value, json};

use crate::cli::{CliError, Context, Output, Run, exit};
use crate::protocol::system::Health;

/// Check that the server can be reached and is healthy
#[derive(clap::Args, Debug)]
pub struct TestConnection {}

impl Run for TestConnection {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = super::api(context)?;
        let health = api.try_get::<Health>(&["api", "health"], &[]).map_err(CliError::from)?.body;
        let is_healthy = health.status == "ok";
        let mut output = Output::message("Server: reachable").line(format_args!("Health: {}", health.status));
        if let Some(detail) = health.detail.as_deref().filter(|_| !is_healthy) {
            output = output.warn(detail);
        }
        let is_signed_in = context.token(&context.server()?)?.is_some();
        let mut services = Value::Null;
        let mut code = if is_healthy { 0 } else { exit::FAILED };
        if !is_signed_in {
            output = output.note("The services are shown once you are signed in: agnes auth login");
        } else {
            match api.try_get::<Value>(&["api", "health", "detailed"], &[]) {
                Ok(detailed) => services = detailed.body["services"].clone(),
                Err(error) => {
                    let error = CliError::from(error);
                    output = output.warn(&error.message);
                    code = if code == 0 { error.exit } else { code };
                }
            }
        }
        for (name, service) in services.as_object().into_iter().flatten() {
            let status = service["status"].as_str().or(service["db_schema"].as_str()).unwrap_or("unknown");
            output = output.line(format_args!("  {name}: {status}"));
        }
        output.exit(code).json(&json!({"server": "reachable", "health": health.status, "services": services}))
    }
}
