//! Mail by SMTP: <https://www.rfc-editor.org/rfc/rfc5321>, with STARTTLS (RFC 3207) unless told otherwise.

use lettre::message::{Mailbox, Message, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::DEADLINE;
use super::message::{Mail, Sender};
use crate::base::with_causes;
use crate::config::{Environment, env_vars};

/// The port on which TLS begins with the first byte (RFC 8314).
const IMPLICIT_TLS: u16 = 465;

pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
}

impl Relay {
    pub fn new(env: &Environment, host: &str, sender: Sender) -> Result<Self, String> {
        let port = env.number(&env_vars::SMTP_PORT, 587_u16)?;
        let wanted = env.get(&env_vars::SMTP_USE_TLS).map(|text| text.trim().to_ascii_lowercase());
        let tls = match wanted.as_deref() {
            Some("implicit") => Tls::Wrapper(parameters(env, host)?),
            None | Some("true") if port == IMPLICIT_TLS => Tls::Wrapper(parameters(env, host)?),
            // Required: a relay, or somebody in between, that does not offer it gets neither password nor mail.
            None | Some("true") => Tls::Required(parameters(env, host)?),
            Some(_) => Tls::None,
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls).timeout(Some(DEADLINE));
        if let Some(user) = env.get(&env_vars::SMTP_USER) {
            let password = env.get(&env_vars::SMTP_PASSWORD).unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.trim().to_owned(), password.to_owned()));
        }
        Ok(Self { transport: builder.build(), sender })
    }

    /// Hands a mail to the relay, or says why that failed, without naming whom it is for.
    pub async fn send(&self, mail: &Mail) -> Result<(), String> {
        let to: Address = mail.to.parse().map_err(|_| "the recipient is no address".to_owned())?;
        let message = Message::builder()
            .from(self.sender.0.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.kind.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body())
            .map_err(|error| with_causes(&error))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // The relay's own words may repeat the address.
            Err(error) => Err(match error.status() {
                Some(code) => format!("the relay refused with {code}"),
                None => with_causes(&error),
            }),
        }
    }
}

fn parameters(env: &Environment, host: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = env.get(&env_vars::AGNES_MAIL_CA_FILE) {
        let broken = |reason: String| format!("AGNES_MAIL_CA_FILE: {path}: {reason}");
        let pem = std::fs::read(path).map_err(|error| broken(error.to_string()))?;
        builder =
            builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| broken(with_causes(&error)))?);
    }
    builder.build().map_err(|error| format!("TLS cannot be set up for mail: {}", with_causes(&error)))
}
