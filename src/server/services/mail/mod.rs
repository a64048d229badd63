//! Mail: texts with one link each, handed to a relay by SMTP or to SendGrid.
//!
//! Nobody waits for a mail that a stranger asked for, so that neither a slow relay nor a missing account shows.

mod message;
mod sendgrid;
mod smtp;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use message::{Kind, Mail};

use crate::config::{Environment, env_vars};

/// How long one mail may take, from the connection to the relay's word.
const DEADLINE: Duration = Duration::from_secs(10);
/// Mails on their way at once; a relay that is silent holds up no more than these.
const AT_ONCE: usize = 8;
/// Further mails that may wait. What comes on top is dropped, with a line in the log.
const WAITING: usize = 500;
/// How long a stopping server lets mails go out.
const FAREWELL: Duration = Duration::from_secs(3);

/// Sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<Arc<Transport>>,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
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
        Ok(Self {
            transport: transport.map(Arc::new),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        })
    }

    /// Whether there is anything to send mail with.
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends a mail some time soon. The caller learns nothing about it; what fails is logged.
    pub fn queue(&self, mail: Mail) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return mail.log_failure("too many mails are waiting");
        };
        let mailer = self.clone();
        tokio::spawn(async move {
            let Ok(_turn) = mailer.turns.acquire().await else { return };
            mailer.deliver(&mail).await;
            drop(place);
        });
    }

    /// Sends a mail now, and says whether it was accepted for delivery in time.
    pub async fn send(&self, mail: Mail) -> bool {
        let turn = tokio::time::timeout(DEADLINE, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            mail.log_failure("too many mails are on their way");
            return false;
        };
        self.deliver(&mail).await
    }

    /// Lets waiting mails go out, for a moment.
    pub async fn finish(&self) {
        let all = u32::try_from(AT_ONCE + WAITING).unwrap_or(u32::MAX);
        if tokio::time::timeout(FAREWELL, self.places.acquire_many(all)).await.is_err() {
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
        let sent = tokio::time::timeout(DEADLINE, sending).await;
        match sent.unwrap_or_else(|_| Err(format!("no answer within {} s", DEADLINE.as_secs()))) {
            Ok(()) => {
                tracing::info!(kind = mail.kind.name(), domain = mail.domain(), "mail accepted for delivery");
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
        let told = |pairs: &[(&str, &str)]| mailer(pairs).err().unwrap_or_default();
        assert!(told(&[("SMTP_FROM", "nobody")]).contains("EMAIL_FROM_ADDRESS"));
        assert!(told(&[("SMTP_HOST", "a"), ("SMTP_PORT", "many")]).contains("SMTP_PORT"));
        assert!(told(&[("SMTP_HOST", "a"), ("AGNES_MAIL_CA_FILE", "/nowhere/ca.pem")]).contains("AGNES_MAIL_CA_FILE"));
        assert!(told(&[("SENDGRID_API_KEY", "k"), ("AGNES_SENDGRID_URL", "ftp:x")]).contains("AGNES_SENDGRID_URL"));
    }
}
