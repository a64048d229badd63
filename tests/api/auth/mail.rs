use serde_json::{Value, json};

use crate::relay::{Certificate, Relay, SendGrid};
use crate::support::TestApp;

async fn invite(app: &TestApp) -> Value {
    let body = json!({ "email": "bob@example.com", "name": "Bob", "send_invite": true });
    app.admin().await.post_json("/api/users", body).await.ok()
}

#[tokio::test]
async fn starttls_and_auth() {
    let certificate = Certificate::new();
    let mut relay = Relay::starttls(&certificate, "agnes", "relay secret");
    let (port, authority) = (relay.port.to_string(), certificate.authority());
    let env = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", port.as_str()),
        ("AGNES_MAIL_CA_FILE", authority.as_str()),
        ("SMTP_USER", "agnes"),
        ("SMTP_PASSWORD", "relay secret"),
        ("SMTP_FROM", "agnes@example.com"),
        ("SERVER_URL", "https://agnes.example.com/"),
    ];
    let app = TestApp::start_with(&env).await;
    let invited = invite(&app).await;
    assert_eq!(invited["invite_email_sent"], true, "{invited}");
    let mail = relay.mail().await;
    assert_eq!(mail["headers"]["Subject"], "Set up your account");
    assert_eq!(
        (&mail["from"], &mail["tls"], &mail["user"]),
        (&json!("agnes@example.com"), &json!(true), &json!("agnes"))
    );
    let link = invited["invite_url"].as_str().unwrap();
    assert!(link.starts_with("https://agnes.example.com/auth/password/setup?email=bob%40example.com&token="), "{link}");
    assert!(mail["text"].as_str().unwrap().lines().any(|line| line == link), "{mail}");
}

#[tokio::test]
async fn implicit_tls_and_no_trust_in_strangers() {
    let certificate = Certificate::new();
    let mut relay = Relay::implicit(&certificate);
    let (port, authority) = (relay.port.to_string(), certificate.authority());
    let env = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", port.as_str()), ("SMTP_USE_TLS", "implicit")];
    let trusting = [&env[..], &[("AGNES_MAIL_CA_FILE", authority.as_str())]].concat();
    assert_eq!(invite(&TestApp::start_with(&trusting).await).await["invite_email_sent"], true);
    assert_eq!(relay.mail().await["tls"], true);
    assert_eq!(invite(&TestApp::start_with(&env).await).await["invite_email_sent"], false);
}

#[tokio::test]
async fn sendgrid() {
    for (mut service, accepted) in [
        (SendGrid::start().await, true),
        (SendGrid::refusing(401).await, false),
        (SendGrid::refusing(429).await, false),
    ] {
        let env = [
            ("SENDGRID_API_KEY", "SG.test-key"),
            ("AGNES_SENDGRID_URL", service.url.as_str()),
            ("EMAIL_FROM_ADDRESS", "Agnes <agnes@example.com>"),
            ("SMTP_HOST", "127.0.0.1"),
        ];
        let app = TestApp::start_with(&env).await;
        assert_eq!(invite(&app).await["invite_email_sent"], accepted);
        let mail = service.mail().await;
        assert_eq!(mail["from"], json!({ "email": "agnes@example.com", "name": "Agnes" }));
        assert_eq!(mail["personalizations"][0]["to"][0]["email"], "bob@example.com");
        assert_eq!(mail["tracking_settings"]["click_tracking"]["enable"], false);
    }
}

#[tokio::test]
async fn a_silent_relay_holds_up_nobody() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let app = TestApp::start_with(&[("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", port.as_str())]).await;
    app.admin().await;
    let ask = || app.post_json("/auth/email/send-link", json!({ "email": "admin@example.com" }));
    let all = async { tokio::join!(ask(), ask(), ask(), app.get("/api/health")) };
    // Less than a mail may take.
    let answers = tokio::time::timeout(std::time::Duration::from_secs(8), all).await.expect("answers at once");
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        assert_eq!(answer.status, 200);
    }
}

/// A stranger chooses the `Host` of a request, and must not choose where a mailed link leads.
#[tokio::test]
async fn without_an_address_of_its_own_the_server_mails_no_links() {
    let mut relay = Relay::plain();
    let port = relay.port.to_string();
    let smtp = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", port.as_str()), ("SMTP_USE_TLS", "false")];
    let google = [("GOOGLE_CLIENT_ID", "x"), ("GOOGLE_CLIENT_SECRET", "y"), ("SERVER_URL", "")];
    let proxy = [("FORWARDED_ALLOW_IPS", "127.0.0.1")];
    let app = TestApp::start_with(&[&smtp[..], &google, &proxy].concat()).await;
    let admin = app.admin().await;
    for header in ["host", "x-forwarded-host"] {
        let forged =
            |path, body| app.request(reqwest::Method::POST, path).header(header, "evil.example.com").body(body);
        for path in ["/auth/password/reset", "/auth/password/setup/request", "/auth/email/send-link/web"] {
            let request = forged(path, "email=admin%40example.com");
            let answer = app.send(request.header("content-type", "application/x-www-form-urlencoded")).await;
            assert!(answer.status == 200 && answer.to_string().contains("does not send email"), "{path}: {answer}");
        }
        let request = forged("/auth/email/send-link", r#"{"email": "admin@example.com"}"#);
        assert_eq!(app.send(request.header("content-type", "application/json")).await.status, 200);
        let google = app.get_with("/auth/google/login", &[(header, "evil.example.com")]).await;
        assert!(!google.to_string().contains("evil.example.com"), "{google}");
    }
    let login = app.get("/login").await.to_string();
    assert!(login.contains("Sign in with a password") && !login.contains("Google") && !login.contains("email link"));
    // An admin gets a path, which leads to the server that was asked.
    let invited = invite(&app).await;
    assert_eq!(invited["invite_email_sent"], false, "{invited}");
    assert!(invited["invite_url"].as_str().unwrap().starts_with("/auth/password/setup?email=bob"), "{invited}");
    let health = admin.get("/api/health/detailed").await.ok();
    assert_eq!((&health["status"], &health["services"]["links"]["status"]), (&json!("degraded"), &json!("warning")));
    assert!(health["services"]["links"]["detail"].as_str().unwrap().contains("SERVER_URL"), "{health}");
    assert!(relay.is_empty());
}
