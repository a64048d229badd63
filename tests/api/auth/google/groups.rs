//! Groups of the Workspace that become groups here.

use serde_json::{Value, json};

use super::{addresses, admitted, audit, refused, start_with};
use crate::google::{Browser, Fault, SERVICE_ACCOUNT, SUBJECT};
use crate::support::TestApp;
use crate::support::people::list;

pub const SYNC: (&str, &str) = ("GOOGLE_ADMIN_SDK_SUBJECT", SUBJECT);
pub const PREFIX: (&str, &str) = ("AGNES_GOOGLE_GROUP_PREFIX", "GRP_");
const SCHEDULER: (&str, &str) = ("SCHEDULER_API_TOKEN", "a secret of the scheduler, 32 characters");
const ADMINS: (&str, &str) = ("AGNES_GROUP_ADMIN_EMAIL", "Grp_Admins@acme.com");
const EVERYONE: (&str, &str) = ("AGNES_GROUP_EVERYONE_EMAIL", "grp_all@acme.com");

/// The names of the groups of whoever is signed in.
pub async fn groups_of(browser: &Browser, app: &TestApp) -> Vec<String> {
    let me = browser.client(app).get("/auth/me").await.ok();
    list(&me["groups"]).iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn groups_with_the_prefix_are_taken_over_from_all_pages() {
    let (google, app) = start_with(&[SYNC, PREFIX, ADMINS, EVERYONE], "").await;
    let admin = app.admin().await;
    google.page_size(2);
    google.members(
        "ann@acme.com",
        &["GRP_Eng@acme.com", "other@acme.com", "grp_admins@acme.com", "all@acme.com", "grp_all@ACME.com"],
    );
    let browser = google.browser(&app, "Ann@acme.com");
    admitted(&browser.sign_in().await);
    assert_eq!(google.count("GET /admin/directory/v1/groups?"), 3, "three pages");
    let ann = browser.client(&app);
    let me = ann.get("/auth/me").await.ok();
    assert_eq!((&me["is_admin"], &me["is_sso_user"]), (&json!(true), &json!(true)));
    let groups = list(&me["groups"]).iter().map(|group| (group["name"].as_str().unwrap(), group["origin"].as_str()));
    let google_sync = Some("google_sync");
    assert_eq!(
        groups.collect::<Vec<_>>(),
        [("Admin", google_sync), ("Everyone", google_sync), ("grp_eng@acme.com", google_sync)]
    );
    ann.get("/api/users").await.ok();

    let all = admin.get("/api/admin/groups").await.ok();
    let eng = list(&all).iter().find(|group| group["name"] == "grp_eng@acme.com").unwrap();
    assert_eq!(
        (&eng["created_by"], &eng["description"], &eng["is_google_managed"], &eng["member_count"]),
        (&json!("system:google-sync"), &json!("Auto-created from Google Workspace claim"), &json!(true), &json!(1))
    );
    let rows = audit(admin, "user.google_sync").await;
    assert_eq!(rows[0]["user_id"], me["id"]);
    assert_eq!(rows[0]["params"]["added"], json!(["Admin", "Everyone", "grp_eng@acme.com"]), "{}", rows[0]);
    // A second sign-in changes nothing, and says nothing.
    admitted(&browser.sign_in().await);
    assert_eq!(audit(admin, "user.google_sync").await.len(), rows.len());
}

#[tokio::test]
async fn what_google_takes_away_goes_at_the_next_sign_in() {
    let (google, app) = start_with(&[SYNC, PREFIX, ADMINS], "").await;
    let admin = app.admin().await;
    google.members("ann@acme.com", &["grp_a@acme.com", "grp_b@acme.com", "grp_admins@acme.com"]);
    let browser = google.browser(&app, "ann@acme.com");
    admitted(&browser.sign_in().await);
    let earlier = browser.client(&app);
    app.join("ann@acme.com", "friends").await;
    google.members("ann@acme.com", &["grp_b@acme.com", "grp_c@acme.com"]);
    assert_eq!(earlier.get("/api/users").await.status, 200, "until then it counts");
    admitted(&browser.sign_in().await);
    assert_eq!(groups_of(&browser, &app).await, ["friends", "grp_b@acme.com", "grp_c@acme.com"]);
    assert_eq!(earlier.get("/api/users").await.status, 403, "earlier sessions are no better");
    let row = &audit(admin, "user.google_sync").await[0];
    let expected = (&json!(["grp_c@acme.com"]), &json!(["Admin", "grp_a@acme.com"]));
    assert_eq!((&row["params"]["added"], &row["params"]["removed"]), expected);
}

#[tokio::test]
async fn who_is_in_no_group_with_the_prefix_is_out() {
    let (google, app) = start_with(&[SYNC, PREFIX], "").await;
    let admin = app.admin().await;
    google.members("ann@acme.com", &["grp_a@acme.com"]);
    google.members("eve@acme.com", &["not_grp_a@acme.com"]);
    let ann = google.browser(&app, "ann@acme.com");
    admitted(&ann.sign_in().await);
    let earlier = ann.client(&app);
    let token = earlier.post_json("/auth/tokens", json!({ "name": "laptop" })).await.ok();
    let laptop = app.with_token(token["token"].as_str().unwrap());
    laptop.get("/auth/me").await.ok();
    for groups in [&["other@acme.com"][..], &[]] {
        google.members("ann@acme.com", groups);
        assert_eq!(refused(&ann.sign_in().await), "not_in_allowed_group", "{groups:?}");
    }
    assert_eq!(
        (earlier.get("/auth/me").await.status.as_u16(), laptop.get("/auth/me").await.status.as_u16()),
        (401, 401)
    );
    let id = app.user_id("ann@acme.com").await;
    assert_eq!(admin.get(&format!("/api/admin/users/{id}/memberships")).await.ok(), json!([]));
    assert_eq!(audit(admin, "user.google_sync").await[0]["params"]["removed"], json!(["grp_a@acme.com"]));

    // `eve` has groups without the prefix, the Workspace knows nobody called `zoe`.
    for email in ["eve@acme.com", "zoe@acme.com"] {
        assert_eq!(refused(&google.browser(&app, email).sign_in().await), "not_in_allowed_group", "{email}");
    }
    assert_eq!(addresses(admin).await, ["admin@example.com", "ann@acme.com"], "strangers get no account");
    google.members("ann@acme.com", &["grp_a@acme.com"]);
    admitted(&ann.sign_in().await);
}

#[tokio::test]
async fn without_a_prefix_all_groups_count_and_none_is_no_obstacle() {
    let (google, app) = start_with(&[SYNC], "").await;
    google.members("ann@acme.com", &["b@acme.com", "A@acme.com"]);
    let ann = google.browser(&app, "ann@acme.com");
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, ["a@acme.com", "b@acme.com"]);
    google.members("ann@acme.com", &[]);
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, [""; 0]);
    let zoe = google.browser(&app, "zoe@acme.com");
    admitted(&zoe.sign_in().await);
    assert_eq!(groups_of(&zoe, &app).await, [""; 0]);
}

#[tokio::test]
async fn an_admins_own_memberships_are_not_googles() {
    let (google, app) = start_with(&[SYNC], "").await;
    app.user("ann@acme.com", &["eng@acme.com"]).await;
    google.members("ann@acme.com", &["eng@acme.com"]);
    let ann = google.browser(&app, "ann@acme.com");
    admitted(&ann.sign_in().await);
    google.members("ann@acme.com", &[]);
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, ["eng@acme.com"]);
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let (google, app) = start_with(&[SYNC, ADMINS], "").await;
    google.members("ann@acme.com", &["grp_admins@acme.com"]);
    google.members("bob@acme.com", &["grp_admins@acme.com"]);
    let (ann, bob) = (google.browser(&app, "ann@acme.com"), google.browser(&app, "bob@acme.com"));
    admitted(&ann.sign_in().await);
    google.members("ann@acme.com", &[]);
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, ["Admin"]);
    let row = &audit(&ann.client(&app), "user.google_sync").await[0];
    assert_eq!(row["params"]["kept_last_admin"], true);
    admitted(&bob.sign_in().await);
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, [""; 0], "now there is another one");
}

#[tokio::test]
async fn somebody_who_came_by_google_is_managed_there() {
    let (google, app) = start_with(&[SYNC, ADMINS], "").await;
    let admin = app.admin().await;
    google.members("ann@acme.com", &["eng@acme.com"]);
    admitted(&google.browser(&app, "ann@acme.com").sign_in().await);
    let (user, eng) = (app.user_id("ann@acme.com").await, app.group("eng@acme.com").await);
    for group in [&eng, &app.group("Admin").await] {
        let added =
            admin.post_json(&format!("/api/admin/groups/{group}/members"), json!({ "email": "ann@acme.com" })).await;
        assert_eq!(added.json()["detail"]["code"], "google_managed_readonly", "{added}");
    }
    let removed = admin.delete(&format!("/api/admin/groups/{eng}/members/{user}")).await;
    assert_eq!((removed.status.as_u16(), &removed.json()["detail"]["code"]), (409, &json!("google_managed_readonly")));
    let password =
        admin.post_json(&format!("/api/users/{user}/set-password"), json!({ "password": "long enough" })).await;
    assert_eq!(password.status, 409, "{password}");
}

#[tokio::test]
async fn the_service_account_can_be_told() {
    let (google, app) = start_with(&[SYNC, ("GOOGLE_ADMIN_SDK_SA_EMAIL", SERVICE_ACCOUNT)], "").await;
    google.members("ann@acme.com", &["eng@acme.com"]);
    let ann = google.browser(&app, "ann@acme.com");
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, ["eng@acme.com"]);
    assert_eq!(google.count("/service-accounts/default/email"), 0);
}

#[tokio::test]
async fn groups_for_trying_things_out_need_no_google() {
    for (list, expected) in [(" Eng@acme.com, ops@acme.com ,", &["eng@acme.com", "ops@acme.com"][..]), ("", &[])] {
        let (google, app) = start_with(&[SYNC, ("GOOGLE_ADMIN_SDK_MOCK_GROUPS", list)], "").await;
        google.members("ann@acme.com", &["real@acme.com"]);
        let ann = google.browser(&app, "ann@acme.com");
        admitted(&ann.sign_in().await);
        assert_eq!(groups_of(&ann, &app).await, expected);
        assert_eq!((google.count("/computeMetadata"), google.count("/admin/directory")), (0, 0));
        assert_eq!(ann.client(&app).get("/auth/me").await.ok()["auth"]["token_id"], Value::Null);
    }
}

#[tokio::test]
async fn the_page_about_a_sign_in_shows_what_the_next_one_would_do() {
    let (google, app) = start_with(&[SYNC, PREFIX, ADMINS, ("AGNES_DEBUG_AUTH", "1"), SCHEDULER], "").await;
    google.members("ann@acme.com", &["grp_a@acme.com", "grp_admins@acme.com"]);
    let browser = google.browser(&app, "ann@acme.com");
    assert_eq!(browser.open("/me/debug").await.header("location"), "/login?next=%2Fme%2Fdebug");
    admitted(&browser.sign_in().await);
    google.members("ann@acme.com", &["GRP_c@acme.com", "other@acme.com"]);
    let ann = browser.client(&app);
    let preview = ann.post_json("/me/debug/refetch-groups", json!({})).await.ok();
    // She is the only admin who can sign in: the scheduler cannot.
    let expected = json!({
        "soft_failed": false, "prefix": "grp_", "fetched": ["GRP_c@acme.com", "other@acme.com"],
        "fetched_relevant": ["grp_c@acme.com"], "current_names": ["Admin", "grp_a@acme.com"],
        "current_external_ids": ["grp_admins@acme.com", "grp_a@acme.com"],
        "would_add": ["grp_c@acme.com"], "would_remove": ["grp_a@acme.com"], "applied": false,
    });
    assert_eq!(preview, expected);
    assert_eq!(groups_of(&browser, &app).await, ["Admin", "grp_a@acme.com"], "nothing has changed");
    let page = String::from_utf8(browser.submit("/me/debug/refetch-groups", &[]).await.body.to_vec()).unwrap();
    let session = browser.session().unwrap();
    let fingerprint = &agnes::base::hash::sha256_hex(&session)[..12];
    assert!(page.contains("What a sign-in would do now") && page.contains(fingerprint), "{page}");
    assert!(page.contains("&quot;ann@acme.com&quot;") && !page.contains(&session), "{page}");
    google.fault("directory", Fault::Status(500), 1);
    let preview = ann.post_json("/me/debug/refetch-groups", json!({})).await.ok();
    assert_eq!((&preview["soft_failed"], &preview["would_remove"]), (&json!(true), &json!([])));

    let (_, app) = start_with(&[], "").await;
    let admin = app.admin().await;
    assert_eq!(admin.get("/me/debug").await.status, 404, "only where it is wanted");
    assert_eq!(admin.post_json("/me/debug/refetch-groups", json!({})).await.status, 404);
}
