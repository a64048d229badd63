//! `agnes setup`: the first steps with a new server, for its operator.

mod bootstrap;
mod connection;
mod first_sync;
mod init;
mod verify;

use super::{Api, Context, commands};

commands! {
    Setup {
        Init(init::Init),
        Bootstrap(bootstrap::Bootstrap),
        TestConnection(connection::TestConnection),
        FirstSync(first_sync::FirstSync),
        Verify(verify::Verify),
    }
}

/// The API of the server, with a token if there is one for it.
fn api(context: &Context) -> anyhow::Result<Api> {
    let server = context.server()?;
    let token = context.token(&server)?.map(|(token, _)| token);
    context.api_of(context.client_for(server, token)?)
}
