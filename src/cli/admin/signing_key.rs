use reqwest::Method;
use serde_json::json;

use crate::cli::{Context, Output, Run, commands};
use crate::protocol::audit::KeyRotated;

commands! {
    SigningKey {
        Rotate(Rotate),
    }
}

/// Replace the key that signs sessions
#[derive(clap::Args, Debug)]
pub struct Rotate {}

impl Run for Rotate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let path = ["api", "admin", "signing-key", "rotate"];
        let answer = context.api()?.send::<KeyRotated>(Method::POST, &path, &json!({}))?;
        let output = Output::message(answer.body.message);
        let until = answer.body.previous_valid_until;
        let output = until.into_iter().fold(output, |output, until| {
            output.line(format_args!("Sessions of the previous key stay valid until {until} (UTC)."))
        });
        output.json(&answer.json)
    }
}
