use reqwest::Method;
use serde_json::json;

use crate::cli::{Context, Output, Run, commands};
use crate::protocol::audit::SecondFactorKeyRotated;

commands! {
    SecondFactorKey {
        Rotate(Rotate),
    }
}

/// Replace the key that encrypts second factors; nobody has to set theirs up again
#[derive(clap::Args, Debug)]
pub struct Rotate {}

impl Run for Rotate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let path = ["api", "admin", "second-factor-key", "rotate"];
        let answer = context.api()?.send::<SecondFactorKeyRotated>(Method::POST, &path, &json!({}))?;
        let output = Output::message(answer.body.message);
        output.line(format_args!("Encrypted anew: {}", answer.body.second_factors)).json(&answer.json)
    }
}
