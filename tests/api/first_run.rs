//! The steps of `/first-time-setup` after the first account, where a browser does not see the point.

use serde_json::json;

use crate::google::Browser;
use crate::keboola_server::{Keboola, TOKEN};
use crate::support::people::{ADMIN, PASSWORD, list};
use crate::support::{Answer, TestApp};

const PATH: &str = "/first-time-setup";
const SOURCE: &str = "/first-time-setup/source";
const ANALYST: &str = "/first-time-setup/analyst";

async fn admin(app: &TestApp) -> Browser {
    app.admin().await;
    let browser = Browser::new(app, "");
    browser.submit("/auth/password/login/web", &[("email", ADMIN), ("password", PASSWORD)]).await;
    browser
}

async fn page(browser: &Browser) -> String {
    browser.open(PATH).await.text().to_owned()
}

fn leads_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{answer}");
    answer.header("location").to_owned()
}

#[tokio::test]
async fn a_source_that_works_leads_to_its_tables() {
    let keboola = Keboola::start().await;
    let app = TestApp::start_with(&[("AGNES_ALLOW_PRIVATE_STACK_URL", "1")]).await;
    let browser = admin(&app).await;
    let connect = async |url: &str, token: &str| {
        leads_to(&browser.submit(SOURCE, &[("keboola_url", url), ("keboola_token", token)]).await)
    };
    for (url, token, text) in [
        (keboola.url.as_str(), "not-the-token", "Keboola connection failed"),
        ("http://127.0.0.1:9", TOKEN, "Keboola connection failed"),
        ("nowhere\"><b>", TOKEN, "Missing hostname."),
        ("", "", "required for Keboola"),
    ] {
        assert_eq!(connect(url, token).await, PATH);
        let shown = page(&browser).await;
        assert!(shown.contains(text) && shown.contains("aria-invalid"), "{url}: {shown}");
        assert!(token.is_empty() || !shown.contains(token), "{shown}");
        assert!(!shown.contains("nowhere\"><b>") && !shown.contains("connected</span>"), "{shown}");
    }
    let next = "/admin/discover-tables?source=keboola&next=/first-time-setup";
    assert_eq!(connect(&keboola.url, TOKEN).await, next);
    let shown = browser.open(next).await;
    assert!(shown.text().contains("Keboola is connected"), "{shown}");
    let shown = page(&browser).await;
    assert!(shown.contains("connected</span>") && !shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
async fn people_come_back_to_pages_of_this_server_only() {
    let app = TestApp::start().await;
    let browser = admin(&app).await;
    for (next, expected) in [
        ("/first-time-setup", "/first-time-setup"),
        ("//evil.example", "/admin/sync"),
        ("https://evil.example/", "/admin/sync"),
        ("javascript:alert(1)", "/admin/sync"),
        ("", "/admin/sync"),
    ] {
        assert_eq!(leads_to(&browser.submit("/admin/sync", &[("next", next)]).await), expected);
        for form in ["/admin/upload-table", "/admin/discover-tables"] {
            let shown = browser.open(&format!("{form}?next={next}")).await;
            assert!(!shown.text().contains("evil") && !shown.text().contains("alert(1)"), "{form}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_newcomer_is_added_with_everything_or_not_at_all() {
    let app = TestApp::start().await;
    let browser = admin(&app).await;
    for name in ["orders", "salaries"] {
        app.publish(name, "id\n1\n").await;
    }
    let add = async |fields: &[(&str, &str)]| browser.submit(ANALYST, fields).await;
    let ann = ("email", "ann@example.com");
    let some = ("scope", "some");
    for (fields, text) in [
        (&[ann, ("group", "Admin"), some, ("table:orders", "on")][..], "belongs to the server"),
        (&[ann, ("group", "everyone"), some, ("table:orders", "on")], "belongs to the server"),
        (&[ann, ("group", " "), some, ("table:orders", "on")], "Group name is required"),
        (&[ann, ("group", "Analysts"), some], "Choose at least one table"),
        (&[ann, ("group", "Analysts"), ("scope", "all"), ("table:orders", "on")], "Choose either all tables"),
        (&[("email", "not an address"), ("group", "Analysts"), some, ("table:orders", "on")], "mail"),
        (&[("email", ADMIN), ("group", "Analysts"), some, ("table:orders", "on")], "already exists"),
    ] {
        let answer = add(fields).await;
        assert!(answer.status == 200 && answer.text().contains(text), "{text}: {answer}");
        assert!(!answer.text().contains("An invitation for"), "{answer}");
    }
    assert_eq!(add(&[ann, ("group", "Analysts"), some, ("table:nothing", "on")]).await.status, 404);
    let everything = async || {
        let all = async |path: &str| app.admin().await.get(path).await.ok();
        (all("/api/users").await, all("/api/admin/groups").await, all("/api/admin/grants").await)
    };
    let (users, groups, grants) = everything().await;
    assert!(!users.to_string().contains("ann@") && !groups.to_string().contains("Analysts"), "{users} {groups}");
    assert_eq!(grants, json!([]));

    let added = add(&[ann, ("name", "Ann"), ("group", "Analysts"), some, ("table:orders", "on")]).await;
    assert!(added.text().contains("An invitation for ann@example.com"), "{added}");
    assert_eq!(added.header("referrer-policy"), "no-referrer");
    // Another one of the same group, with all that is published.
    let ben = [("email", "ben@example.com"), ("group", "analysts"), ("scope", "all")];
    assert!(add(&ben).await.text().contains("An invitation for ben@example.com"));
    let (_, groups, grants) = everything().await;
    assert_eq!((list(&grants).len(), groups.to_string().matches("nalysts").count()), (2, 1), "{groups} {grants}");
    let log = app.admin().await.get("/api/admin/audit?limit=100").await.ok().to_string();
    for action in
        ["user.create", "user.invite", "user_group.created", "user_group.member_added", "resource_grant.created"]
    {
        assert!(log.contains(action), "{action}: {log}");
    }
}

#[tokio::test]
async fn only_admins_set_up() {
    let app = TestApp::start().await;
    app.admin().await;
    app.user("bob@example.com", &[]).await;
    let stranger = Browser::new(&app, "");
    let bob = Browser::new(&app, "");
    bob.submit("/auth/password/login/web", &[("email", "bob@example.com"), ("password", PASSWORD)]).await;
    for path in [SOURCE, ANALYST] {
        assert_eq!(stranger.submit(path, &[("email", "a@example.com")]).await.status, 401, "{path}");
        assert_eq!(bob.submit(path, &[("email", "a@example.com")]).await.status, 403, "{path}");
    }
}
