//! Mail: texts with one link each, handed to a relay by SMTP or to SendGrid.
//!
//! Requests of unauthenticated callers do not wait for a mail, so that neither a slow relay nor a missing account shows.

mod sendgrid;
mod smtp;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;

use crate::base::concurrency::ConcurrencyLimit;
use crate::base::with_causes;
use crate::config::{Environment, env_vars};
use crate::store::one_time::Purpose;

/// Limit for one mail, from the connection to the relay's answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A relay that does not answer holds up no more mails than these.
const MAX_CONCURRENT: usize = 8;
/// Further mails are dropped, with a line in the log.
const MAX_WAITING: usize = 500;
/// How long a stopping server lets mails go out.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// A mail with one link. Not `Debug`: the link is a secret.
pub struct Mail {
    pub purpose: Purpose,
    /// Its recipient requested it, rather than an admin.
    pub is_requested: bool,
    pub to: String,
    pub link: String,
}

impl Mail {
    /// For the log.
    fn kind(&self) -> &'static str {
        match self.purpose {
            Purpose::MagicLink => "magic link",
            Purpose::Reset => "password reset",
            Purpose::Setup => "password setup",
        }
    }

    fn subject(&self) -> &'static str {
        match self.purpose {
            Purpose::MagicLink => "Login Link",
            Purpose::Reset => "Reset your password",
            Purpose::Setup => "Set up your account",
        }
    }

    /// Plain text. The link stands alone on a line, so that mail programs do not break it.
    fn body(&self) -> String {
        let time = match self.purpose {
            Purpose::Reset if !self.is_requested => "24 hours",
            Purpose::Setup if !self.is_requested => "7 days",
            _ => "10 minutes",
        };
        let (before, after) = match self.purpose {
            Purpose::MagicLink => ("sign in", "If you did not request it, ignore this mail."),
            Purpose::Reset => {
                ("choose a new password", "If you did not request it, ignore this mail: your password stays the same.")
            }
            Purpose::Setup => ("choose your password", "If you did not expect this mail, ignore it."),
        };
        format!("Open this link within {time} to {before}. It works once:\n\n{}\n\n{after}\n", self.link)
    }

    fn domain(&self) -> &str {
        self.to.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Logs neither the link nor the recipient.
    fn log_failure(&self, reason: &str) {
        tracing::warn!(kind = self.kind(), domain = self.domain(), reason, "mail not sent");
    }
}

/// Sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<Arc<Transport>>,
    limit: ConcurrencyLimit,
}

enum Transport {
    SendGrid(sendgrid::SendGrid),
    Smtp(smtp::Relay),
}

impl Mailer {
    /// Reads the settings; the error says what is wrong with them.
    pub fn new(env: &Environment) -> Result<Self, String> {
        let sender = sender(env)?;
        let transport = if let Some(key) = env.secret(&env_vars::SENDGRID_API_KEY) {
            Some(Transport::SendGrid(sendgrid::SendGrid::new(env, key, sender)?))
        } else if let Some(host) = env.get(&env_vars::SMTP_HOST) {
            Some(Transport::Smtp(smtp::Relay::new(env, host.trim(), sender)?))
        } else {
            None
        };
        Ok(Self { transport: transport.map(Arc::new), limit: ConcurrencyLimit::new(MAX_CONCURRENT, MAX_WAITING) })
    }

    /// Returns whether mail can be sent.
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends a mail in the background. Failures are logged, not reported.
    pub fn queue(&self, mail: Mail) {
        let Ok(reservation) = self.limit.reserve() else { return mail.log_failure("too many mails are waiting") };
        let mailer = self.clone();
        tokio::spawn(async move {
            let _permit = reservation.acquire().await;
            mailer.deliver(&mail).await;
        });
    }

    /// Sends a mail now, and returns whether it was accepted for delivery in time.
    pub async fn send(&self, mail: Mail) -> bool {
        let Ok(Ok(_permit)) = tokio::time::timeout(TIMEOUT, self.limit.acquire()).await else {
            mail.log_failure("too many mails are waiting");
            return false;
        };
        self.deliver(&mail).await
    }

    /// Waits for queued mails, for a limited time.
    pub async fn finish(&self) {
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.limit.idle()).await.is_err() {
            tracing::warn!("some mails were not sent before the server stopped");
        }
    }

    async fn deliver(&self, mail: &Mail) -> bool {
        let Some(transport) = &self.transport else { return false };
        let sending = async {
            match transport.as_ref() {
                Transport::SendGrid(sendgrid) => sendgrid.send(mail).await,
                Transport::Smtp(relay) => relay.send(mail).await,
            }
        };
        let sent = tokio::time::timeout(TIMEOUT, sending).await;
        match sent.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs()))) {
            Ok(()) => {
                tracing::info!(kind = mail.kind(), domain = mail.domain(), "mail accepted for delivery");
                true
            }
            Err(reason) => {
                mail.log_failure(&reason);
                false
            }
        }
    }
}

fn sender(env: &Environment) -> Result<Mailbox, String> {
    let configured = env.get(&env_vars::EMAIL_FROM_ADDRESS).or_else(|| env.get(&env_vars::SMTP_FROM));
    let text = configured.unwrap_or("noreply@example.com").trim();
    let problem = "is not a valid address; write agnes@example.com or Agnes <…>";
    text.parse().map_err(|_| format!("EMAIL_FROM_ADDRESS or SMTP_FROM: '{text}' {problem}"))
}

/// The additional root certificates for TLS, if any are configured.
fn roots<T, E: Error + 'static>(env: &Environment, parse: fn(&[u8]) -> Result<T, E>) -> Result<Option<T>, String> {
    let Some(path) = env.get(&env_vars::AGNES_MAIL_CA_FILE) else { return Ok(None) };
    let broken = |reason: String| format!("AGNES_MAIL_CA_FILE: {path}: {reason}");
    let pem = std::fs::read(path).map_err(|error| broken(error.to_string()))?;
    parse(&pem).map(Some).map_err(|error| broken(with_causes(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(pairs: &[(&str, &str)]) -> Result<Mailer, String> {
        Mailer::new(&Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn sendgrid_wins_and_nothing_is_needed() {
        assert!(!mailer(&[]).unwrap().is_configured());
        let both = mailer(&[("SENDGRID_API_KEY", "SG.x"), ("SMTP_HOST", "mail.example.com")]).unwrap();
        assert!(matches!(both.transport.as_deref(), Some(Transport::SendGrid(_))));
        let smtp = mailer(&[("SMTP_HOST", "mail.example.com"), ("SMTP_USE_TLS", "TRUE")]).unwrap();
        assert!(matches!(smtp.transport.as_deref(), Some(Transport::Smtp(_))));
    }

    #[test]
    fn wrong_settings_are_named() {
        let error = |pairs: &[(&str, &str)]| mailer(pairs).err().unwrap_or_default();
        assert!(error(&[("SMTP_FROM", "nobody")]).contains("EMAIL_FROM_ADDRESS"));
        assert!(error(&[("SMTP_HOST", "a"), ("SMTP_PORT", "many")]).contains("SMTP_PORT"));
        assert!(error(&[("SMTP_HOST", "a"), ("AGNES_MAIL_CA_FILE", "/nowhere/ca.pem")]).contains("AGNES_MAIL_CA_FILE"));
        assert!(error(&[("SENDGRID_API_KEY", "k"), ("AGNES_SENDGRID_URL", "ftp:x")]).contains("AGNES_SENDGRID_URL"));
    }
}
