use reqwest::Method;

use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::audit::KeyRotated;

pub async fn rotate(client: &Client, context: &Context) -> anyhow::Result<()> {
    let path = ["api", "admin", "signing-key", "rotate"];
    let rotated: KeyRotated =
        client.send(Method::POST, &path, &serde_json::json!({})).await.map_err(CliError::failed)?;
    context.printer.line(rotated.message)?;
    if let Some(until) = rotated.previous_valid_until {
        context.printer.line(format_args!("Sessions of the key before go on until {until} (UTC)."))?;
    }
    Ok(())
}
