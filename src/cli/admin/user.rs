//! `agnes admin user`

use reqwest::Method;
use serde_json::json;

use crate::cli::admin::lookup::{self, USERS};
use crate::cli::{Context, Output, Run, Table, commands, input};
use crate::protocol::access::EffectiveAccess;
use crate::protocol::users::{self, CreateUser, ResetLink};

commands! {
    User {
        Add(Add),
        List(List),
        Access(Access),
        Activate(Activate),
        Deactivate(Deactivate),
        SetPassword(SetPassword),
        ResetPassword(ResetPassword),
        ResetSecondFactor(ResetSecondFactor),
        Remove(Remove),
    }
}

/// Create a user
#[derive(clap::Args, Debug)]
pub struct Add {
    /// E-mail address
    email: String,
    /// Display name [default: the part of the address before @]
    #[arg(long)]
    name: Option<String>,
}

impl Run for Add {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let name = self.name.unwrap_or_else(|| self.email.split('@').next().unwrap_or_default().to_owned());
        let request = CreateUser { email: self.email, name, send_invite: false };
        let answer = context.api()?.send::<users::User>(Method::POST, &USERS, &request)?;
        let user = &answer.body;
        Output::message(format_args!("Created user: {} (id: {})", user.email, user.id)).json(&answer.json)
    }
}

/// List users
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let users = context.api()?.get::<Vec<users::User>>(&USERS, &[])?;
        let output = users.body.iter().fold(Output::default(), |output, user| {
            let role = if user.is_admin { "admin" } else { "user" };
            let state = if user.active { "active" } else { "DEACTIVATED" };
            output.line(format_args!("  {:<30} {role:<6} {state:<12} id={:.8}", user.email, user.id))
        });
        output.json(&users.json)
    }
}

/// Show what a user may read, and through which groups
#[derive(clap::Args, Debug)]
pub struct Access {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for Access {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        let access = api.get::<EffectiveAccess>(&["api", "admin", "users", &user.id, "effective-access"], &[])?;
        let mut output = Output::default();
        if access.body.is_admin {
            output = output.line(format_args!("{} is an admin and may use everything.", user.email));
        }
        let mut table = Table::listing([("RESOURCE TYPE", 22), ("RESOURCE ID", 40), ("THROUGH", 0)]);
        for item in &access.body.items {
            let groups: Vec<&str> = item.via_groups.iter().map(|group| group.group_name.as_str()).collect();
            table.row([&item.resource_type, &item.resource_id, &groups.join(", ")]);
        }
        match access.body.items.is_empty() {
            true => output.line(format_args!("{} has no grants.", user.email)),
            false => output.table(table),
        }
        .json(&access.json)
    }
}

/// Reactivate a deactivated user
#[derive(clap::Args, Debug)]
pub struct Activate {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

/// Deactivate a user; sessions and tokens end immediately
#[derive(clap::Args, Debug)]
pub struct Deactivate {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for Activate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        change(&self.user, "activate", "Activated", context)
    }
}

impl Run for Deactivate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        change(&self.user, "deactivate", "Deactivated", context)
    }
}

fn change(reference: &str, verb: &str, done: &str, context: &Context) -> anyhow::Result<Output> {
    let api = context.api()?;
    let user = lookup::user(&api, reference)?;
    api.call(Method::POST, &["api", "users", &user.id, verb])?;
    Ok(Output::message(format_args!("{done} {reference}")))
}

/// Set a user's password
#[derive(clap::Args, Debug)]
pub struct SetPassword {
    /// E-mail address, id, or unique prefix of an id
    user: String,
    #[command(flatten)]
    password: input::PasswordOptions,
}

impl Run for SetPassword {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let password = match self.password.given(context)? {
            Some(password) => password,
            None => input::new_password(context)?,
        };
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        let request = users::SetPassword { password: password.expose().to_owned() };
        api.tell(Method::POST, &["api", "users", &user.id, "set-password"], &request)?;
        Ok(Output::message(format_args!("Password set for {}", self.user)))
    }
}

/// Create a link for choosing a new password, and email it if email is configured
#[derive(clap::Args, Debug)]
pub struct ResetPassword {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for ResetPassword {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        let path = ["api", "users", &user.id, "reset-password"];
        let link = api.send::<ResetLink>(Method::POST, &path, &json!({}))?;
        // A server that does not know its own address returns a path.
        let url = context.server()?.join(&link.body.reset_url)?;
        Output::message(format_args!("Reset URL: {url}"))
            .line(format_args!("Email sent: {}", if link.body.email_sent { "True" } else { "False" }))
            .json(&link.json)
    }
}

/// Remove the second factor of somebody who has lost it
#[derive(clap::Args, Debug)]
pub struct ResetSecondFactor {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for ResetSecondFactor {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        api.call(Method::DELETE, &["api", "users", &user.id, "second-factor"])?;
        Ok(Output::message(format_args!("{} can sign in without a second factor.", self.user)))
    }
}

/// Remove a user
#[derive(clap::Args, Debug)]
pub struct Remove {
    /// E-mail address, id, or unique prefix of an id
    user: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Run for Remove {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        input::confirm(&format!("Remove {}?", user.email), self.yes, context)?;
        api.call(Method::DELETE, &["api", "users", &user.id])?;
        Ok(Output::message("User removed."))
    }
}
