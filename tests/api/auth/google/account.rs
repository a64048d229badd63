//! Whose account a sign-in leads to.

use serde_json::{Value, json};

use super::{addresses, admitted, audit, refused, start};
use crate::google::{Google, set_cookies};
use crate::support::people::{list, text};
use crate::support::{TestApp, v0_35};

#[tokio::test]
async fn a_stranger_becomes_a_user_with_a_session_and_rows_in_the_audit_log() {
    let (google, app) = start().await;
    let admin = app.admin().await;
    let browser = google.browser(&app, "Ann@acme.com");
    let answer = browser.sign_in().await;
    assert_eq!(admitted(&answer), "/dashboard");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookies = set_cookies(&answer);
    let session = cookies.iter().find(|cookie| cookie.starts_with("access_token=")).unwrap();
    assert!(session.ends_with("; HttpOnly; Max-Age=86400; Path=/; SameSite=lax"), "{session}");
    assert!(cookies.contains(&"session=; HttpOnly; Max-Age=0; Path=/; SameSite=lax"), "{cookies:?}");

    let me = browser.client(&app).get("/auth/me").await.ok();
    assert_eq!(
        (&me["email"], &me["name"], &me["role"]),
        (&json!("Ann@acme.com"), &json!("Test Person"), &json!("user"))
    );
    assert_eq!((&me["groups"], &me["auth"]["type"]), (&json!([]), &json!("session")));
    let (created, login) = (audit(admin, "user.create").await, audit(admin, "login").await);
    for row in [&created[0], &login[0]] {
        assert_eq!((&row["user_id"], &row["result"]), (&me["id"], &json!("ok")), "{row}");
        assert_eq!(
            (&row["params"]["provider"], &row["params"]["ip"]),
            (&json!("google"), &json!("127.0.0.1")),
            "{row}"
        );
    }

    google.account("Ann@acme.com", json!({ "name": "Somebody Else" }));
    admitted(&browser.sign_in().await);
    let later = browser.client(&app).get("/auth/me").await.ok();
    assert_eq!((&later["id"], &later["name"]), (&me["id"], &json!("Test Person")), "later sign-ins change nothing");
    assert_eq!(audit(admin, "user.create").await.len(), created.len());
}

#[tokio::test]
async fn a_name_is_made_where_google_tells_none() {
    let (google, app) = start().await;
    google.account("zoe@acme.com", json!({ "name": null }));
    google.account("long@acme.com", json!({ "name": "ü".repeat(5000) }));
    for (email, length) in [("zoe@acme.com", 3), ("long@acme.com", 200)] {
        let browser = google.browser(&app, email);
        admitted(&browser.sign_in().await);
        let me = browser.client(&app).get("/auth/me").await.ok();
        assert_eq!(me["name"].as_str().unwrap().chars().count(), length, "{me}");
    }
}

#[tokio::test]
async fn addresses_that_differ_by_case_are_one_user() {
    let (google, app) = start().await;
    let bob = app.user("Bob@acme.com", &["eng"]).await.get("/auth/me").await.ok();
    let browser = google.browser(&app, "bOB@Acme.com");
    admitted(&browser.sign_in().await);
    let me = browser.client(&app).get("/auth/me").await.ok();
    assert_eq!((&me["id"], &me["email"]), (&bob["id"], &json!("Bob@acme.com")));
    assert_eq!(me["groups"][0]["name"], "eng");
    assert_eq!(addresses(app.admin().await).await, ["Bob@acme.com", "admin@example.com"]);
}

#[tokio::test]
async fn several_first_sign_ins_at_once_make_one_user() {
    let (google, app) = start().await;
    google.account("ann@acme.com", json!({}));
    google.account("ANN@acme.com", json!({}));
    let browsers = ["ann@acme.com", "ANN@acme.com", "ann@acme.com"].map(|name| google.browser(&app, name));
    let [a, b, c] = &browsers;
    let (a, b, c) = tokio::join!(a.sign_in(), b.sign_in(), c.sign_in());
    for answer in [a, b, c] {
        admitted(&answer);
    }
    let mut ids = Vec::new();
    for browser in &browsers {
        ids.push(browser.client(&app).get("/auth/me").await.ok()["id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(addresses(app.admin().await).await.len(), 2);
}

#[tokio::test]
async fn who_is_deactivated_stays_out() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    admitted(&browser.sign_in().await);
    let admin = app.admin().await;
    let id = app.user_id("ann@acme.com").await;
    admin.post_json(&format!("/api/users/{id}/deactivate"), json!({})).await.ok();
    assert_eq!(browser.client(&app).get("/auth/me").await.status, 401);
    google.account("ANN@acme.com", Value::Null);
    for email in ["ann@acme.com", "ANN@acme.com"] {
        assert_eq!(refused(&google.browser(&app, email).sign_in().await), "deactivated", "{email}");
    }
    let failed = audit(admin, "login_failed").await;
    assert_eq!((&failed[0]["user_id"], &failed[0]["result"]), (&json!(id), &json!("deactivated")), "{}", failed[0]);
    admin.patch_json(&format!("/api/users/{id}"), json!({ "active": true })).await.ok();
    admitted(&browser.sign_in().await);
}

#[tokio::test]
async fn nobody_becomes_the_scheduler() {
    let (google, app) = start().await;
    for email in ["Scheduler@system.local", "a b@acme.com", "@acme.com", "acme.com"] {
        assert_eq!(refused(&google.browser(&app, email).sign_in().await), "oauth_failed", "{email}");
    }
    assert_eq!(addresses(app.admin().await).await.len(), 1);
}

#[tokio::test]
async fn next_leads_to_this_server_only() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    for (next, target) in [
        ("%2Fcatalog%3Fq%3D1%26r%3D2%23x", "/catalog?q=1&r=2#x"),
        ("", "/dashboard"),
        ("https%3A%2F%2Fevil.com", "/dashboard"),
        ("%2F%2Fevil.com", "/dashboard"),
        ("%2F%5Cevil.com", "/dashboard"),
        ("%2F%09%2Fevil.com", "/dashboard"),
        ("%2F.%2F%2Fevil.com", "/dashboard"),
        ("%2Fx%0D%0ASet-Cookie%3A%20a%3Db", "/dashboard"),
        ("javascript%3Aalert(1)", "/dashboard"),
    ] {
        let back = browser.agree(&format!("/auth/google/login?next={next}")).await;
        // What comes back from Google has no say in it.
        let answer = browser.open(&format!("{back}&next=https%3A%2F%2Fevil.com")).await;
        assert_eq!(admitted(&answer), target, "{next}");
    }
    assert_eq!(list(&audit(app.admin().await, "login").await.into()).len(), 10, "nine of Google's and the admin's");
}

#[tokio::test]
async fn twins_of_v0_35_stay_apart() {
    let google = Google::start().await;
    let settings = google.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let twin = "INSERT INTO users (id, email, name, active, created_at)
        VALUES ('twin', 'Ann@Example.com', 'Ann', true, now()::TIMESTAMP)";
    let app = TestApp::start_v0_35_with(twin, &settings).await;
    google.register();
    let (email, password) = v0_35::ANN;
    let ann = app.sign_in(email, password).await.get("/auth/me").await.ok();
    // Whoever has the exact address, else the older account.
    let older = text(&ann["id"]);
    for (email, id) in [("Ann@Example.com", "twin"), (email, &older), ("ANN@EXAMPLE.COM", &older)] {
        let browser = google.browser(&app, email);
        admitted(&browser.sign_in().await);
        assert_eq!(browser.client(&app).get("/auth/me").await.ok()["id"], id, "{email}");
    }
}
