//! Users, groups and grants, made over the API.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Client, TestApp};

pub const ADMIN: &str = "admin@example.com";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

impl TestApp {
    /// Makes the first admin, who is signed in.
    pub async fn bootstrap(&self) -> Client {
        let body = json!({ "email": ADMIN, "name": "Ada", "password": PASSWORD });
        let answer = self.anonymous().post_json("/auth/bootstrap", body).await.ok();
        self.with_token(answer["access_token"].as_str().expect("a token"))
    }

    /// The admin, bootstrapped at first use.
    pub async fn admin(&self) -> &Client {
        self.admin.get_or_init(|| self.bootstrap()).await
    }

    /// Adds a user to these groups (made where they are missing) and signs them in.
    pub async fn user(&self, email: &str, groups: &[&str]) -> Client {
        let admin = self.admin().await;
        let user = admin.post_json("/api/users", json!({ "email": email, "name": "Test" })).await.ok();
        let password = format!("/api/users/{}/set-password", text(&user["id"]));
        admin.post_json(&password, json!({ "password": PASSWORD })).await.ok();
        for group in groups {
            self.join(email, group).await;
        }
        self.anonymous().sign_in(email, PASSWORD).await
    }

    /// Puts a user into a group, which is made where it is missing.
    pub async fn join(&self, email: &str, group: &str) {
        let members = format!("/api/admin/groups/{}/members", self.group(group).await);
        self.admin().await.post_json(&members, json!({ "email": email })).await.ok();
    }

    /// The id of a group, which is made where it is missing.
    pub async fn group(&self, name: &str) -> String {
        let admin = self.admin().await;
        let groups = admin.get("/api/admin/groups").await.ok();
        if let Some(group) = list(&groups).iter().find(|group| group["name"] == name) {
            return text(&group["id"]);
        }
        text(&admin.post_json("/api/admin/groups", json!({ "name": name })).await.ok()["id"])
    }

    /// Grants a table, by registry id, to a group. Returns the grant's id.
    pub async fn grant(&self, group: &str, table: &str) -> String {
        let body = json!({ "group_id": self.group(group).await, "resource_type": "table", "resource_id": table });
        let answer = self.admin().await.post_json("/api/admin/grants", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer}");
        text(&answer.json()["id"])
    }

    /// The id of a user.
    pub async fn user_id(&self, email: &str) -> String {
        let users = self.admin().await.get("/api/users").await.ok();
        let user = list(&users).iter().find(|user| user["email"] == email).expect("a known user");
        text(&user["id"])
    }
}

/// The items of a JSON list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// A JSON text.
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
