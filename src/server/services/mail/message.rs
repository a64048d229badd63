//! The texts of mails.

use lettre::message::Mailbox;

use crate::config::{Environment, env_vars};
use crate::store::one_time::Purpose;

/// A mail with one link. Not `Debug`: the link is a secret.
pub struct Mail {
    pub purpose: Purpose,
    pub to: String,
    pub link: String,
}

impl Mail {
    /// For the log.
    pub(super) fn kind(&self) -> &'static str {
        match self.purpose {
            Purpose::MagicLink => "magic link",
            Purpose::Reset => "password reset",
            Purpose::Setup => "password setup",
        }
    }

    pub(super) fn subject(&self) -> &'static str {
        match self.purpose {
            Purpose::MagicLink => "Login Link",
            Purpose::Reset => "Reset your password",
            Purpose::Setup => "Set up your account",
        }
    }

    /// Plain text. The link stands alone on a line, so that mail programs do not break it.
    pub(super) fn body(&self) -> String {
        let (before, after) = match self.purpose {
            Purpose::MagicLink => (
                "Sign in with this link. It works once, within one hour:",
                "If you did not request it, ignore this mail.",
            ),
            Purpose::Reset => (
                "Open this link within 24 hours to choose a new password:",
                "If you did not request it, ignore this mail: your password stays the same.",
            ),
            Purpose::Setup => {
                ("Open this link within 7 days to choose your password:", "If you did not expect this mail, ignore it.")
            }
        };
        format!("{before}\n\n{}\n\n{after}\n", self.link)
    }

    /// The recipient's domain.
    pub(super) fn domain(&self) -> &str {
        self.to.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Logs neither the link nor the recipient.
    pub(super) fn log_failure(&self, reason: &str) {
        tracing::warn!(kind = self.kind(), domain = self.domain(), reason, "mail not sent");
    }
}

/// The sender of mails.
#[derive(Clone)]
pub(super) struct Sender(pub Mailbox);

impl Sender {
    pub fn of(env: &Environment) -> Result<Self, String> {
        let text = env
            .get(&env_vars::EMAIL_FROM_ADDRESS)
            .or_else(|| env.get(&env_vars::SMTP_FROM))
            .unwrap_or("noreply@example.com")
            .trim();
        text.parse().map(Self).map_err(|_| {
            format!(
                "EMAIL_FROM_ADDRESS or SMTP_FROM: '{text}' is not a valid address; write agnes@example.com or Agnes <…>"
            )
        })
    }
}
