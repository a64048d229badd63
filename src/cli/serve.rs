use std::io::{ErrorKind, IsTerminal};
use std::time::Duration;

use super::{CliError, Context, Output, Printer, Run, exit};
use crate::base::signals;
use crate::config::{DataDir, env_vars};
use crate::protocol::system::Health;
use crate::server::{NO_ADDRESS, Server, ServerSettings, demo, lacks_address};

/// Run the server
#[derive(clap::Args, Debug)]
pub struct Serve {
    /// Address to listen on [default: 0.0.0.0, or 127.0.0.1 with --demo] [env: AGNES_HOST]
    #[arg(long)]
    pub host: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 8000] [env: AGNES_PORT]
    #[arg(long)]
    pub port: Option<u16>,
    /// Fill an empty DATA_DIR with sample data and print how to sign in
    #[arg(long)]
    pub demo: bool,
    /// Ask the server on this machine whether it is healthy, and exit with 0 or 1
    #[arg(long, conflicts_with = "demo")]
    pub check: bool,
}

/// Timeout of `--check`.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

impl Run for Serve {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if self.check {
            return check(self, context);
        }
        crate::logging::init(&context.env)?;
        let mut config = ServerSettings::load(context.env.clone())?;
        if self.demo && !config.is_host_set {
            config.host = "127.0.0.1".into();
        }
        config.host = self.host.unwrap_or(config.host);
        config.port = self.port.unwrap_or(config.port);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(serve_until_stopped(config, self.demo, &context.printer));
        // A rebuild on a blocking thread may take long; it publishes everything or nothing.
        runtime.shutdown_timeout(Duration::from_secs(1));
        outcome.map(|()| Output::streamed())
    }
}

/// For container health checks: needs no other program, and uses the server's own settings of address and port.
fn check(args: Serve, context: &Context) -> anyhow::Result<Output> {
    let data_dir = DataDir::new(context.env.text(&env_vars::DATA_DIR))?;
    let env = context.env.clone().with_overlay(&data_dir.env_overlay())?;
    let host = args.host.as_deref().unwrap_or(env.text(&env_vars::AGNES_HOST)).trim();
    let unhealthy = |text: String| CliError::new("unhealthy", text);
    let port = args.port.map_or_else(|| env.number(&env_vars::AGNES_PORT), Ok);
    let port = port.map_err(|wrong| unhealthy(wrong.to_string()))?;
    let address = match host {
        "0.0.0.0" | "::" => format!("http://127.0.0.1:{port}"),
        host if host.contains(':') => format!("http://[{host}]:{port}"),
        host => format!("http://{host}:{port}"),
    };
    let client = context.client_for(super::credentials::server_url(&address)?, None)?;
    let ask = async { tokio::time::timeout(CHECK_TIMEOUT, client.get::<Health>(&["api", "health"], &[])).await };
    let late = |_| unhealthy(format!("{address} did not answer within {} s", CHECK_TIMEOUT.as_secs()));
    let health = context.block_on(ask)?.map_err(late)?.map_err(|error| unhealthy(error.to_string()))?;
    if lacks_address(&env) {
        context.printer.note(NO_ADDRESS);
    }
    let code = if health.status == "ok" { 0 } else { exit::FAILED };
    Output::message(&health.status).exit(code).json(&health)
}

async fn serve_until_stopped(config: ServerSettings, with_demo: bool, printer: &Printer) -> anyhow::Result<()> {
    let stop = signals::stop()?;
    let server = Server::start(config).await?;
    if with_demo {
        let access = match demo::fill(&server.app).await {
            Ok(access) => access,
            Err(error) => {
                server.app.store.close().await;
                return Err(error.into());
            }
        };
        match introduce(&server, access, printer) {
            // Whoever read this far, such as `head`, has what it wanted; the server keeps running.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
    } else if std::io::stderr().is_terminal() {
        printer.note(format!("Agnes listens on http://{}; stop it with Ctrl-C", server.address()));
    }
    Ok(server.run(stop).await?)
}

/// Prints how to sign in to the demo, and what to try next.
fn introduce(server: &Server, access: Option<demo::DemoAccess>, printer: &Printer) -> std::io::Result<()> {
    let address = format!("http://{}", server.address());
    printer.line(format!("Agnes demo   {address}"))?;
    let email = demo::ADMIN_EMAIL;
    let next = match access {
        Some(access) => {
            printer.line(format!("Admin        {email}"))?;
            printer.line(format!("Password     {}   (shown once)", access.password.expose()))?;
            printer.line(format!("Token        {}   (24 hours)", access.token.expose()))?;
            format!(
                "\nIn another terminal:\n  export AGNES_SERVER={address} AGNES_TOKEN='{}'\n  \
                 mkdir -p agnes-workspace && cd agnes-workspace\n  agnes pull\n  agnes query \"{}\"\n  \
                 agnes admin table list\n",
                access.token.expose(),
                "SELECT a.name, count(*) AS flights FROM flights f JOIN airlines a USING (carrier) GROUP BY ALL ORDER BY 2 DESC"
            )
        }
        None => format!(
            "This data directory was filled before; sign in as {email} with the password that was shown then:\n  \
             agnes auth login --server {address} --email {email}\n"
        ),
    };
    next.split('\n').try_for_each(|line| printer.line(line))
}
