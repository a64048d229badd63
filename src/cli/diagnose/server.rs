//! Checks of the server, and of what it lets this person do.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::Value;

use super::check::Check;
use super::here::some;
use crate::base::{is_this_machine, time};
use crate::cli::CliError;
use crate::client::{Client, ClientError};
use crate::protocol::auth::Me;
use crate::protocol::vocabulary::QueryMode;

const CONCURRENCY: usize = 8;
/// Beyond this, tokens that are short-lived or fresh are refused.
const CLOCK_TOLERANCE: i64 = 60;
/// In seconds; a session lasts a day anyway.
const EXPIRES_SOON: i64 = 7 * 24 * 3600;
const SESSION_EXPIRES_SOON: i64 = 3600;

pub async fn checks(client: &Client, has_token: bool) -> Vec<Check> {
    let started = Instant::now();
    let (health, clock) = match client.health().await {
        Ok(answer) => answer,
        Err(error) => return vec![failed("api", error)],
    };
    let took = started.elapsed();
    let mut checks = vec![api(&health.status, took), encryption(client)];
    checks.extend(clock.map(self::clock));
    if !has_token {
        let action = "Run: agnes auth login, or: agnes auth import-token";
        checks.push(Check::error("token", "not signed in to this server", action));
        return checks;
    }
    match client.me().await {
        Ok(me) => checks.push(token(&me)),
        // An older server.
        Err(ClientError::Status { status: 404, .. }) => {
            checks.push(Check::unknown("token", "the server is too old to say"))
        }
        Err(error) => {
            checks.push(failed("token", error));
            return checks;
        }
    }
    checks.push(tables(client).await);
    if let Ok(detailed) = client.get::<Value>(&["api", "health", "detailed"], &[]).await {
        let services = detailed["services"].as_object().into_iter().flatten();
        checks.extend(services.map(|(name, service)| Check::of_server(name, service)));
    }
    checks
}

fn failed(name: &str, error: ClientError) -> Check {
    let error = CliError::from(error);
    let action = error.hint.clone().unwrap_or_else(|| "Ask an admin of the server.".into());
    Check::error(name, error.message, action)
}

fn api(status: &str, took: Duration) -> Check {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let check = match status {
        "ok" => Check::ok("api", format!("{ms} ms")),
        other => Check::error("api", format!("it says that it is {other}"), "Tell an admin of the server."),
    };
    check.fact("latency_ms", ms)
}

fn encryption(client: &Client) -> Check {
    let address = client.address();
    match address.scheme() {
        "https" => Check::ok("tls", "the certificate is trusted"),
        _ if is_this_machine(address) => Check::ok("tls", "not needed on this machine"),
        _ => Check::warning(
            "tls",
            "the connection is not encrypted, so others on the network can read token and data",
            "Use an address that begins with https://, and ask an admin for one.",
        ),
    }
}

fn clock(theirs: Timestamp) -> Check {
    let ahead = time::now().as_second() - theirs.as_second();
    match ahead.abs() {
        0..=CLOCK_TOLERANCE => Check::ok("clock", "as the server's"),
        off => {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            let detail = format!("this machine's clock is {off} seconds {side} the server's");
            Check::warning("clock", detail, "Set the clock, or switch time synchronization on.")
        }
    }
}

fn token(me: &Me) -> Check {
    let expires = me.auth.expires_at.as_deref();
    let until = expires.and_then(time::parse).map(|end| end.as_second() - time::now().as_second());
    let soon = if me.auth.kind == "session" { SESSION_EXPIRES_SOON } else { EXPIRES_SOON };
    match until {
        Some(seconds) if seconds < soon => Check::warning(
            "token",
            format!("{}, but the token expires in {} minutes", me.email, seconds.max(0) / 60),
            "Make a new one: agnes auth token create --name NAME, or: agnes auth login",
        ),
        _ => Check::ok("token", format!("{}, valid until {}", me.email, expires.unwrap_or("it is revoked"))),
    }
}

/// Whether each table that the server offers can be downloaded.
async fn tables(client: &Client) -> Check {
    let manifest = match client.manifest().await {
        Ok(manifest) => manifest,
        Err(error) => return failed("tables", error),
    };
    let offered = manifest.tables.iter().filter(|(_, table)| table.query_mode != QueryMode::Remote);
    let names: Vec<_> = offered.map(|(name, _)| name.as_str()).collect();
    let answers: Vec<_> = futures_util::stream::iter(&names)
        .map(|name| async move { (*name, client.may_download(name).await) })
        .buffered(CONCURRENCY)
        .collect()
        .await;
    // Servers of v0.35 do not know the question (405).
    let refused = answers.iter().filter(|(_, answer)| answer.as_ref().is_err_and(|it| it.any_status() != Some(405)));
    let refused: Vec<_> = refused.collect();
    let total = names.len();
    match refused.first() {
        None if total == 0 => Check::warning("tables", "the server offers you no tables", "Ask an admin for a grant."),
        None => Check::ok("tables", format!("{total} tables can be downloaded")).fact("tables", total),
        Some((first, answer)) => {
            let reason = answer.as_ref().err().map(ClientError::detail).unwrap_or_default();
            let tables: Vec<_> = refused.iter().map(|(name, _)| *name).collect();
            Check::error(
                "tables",
                format!("{} of {total} cannot be downloaded: {} ({first}: {reason})", refused.len(), some(&tables)),
                "Try again; if it stays, tell an admin of the server.",
            )
        }
    }
}
