//! Mail by SMTP: <https://www.rfc-editor.org/rfc/rfc5321>, with STARTTLS (RFC 3207) unless configured otherwise.

use lettre::message::{Mailbox, Message, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Mail, TIMEOUT, roots};
use crate::base::with_causes;
use crate::config::{Environment, env_vars};

/// The port for TLS from the first byte (RFC 8314).
const IMPLICIT_TLS: u16 = 465;

pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl Relay {
    pub fn new(env: &Environment, host: &str, sender: Mailbox) -> Result<Self, String> {
        let port = env.number(&env_vars::SMTP_PORT).map_err(|error| error.to_string())?;
        let mode = env.get(&env_vars::SMTP_USE_TLS).map(str::to_ascii_lowercase);
        let tls = match mode.as_deref() {
            Some("implicit") => Tls::Wrapper(parameters(env, host)?),
            None | Some("true") if port == IMPLICIT_TLS => Tls::Wrapper(parameters(env, host)?),
            // Required: without STARTTLS, neither the password nor the mail is sent.
            None | Some("true") => Tls::Required(parameters(env, host)?),
            Some(_) => Tls::None,
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls).timeout(Some(TIMEOUT));
        if let Some(user) = env.get(&env_vars::SMTP_USER) {
            let password = env.named(env_vars::SMTP_PASSWORD.name).unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.trim().to_owned(), password.to_owned()));
        }
        Ok(Self { transport: builder.build(), sender })
    }

    /// Hands a mail to the relay. The error does not name the recipient.
    pub async fn send(&self, mail: &Mail) -> Result<(), String> {
        let to: Address = mail.to.parse().map_err(|_| "the recipient is not a valid address".to_owned())?;
        let message = Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body())
            .map_err(|error| with_causes(&error))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // The relay's answer may repeat the address.
            Err(error) => Err(match error.status() {
                Some(code) => format!("the relay refused with {code}"),
                None => with_causes(&error),
            }),
        }
    }
}

fn parameters(env: &Environment, host: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(root) = roots(env, Certificate::from_pem)? {
        builder = builder.add_root_certificate(root);
    }
    builder.build().map_err(|error| format!("cannot set up TLS for mail: {}", with_causes(&error)))
}
