//! Mail: texts with one link each, handed to a relay by SMTP or to SendGrid.
//!
//! Requests of unauthenticated callers do not wait for a mail, so that neither a slow relay nor a missing account shows.

mod message;
mod sendgrid;
mod smtp;

use std::sync::Arc;
use std::time::Duration;

pub use message::Mail;

use crate::base::concurrency::ConcurrencyLimit;
use crate::config::{Environment, env_vars};

/// Limit for one mail, from the connection to the relay's answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A relay that does not answer holds up no more mails than these.
const MAX_CONCURRENT: usize = 8;
/// Further mails are dropped, with a line in the log.
const MAX_WAITING: usize = 500;
/// How long a stopping server lets mails go out.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

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
        let sender = message::Sender::of(env)?;
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
