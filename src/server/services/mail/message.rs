//! What mails say.

use lettre::message::Mailbox;

use crate::config::{Environment, env_vars};

/// Why a mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    MagicLink,
    Reset,
    /// An invitation, or somebody who asked for access.
    Setup,
}

/// A mail with one link. `Debug` is left out on purpose: the link is a secret.
pub struct Mail {
    pub kind: Kind,
    pub to: String,
    pub link: String,
}

impl Kind {
    /// For the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::MagicLink => "magic link",
            Self::Reset => "password reset",
            Self::Setup => "password setup",
        }
    }

    pub(super) fn subject(self) -> &'static str {
        match self {
            Self::MagicLink => "Login Link",
            Self::Reset => "Reset your password",
            Self::Setup => "Set up your account",
        }
    }
}

impl Mail {
    /// Plain text. The link stands alone on a line, so that no mail program cuts it.
    pub(super) fn body(&self) -> String {
        let (before, after) = match self.kind {
            Kind::MagicLink => (
                "Login link, good for one hour and for one use:",
                "If you did not ask for it, you need not do anything.",
            ),
            Kind::Reset => (
                "Open this link within 24 hours to choose a new password:",
                "If you did not ask for it, you need not do anything: your password stays as it is.",
            ),
            Kind::Setup => (
                "Open this link within 7 days to choose your password:",
                "If you do not know what this is about, you need not do anything.",
            ),
        };
        format!("{before}\n\n{}\n\n{after}\n", self.link)
    }

    /// Where it goes, without the person.
    pub(super) fn domain(&self) -> &str {
        self.to.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Neither the link nor the person is logged.
    pub(super) fn log_failure(&self, reason: &str) {
        tracing::warn!(kind = self.kind.name(), domain = self.domain(), reason, "mail not sent");
    }
}

/// Whom mails come from.
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
            format!("EMAIL_FROM_ADDRESS or SMTP_FROM: '{text}' is no address; write agnes@example.com or Agnes <…>")
        })
    }
}
