//! Mail in tests: a real relay (aiosmtpd, a Python package), and a stand-in for SendGrid.

mod sendgrid;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tokio::sync::mpsc;

pub use sendgrid::SendGrid;

/// How long a mail may take to arrive before a test gives up.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A mail relay in another process. It ends with this value.
pub struct Relay {
    pub port: u16,
    child: Child,
    mails: mpsc::UnboundedReceiver<Value>,
}

impl Relay {
    /// Neither TLS nor AUTH.
    pub fn plain() -> Self {
        Self::start(&["plain"])
    }

    /// Refuses everything before STARTTLS and AUTH.
    pub fn starttls(certificate: &Certificate, user: &str, password: &str) -> Self {
        Self::start(&["starttls", &certificate.chain(), &certificate.key(), user, password])
    }

    /// TLS from the first byte.
    pub fn implicit(certificate: &Certificate) -> Self {
        Self::start(&["implicit", &certificate.chain(), &certificate.key()])
    }

    fn start(args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mail/relay.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a Python that starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.next().expect("the relay's port").expect("text").parse().expect("a port");
        let (sender, mails) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("a mail"));
            }
        });
        Self { port, child, mails }
    }

    /// The next mail.
    pub async fn mail(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.mails.recv()).await.expect("a mail in time").expect("a relay that runs")
    }

    /// The link in the next mail, as a path of the server.
    pub async fn link(&mut self) -> String {
        path_of_link(self.mail().await["text"].as_str().expect("a text"))
    }

    /// Whether no mail has arrived.
    pub fn is_empty(&mut self) -> bool {
        self.mails.try_recv().is_err()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path and query of the one address in a text.
pub fn path_of_link(text: &str) -> String {
    let link = text.split_whitespace().find(|word| word.starts_with("http")).expect("a link");
    let url = url::Url::parse(link).expect("an address");
    url[url::Position::BeforePath..].to_owned()
}

/// A certificate for 127.0.0.1 and localhost, and the authority that signed it.
pub struct Certificate {
    dir: tempfile::TempDir,
}

impl Certificate {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let run = |args: &[&str]| {
            let ran = Command::new("openssl").args(args).current_dir(dir.path()).output().expect("openssl");
            assert!(ran.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let authority = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2"];
        run(&[&authority[..], &key].concat());
        run(&[&["req", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=relay"][..], &key].concat());
        let names =
            "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n";
        std::fs::write(dir.path().join("names"), names).expect("a writable directory");
        let sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        run(&[&sign[..], &["-out", "leaf.pem", "-days", "2", "-extfile", "names"]].concat());
        Self { dir }
    }

    /// The authority, to be trusted.
    pub fn authority(&self) -> String {
        self.file("ca.pem")
    }

    fn chain(&self) -> String {
        self.file("leaf.pem")
    }

    fn key(&self) -> String {
        self.file("leaf.key")
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_string_lossy().into_owned()
    }
}

/// A Python that has aiosmtpd: the one of the environment below the cache directory, which is made where it is missing.
fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON
        .get_or_init(|| {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/mail-relay");
            let ran = Command::new(script).output().expect(".ci/mail-relay");
            assert!(
                ran.status.success(),
                "the tests of mail need python3 with venv and pip, to install aiosmtpd; .ci/run installs them: {}",
                String::from_utf8_lossy(&ran.stderr)
            );
            PathBuf::from(String::from_utf8_lossy(&ran.stdout).trim())
        })
        .clone()
}

/// A request with these fields as a form.
pub fn urlencoded(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}
