//! Pages as a browser sees them.

use serde_json::json;

use crate::google::{Browser, set_cookies};
use crate::support::people::{ADMIN, PASSWORD};
use crate::support::{Answer, TestApp};

/// The page as text, as a browser reads it.
fn page(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{answer}");
    String::from_utf8_lossy(&answer.body).replace("&#x2f;", "/")
}

fn redirect(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

#[tokio::test]
async fn signing_in_leads_back_to_the_page() {
    let app = TestApp::start().await;
    app.admin().await;
    let browser = Browser::new(&app, "");
    assert_eq!(redirect(&browser.open("/").await), (302, "/login"));
    let away = browser.open("/dashboard?tab=a%26b").await;
    assert_eq!(redirect(&away), (302, "/login?next=%2Fdashboard%3Ftab%3Da%2526b"));
    let login = page(&browser.open(away.header("location")).await);
    assert!(login.contains("\"/login/password?next=%2Fdashboard%3Ftab%3Da%2526b\""), "{login}");
    let form = page(&browser.open("/login/password?next=%2Fdashboard%3Ftab%3Da%2526b").await);
    assert!(form.contains("name=\"next\" value=\"/dashboard?tab=a%26b\""), "{form}");
    let fields = [("email", ADMIN), ("password", PASSWORD), ("next", "/dashboard?tab=a%26b")];
    assert_eq!(redirect(&browser.submit("/auth/password/login/web", &fields).await), (302, "/dashboard?tab=a%26b"));
    let dashboard = page(&browser.open("/dashboard?tab=a%26b").await);
    assert!(dashboard.contains("<a href=\"/dashboard\" aria-current=\"page\">"), "{dashboard}");
    assert!(dashboard.contains("Hello, Ada") && dashboard.contains("Ada</span> · Admin"), "{dashboard}");
    assert_eq!(redirect(&browser.open("/").await), (302, "/dashboard"));
    assert_eq!(redirect(&browser.submit("/auth/logout", &[]).await), (302, "/login"));
    assert_eq!(redirect(&browser.open("/dashboard").await), (302, "/login?next=%2Fdashboard"));
}

#[tokio::test]
async fn browsers_get_errors_as_pages_and_programs_as_json() {
    let app = TestApp::start().await;
    let accept = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let lost = app.get_with("/no<thing?x=1", &[accept, ("x-request-id", "rid-7")]).await;
    let text = page(&lost);
    assert_eq!((lost.status.as_u16(), lost.header("cache-control")), (404, "no-store"));
    assert!(lost.header("content-security-policy").starts_with("default-src 'self'"));
    assert!(text.contains("<h1>Page not found</h1>") && text.contains("<code>rid-7</code>"), "{text}");
    assert!(text.contains("<code>/no%3Cthing</code>") && text.contains("href=\"/\""), "{text}");
    assert!(!text.contains(">Back<"), "{text}");
    // The way back is the page of this server with the broken link.
    let from = |page: String| [accept, ("referer", page.leak() as &str)];
    assert!(page(&app.get_with("/x", &from(format!("{}/login?a=1", app.url))).await).contains("href=\"/login?a=1\""));
    assert!(!page(&app.get_with("/x", &from("https://evil.example.com/".into())).await).contains("evil"));

    let browser = Browser::new(&app, "");
    assert_eq!(page(&browser.submit("/nothing", &[]).await).matches("<h1>Method not allowed</h1>").count(), 1);
    // A form of a page, although below /auth/; and a mailed link.
    let missing = browser.submit("/auth/password/login/web", &[("password", "x")]).await;
    assert_eq!((missing.status.as_u16(), page(&missing).contains("Field required")), (422, true));
    // Who did not request the link in this browser is asked first.
    let link = browser.open("/auth/email/verify?email=a%40b.com&token=t").await;
    assert!(link.status == 200 && page(&link).contains("Sign in as a@b.com?"), "{link}");
    let fields = [("email", "a@b.com"), ("token", "t")];
    let back = browser.submit("/auth/email/verify/web", &fields).await;
    assert_eq!(redirect(&back), (302, "/login/email?error=invalid_link"));

    for (path, accept) in [("/nothing", "*/*"), ("/nothing", "application/json"), ("/api/nothing", "text/html")] {
        let answer = app.get_with(path, &[("accept", accept)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (404, json!({ "detail": "Page not found" })), "{path}");
    }
}

#[tokio::test]
async fn an_invitation_says_once_that_it_worked() {
    let app = TestApp::start().await;
    let body = json!({ "email": "ann@example.com", "name": "Ann", "send_invite": true });
    let invited = app.admin().await.post_json("/api/users", body).await.ok();
    let link = url::Url::parse(invited["invite_url"].as_str().unwrap()).unwrap();
    let token = link.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
    let browser = Browser::new(&app, "");
    assert!(page(&browser.open(&link[url::Position::BeforePath..]).await).contains("Set Up Your Account"));
    let submit = async |name: &str, password: &str, again: &str| {
        let fields = [
            ("email", "ann@example.com"),
            ("token", token.as_str()),
            ("name", name),
            ("password", password),
            ("confirm_password", again),
        ];
        browser.submit("/auth/password/setup/confirm", &fields).await
    };
    // The form comes back with what was typed, except for passwords, and the message is at its field.
    let wrong = submit("Ann <3", "secret words", "secret word").await;
    let text = page(&wrong);
    assert_eq!(wrong.status, 200);
    assert!(text.contains("value=\"Ann &lt;3\"") && !text.contains("secret"), "{text}");
    assert!(text.contains("flash-error\" id=\"password-confirm_password-note\">Passwords do not match."), "{text}");
    assert_eq!(text.matches("aria-invalid").count(), 1);
    assert!(page(&submit("", "short", "short").await).contains("Password must be at least 8 characters."));
    let long = page(&submit(&"x".repeat(201), "secret words", "secret words").await);
    assert!(long.contains("id=\"password-name-note\">"), "{long}");

    let done = submit("Ann B", "secret words", "secret words").await;
    assert_eq!(redirect(&done), (302, "/dashboard"));
    let cookies = set_cookies(&done);
    let flash = cookies.iter().find(|cookie| cookie.starts_with("flash=")).unwrap();
    assert!(flash.contains("HttpOnly") && flash.contains("SameSite=Lax") && flash.contains("Max-Age=60"), "{flash}");
    let shown = "Your password is set, and you are signed in.";
    assert!(page(&browser.open("/dashboard").await).contains(shown));
    let again = browser.open("/dashboard").await;
    assert!(page(&again).contains("Hello, Ann B") && !page(&again).contains(shown), "{again}");
}

#[tokio::test]
async fn a_failed_login_gives_the_address_back_once() {
    let app = TestApp::start().await;
    app.admin().await;
    let browser = Browser::new(&app, "");
    let fields = [("email", "a\"b@example.com"), ("password", "wrong words"), ("next", "/x")];
    let back = browser.submit("/auth/password/login/web", &fields).await;
    assert_eq!(redirect(&back), (302, "/login/password?error=invalid&next=%2Fx"));
    let form = page(&browser.open(back.header("location")).await);
    assert!(form.contains("value=\"a&quot;b@example.com\"") && form.contains("Wrong email or password."), "{form}");
    assert!(!form.contains("wrong words"), "{form}");
    assert!(!page(&browser.open("/login/password").await).contains("example.com"));
}

/// What the Content-Security-Policy would refuse, and what every page must have.
#[tokio::test]
async fn every_page_is_whole_and_has_nothing_inline() {
    let app = TestApp::start().await;
    app.admin().await;
    let (stranger, admin) = (Browser::new(&app, ""), Browser::new(&app, ""));
    admin.submit("/auth/password/login/web", &[("email", ADMIN), ("password", PASSWORD)]).await;
    let paths = agnes::server::web::PAGES.iter().map(|(path, _)| match *path {
        path if path.starts_with("/auth/") => format!("{path}?email=a%40b.com&token=t"),
        path => path
            .replace("{path}", "nothing")
            .replace("{*path}", "nothing")
            .replace("/favicon.ico", "/nothing")
            .replace("/query/complete", "/nothing"),
    });
    // A stream of events, and files.
    let paths = paths.filter(|path| !["/admin/sync/events", "/admin/audit/export"].contains(&path.as_str()));
    let mut seen = 0;
    for path in paths.chain(["/nothing".into(), "/auth/email/verify?email=a&token=b".into()]) {
        for browser in [&stranger, &admin] {
            let answer = browser.open(&path).await;
            if answer.status.is_redirection() {
                continue;
            }
            let text = page(&answer);
            seen += 1;
            let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once(" ·")).unwrap().0;
            assert!(!title.trim().is_empty(), "{path}");
            for part in ["<html lang=\"en\">", "name=\"viewport\"", "<main id=\"content\"", "href=\"#content\"", "<h1>"]
            {
                assert!(text.contains(part), "{path} lacks {part}");
            }
            for tag in text.split('<').filter_map(|tag| tag.split('>').next()) {
                let is_inline = tag.starts_with("style") || (tag.starts_with("script") && !tag.contains(" src="));
                let mut names = tag.split_whitespace().skip(1).filter_map(|part| part.split('=').next());
                let has_handler = names.any(|name| name == "style" || name.starts_with("on"));
                assert!(!is_inline && !has_handler, "{path}: <{tag}>");
            }
        }
    }
    assert!(seen > 10, "{seen} pages");
}
