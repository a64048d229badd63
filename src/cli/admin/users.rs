use reqwest::Method;

use super::listed;
use crate::cli::{CliError, Context, input};
use crate::client::Client;
use crate::protocol::users::{CreateUser, SetPassword as Password, User};

#[derive(clap::Args, Debug)]
pub struct Add {
    email: String,
    /// Name to show [default: the part of the address before @]
    #[arg(long)]
    name: Option<String>,
}

#[derive(clap::Args, Debug)]
pub struct SetPassword {
    /// E-mail address, id, or unique beginning of an id
    user: String,
    /// Read the password from stdin instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// The password itself; accepted for scripts, but every process list shows it
    #[arg(long, hide = true, conflicts_with = "password_stdin")]
    password: Option<String>,
}

pub async fn add(args: Add, client: &Client, context: &Context) -> anyhow::Result<()> {
    let name = args.name.unwrap_or_else(|| args.email.split('@').next().unwrap_or_default().to_owned());
    let request = CreateUser { email: args.email, name, send_invite: false };
    let user: User = client.send(Method::POST, &["api", "users"], &request).await.map_err(CliError::failed)?;
    context.printer.line(format_args!("Created user: {} (id: {})", user.email, user.id))?;
    Ok(())
}

pub async fn list(client: &Client, context: &Context) -> anyhow::Result<()> {
    for user in listed::<Vec<User>>(client, context, &["api", "users"], &[]).await?.unwrap_or_default() {
        let role = if user.is_admin { "admin" } else { "user" };
        let state = if user.active { "active" } else { "DEACTIVATED" };
        let id: String = user.id.chars().take(8).collect();
        context.printer.line(format_args!("  {:<30} {role:<6} {state:<12} id={id}", user.email))?;
    }
    Ok(())
}

pub async fn set_password(args: SetPassword, client: &Client, context: &Context) -> anyhow::Result<()> {
    let password = if let Some(password) = args.password {
        input::password_argument(context, password)
    } else if args.password_stdin {
        input::piped_secret("password")?
    } else {
        let first = input::hidden_prompt(context, "Password", "--password-stdin")?;
        if first != input::hidden_prompt(context, "Repeat the password", "--password-stdin")? {
            return Err(CliError::new("mismatch", "Error: the two passwords differ").into());
        }
        first
    };
    let user = find(client, &args.user).await?;
    let body = serde_json::to_value(Password { password: password.expose().to_owned() })?;
    let path = ["api", "users", &user.id, "set-password"];
    client.tell(Method::POST, &path, &body).await.map_err(CliError::failed)?;
    context.printer.line(format_args!("Password set for {}", args.user))?;
    Ok(())
}

/// The user with this address or id, or the only one whose id begins so.
pub async fn find(client: &Client, reference: &str) -> Result<User, CliError> {
    let users: Vec<User> = client.get(&["api", "users"], &[]).await.map_err(CliError::failed)?;
    let exact = |user: &&User| user.id.eq_ignore_ascii_case(reference) || user.email.eq_ignore_ascii_case(reference);
    if let Some(user) = users.iter().find(exact) {
        return Ok(user.clone());
    }
    let mut beginning = users.into_iter().filter(|user| reference.len() >= 4 && user.id.starts_with(reference));
    match (beginning.next(), beginning.next()) {
        (Some(user), None) => Ok(user),
        (Some(_), Some(_)) => Err(CliError::new("ambiguous", format!("Several users have an id like: {reference}"))),
        _ => Err(CliError::new("not_found", format!("User not found: {reference}"))),
    }
}
