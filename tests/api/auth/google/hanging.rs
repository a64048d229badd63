//! A provider that does not answer holds up nobody but those who asked for it, and those not for ever.

use std::time::{Duration, Instant};

use super::{admitted, refused, start_with};
use crate::google::Fault;
use crate::support::people::{ADMIN, PASSWORD};

/// What one request to Google may take.
const TIMEOUT: (&str, &str) = ("AGNES_GOOGLE_TIMEOUT", "2");
/// More than all requests of one sign-in may take together.
const BOUND: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_silent_provider_is_given_up_on_while_the_server_goes_on() {
    let (google, app) = start_with(&[TIMEOUT], "").await;
    app.admin().await;
    let browsers: Vec<_> = (0..20).map(|_| google.browser(&app, "ann@acme.com")).collect();
    for (part, fault) in [
        ("/.well-known/openid-configuration", Fault::Hang),
        ("/.well-known/openid-configuration", Fault::Drip),
        ("/oauth2/v3/certs", Fault::Hang),
        ("/token", Fault::Hang),
        ("/token", Fault::Drip),
    ] {
        let mut paths = vec!["/auth/google/login".to_owned(); browsers.len()];
        if part == "/token" {
            for (path, browser) in paths.iter_mut().zip(&browsers) {
                *path = browser.agree("/auth/google/login").await;
            }
        }
        let seen = google.count(part);
        google.fault(part, fault, 1000);
        let begun = Instant::now();
        // More at once than the server has threads.
        let signing_in = async {
            let tries = browsers.iter().zip(&paths).map(|(browser, path)| browser.open(path));
            let answers = futures_util::future::join_all(tries).await;
            assert!(answers.iter().all(|answer| refused(answer) == "oauth_failed"), "{part}");
            Instant::now()
        };
        let others = async {
            while google.count(part) == seen {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            for _ in 0..5 {
                app.get("/api/health").await.ok();
            }
            app.sign_in(ADMIN, PASSWORD).await.get("/auth/me").await.ok();
            Instant::now()
        };
        let (given_up, served) = tokio::time::timeout(BOUND, async { tokio::join!(signing_in, others) }).await.unwrap();
        assert!(served < given_up, "{part}: others waited for Google");
        assert!(begun.elapsed() < BOUND);
        assert!(google.count(part) >= seen + browsers.len(), "{part}: all of them asked");
        google.recover();
    }
    admitted(&browsers[0].sign_in().await);
}

#[tokio::test]
async fn silence_about_groups_keeps_nobody_out() {
    let env = [TIMEOUT, ("GOOGLE_ADMIN_SDK_SUBJECT", crate::google::SUBJECT)];
    let (google, app) = start_with(&env, "").await;
    google.members("ann@acme.com", &["eng@acme.com"]);
    let browser = google.browser(&app, "ann@acme.com");
    admitted(&browser.sign_in().await);
    google.members("ann@acme.com", &["other@acme.com"]);
    for (part, fault) in
        [("/computeMetadata/", Fault::Hang), (":signJwt", Fault::Drip), ("/admin/directory/", Fault::Hang)]
    {
        google.fault(part, fault, 1);
        admitted(&tokio::time::timeout(BOUND, browser.sign_in()).await.expect("an end"));
        let me = browser.client(&app).get("/auth/me").await.ok();
        assert_eq!(me["groups"][0]["name"], "eng@acme.com", "{part}");
    }
    google.page_size(1);
    google.members("ann@acme.com", &["a@acme.com"; 1000]);
    admitted(&tokio::time::timeout(BOUND, browser.sign_in()).await.expect("an end"));
    let me = browser.client(&app).get("/auth/me").await.ok();
    assert_eq!(me["groups"][0]["name"], "eng@acme.com", "endless pages say nothing");
}
