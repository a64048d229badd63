//! Input that people type or pipe in.

use std::io::{self, BufRead, IsTerminal, Read};

use super::{CliError, Context};
use crate::base::platform::terminal;
use crate::base::secret::Secret;

/// All of standard input without the final line break.
pub fn piped_secret(what: &str) -> Result<Secret, CliError> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| CliError::new("input", format!("cannot read the {what} from stdin: {error}")))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(CliError::usage(format!("stdin holds no {what}"))),
        text => Ok(Secret::new(text)),
    }
}

/// The token on standard input, for `--token-stdin`.
pub fn piped_token(context: &Context) -> Result<Secret, CliError> {
    if context.globals.token.is_some() {
        return Err(CliError::usage("give either --token or --token-stdin, not both"));
    }
    Ok(Secret::new(piped_secret("token")?.expose().trim()))
}

/// Options for giving a password without being asked for it.
#[derive(clap::Args, Debug)]
pub struct PasswordOptions {
    /// Read the password from stdin instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// The password itself; accepted for scripts, but visible in process lists
    #[arg(long, hide = true, conflicts_with = "password_stdin")]
    password: Option<String>,
}

impl PasswordOptions {
    /// The password, if one of the options was given.
    pub fn given(self, context: &Context) -> Result<Option<Secret>, CliError> {
        if let Some(password) = self.password {
            context.printer.warn("--password shows in process lists and shell history; use --password-stdin instead");
            return Ok(Some(Secret::new(password)));
        }
        self.password_stdin.then(|| piped_secret("password")).transpose()
    }
}

/// Asks for a new password, twice.
pub fn new_password(context: &Context) -> Result<Secret, CliError> {
    let first = hidden_prompt(context, "Password", "--password-stdin")?;
    match hidden_prompt(context, "Repeat the password", "--password-stdin")? == first {
        true => Ok(first),
        false => Err(CliError::new("mismatch", "the two passwords differ")),
    }
}

/// Asks for one line without showing what is typed.
pub fn hidden_prompt(context: &Context, question: &str, option: &str) -> Result<Secret, CliError> {
    let _echo_off = terminal::Hidden::stdin();
    let answer = prompt(context, question, option);
    if io::stdin().is_terminal() {
        context.printer.end_line();
    }
    answer.map(Secret::new)
}

/// Asks for one line.
pub fn prompt(context: &Context, question: &str, option: &str) -> Result<String, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::usage(format!("no {} given", question.to_lowercase())).hint(format!("Use {option}.")));
    }
    context.printer.ask(question);
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(read) if read > 0 => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => Err(CliError::bare("aborted", "Aborted.")),
    }
}

/// Asks for confirmation of something that cannot be undone. Without a terminal, `--yes` is required.
pub fn confirm(question: &str, yes: bool, context: &Context) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(CliError::usage(format!("not confirmed: {question}")).hint("Add --yes."));
    }
    let answer = prompt(context, &format!("{question} [y/N]"), "--yes")?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::bare("aborted", "Aborted.")),
    }
}
