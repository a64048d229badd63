//! Groups that Google does not tell.

use super::groups::{PREFIX, SYNC, groups_of};
use super::{addresses, admitted, audit, refused, start_with};
use crate::google::Fault;

/// Every step towards the list, and what can be wrong with it.
const FAULTS: [(&str, Fault); 12] = [
    ("/service-accounts/default/email", Fault::Status(404)),
    ("/service-accounts/default/email", Fault::Body("<html>")),
    ("/service-accounts/default/token", Fault::Status(500)),
    (":signJwt", Fault::Status(403)),
    (":signJwt", Fault::Body("{}")),
    ("/admin/directory/", Fault::Status(401)),
    ("/admin/directory/", Fault::Status(403)),
    ("/admin/directory/", Fault::Status(429)),
    ("/admin/directory/", Fault::Status(500)),
    ("/admin/directory/", Fault::Body("{}")),
    ("/admin/directory/", Fault::Body("<html>Sign in to this network</html>")),
    // The second page; half of the groups would take away the other half.
    ("pageToken=", Fault::Status(404)),
];

#[tokio::test]
async fn a_failure_keeps_the_earlier_groups_and_keeps_nobody_out() {
    for prefix in [PREFIX, ("AGNES_GOOGLE_GROUP_PREFIX", "")] {
        let (google, app) = start_with(&[SYNC, prefix], "").await;
        let admin = app.admin().await;
        google.page_size(1);
        google.members("ann@acme.com", &["grp_a@acme.com", "grp_b@acme.com"]);
        let ann = google.browser(&app, "ann@acme.com");
        admitted(&ann.sign_in().await);
        let earlier = ann.client(&app);
        google.members("ann@acme.com", &["grp_c@acme.com", "grp_d@acme.com"]);
        for (part, fault) in FAULTS {
            google.fault(part, fault, 1);
            admitted(&ann.sign_in().await);
            assert_eq!(groups_of(&ann, &app).await, ["grp_a@acme.com", "grp_b@acme.com"], "{part}");
        }
        earlier.get("/auth/me").await.ok();
        assert_eq!(audit(admin, "user.google_sync").await.len(), 1);
        admitted(&ann.sign_in().await);
        assert_eq!(groups_of(&ann, &app).await, ["grp_c@acme.com", "grp_d@acme.com"]);
    }
}

#[tokio::test]
async fn an_admin_who_may_not_list_groups_changes_nothing() {
    let (google, app) = start_with(&[("GOOGLE_ADMIN_SDK_SUBJECT", "nobody@acme.com")], "").await;
    google.members("ann@acme.com", &["eng@acme.com"]);
    let ann = google.browser(&app, "ann@acme.com");
    admitted(&ann.sign_in().await);
    assert_eq!(groups_of(&ann, &app).await, [""; 0]);
    assert_eq!((google.count("POST /token"), google.count("/admin/directory/")), (2, 0));
}

#[tokio::test]
async fn with_a_prefix_nobody_comes_in_unchecked() {
    let (google, app) = start_with(&[SYNC, PREFIX], "").await;
    let admin = app.admin().await;
    app.user("bob@acme.com", &["friends"]).await;
    google.members("zoe@acme.com", &["grp_a@acme.com"]);
    google.fault("/admin/directory/", Fault::Status(503), 2);
    for email in ["zoe@acme.com", "bob@acme.com"] {
        let code = refused(&google.browser(&app, email).sign_in().await).to_owned();
        assert_eq!(code, "group_check_unavailable", "{email} was never seen in such a group");
    }
    assert_eq!(addresses(admin).await, ["admin@example.com", "bob@acme.com"]);
    admitted(&google.browser(&app, "zoe@acme.com").sign_in().await);
    // Without a prefix there is nothing to check.
    let (google, app) = start_with(&[SYNC], "").await;
    google.fault("/admin/directory/", Fault::Status(503), 1);
    admitted(&google.browser(&app, "zoe@acme.com").sign_in().await);
}
