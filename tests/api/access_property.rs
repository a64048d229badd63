//! Whatever changes: manifest, download, query and catalog agree on what somebody may read, at every moment, and each
//! change counts with the very next request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::people::{PASSWORD, list, text};
use crate::support::{Client, TestApp};

const USERS: [&str; 3] = ["ann@example.com", "bob@example.com", "eve@example.com"];
const GROUPS: [&str; 3] = ["one", "two", "three"];
/// The last one is in parts.
const TABLES: [&str; 3] = ["orders", "items", "people"];
/// Requests that run against the changes.
const READERS: usize = 8;

/// A change; numbers are positions in the lists above.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// Adds to the group, or takes out again.
    Membership(usize, usize),
    /// Grants to the group, or withdraws.
    Grant(usize, usize),
    /// Deactivates, or activates and signs in again.
    Active(usize),
    SignOut(usize),
    RevokeToken(usize),
    Password(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let (user, group, table) = (0..USERS.len(), 0..GROUPS.len(), 0..TABLES.len());
    prop_oneof![
        4 => (user.clone(), group.clone()).prop_map(|(user, group)| Change::Membership(user, group)),
        4 => (group, table).prop_map(|(group, table)| Change::Grant(group, table)),
        1 => user.clone().prop_map(Change::Active),
        1 => user.clone().prop_map(Change::SignOut),
        1 => user.clone().prop_map(Change::RevokeToken),
        1 => user.prop_map(Change::Password),
    ]
}

/// What ought to be so.
#[derive(Clone, Debug, Default)]
struct State {
    members: BTreeSet<(usize, usize)>,
    grants: BTreeMap<(usize, usize), String>,
    inactive: BTreeSet<usize>,
    /// Of each user the tokens that are good, a session and a personal one; the others are dead.
    tokens: BTreeMap<usize, [Option<String>; 2]>,
}

impl State {
    /// What a token opens; `None`: nothing, it is refused.
    fn readable(&self, user: usize, token: &str) -> Option<BTreeSet<String>> {
        let is_good = self.tokens[&user].iter().flatten().any(|good| good == token);
        (is_good && !self.inactive.contains(&user)).then(|| {
            let of_user = |group: &usize| self.members.contains(&(user, *group));
            let granted = self.grants.keys().filter(|(group, _)| of_user(group));
            granted.map(|(_, table)| TABLES[*table].to_owned()).collect()
        })
    }
}

/// Every state so far, and whether the last one is only on its way.
#[derive(Debug, Default)]
struct History {
    states: Vec<State>,
    is_changing: bool,
}

/// One of the four ways to ask what somebody may read; `None` when the token is refused.
async fn asked(caller: &Client, way: usize) -> Option<BTreeSet<String>> {
    match way {
        0 | 1 => {
            let path = ["/api/sync/manifest", "/api/catalog/tables"][way];
            let answer = caller.get(path).await;
            if answer.status == 401 {
                return None;
            }
            Some(match answer.ok()["tables"].clone() {
                Value::Object(tables) => tables.keys().cloned().collect(),
                tables => list(&tables).iter().map(|table| text(&table["name"])).collect(),
            })
        }
        _ => {
            let mut found = BTreeSet::new();
            for name in TABLES {
                let answer = match way {
                    2 => {
                        let whole = caller.get(&format!("/api/data/{name}/download")).await;
                        let part = caller.get(&format!("/api/data/{name}/parts/a")).await;
                        // Who may read a table may read its parts, where it has any.
                        let expected =
                            if name == "people" || whole.status != 200 { whole.status.as_u16() } else { 404 };
                        assert_eq!(part.status, expected, "{name}: {part}");
                        whole
                    }
                    _ => caller.post_json("/api/query", json!({ "sql": format!("SELECT * FROM {name}") })).await,
                };
                match answer.status.as_u16() {
                    200 => _ = found.insert(name.to_owned()),
                    403 => {}
                    401 => return None,
                    other => assert_eq!(other, 200, "{name}: {answer}"),
                }
            }
            Some(found)
        }
    }
}

struct World {
    app: TestApp,
    groups: Vec<String>,
    users: Vec<String>,
    history: Arc<Mutex<History>>,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        for name in TABLES {
            let file = if name == "people" { format!("{name}/a.csv") } else { format!("{name}.csv") };
            app.drop_file(&file, "id\n1\n");
            app.register(name).await.ok();
        }
        app.sync().await;
        let mut state = State::default();
        let (mut groups, mut users) = (Vec::new(), Vec::new());
        for group in GROUPS {
            groups.push(app.group(group).await);
        }
        for (user, email) in USERS.iter().enumerate() {
            let session = app.user(email, &[]).await;
            users.push(app.user_id(email).await);
            let personal = personal_token(&session).await;
            state.tokens.insert(user, [Some(session.token().to_owned()), Some(personal)]);
        }
        let history = Arc::new(Mutex::new(History { states: vec![state], is_changing: false }));
        Self { app, groups, users, history }
    }

    fn state(&self) -> State {
        self.history.lock().unwrap().states.last().unwrap().clone()
    }

    /// Somebody who asks again and again. An answer must fit one of the states that stood while it was asked for.
    async fn read(history: Arc<Mutex<History>>, app: Client, number: usize, stop: Arc<AtomicBool>) -> usize {
        let mut rounds = 0;
        while !stop.load(Ordering::Relaxed) {
            let (user, way) = ((number + rounds) % USERS.len(), (number / 2 + rounds) % 2);
            let (first, token) = {
                let history = history.lock().unwrap();
                // While a change is on its way, the state before it may stand as well.
                let first = history.states.len() - 1 - usize::from(history.is_changing);
                let tokens = &history.states[first].tokens[&user];
                (first, tokens[rounds % 2].clone().or_else(|| tokens[0].clone()))
            };
            rounds += 1;
            let Some(token) = token else { continue };
            let answer = asked(&app.with_token(&token), way).await;
            let history = history.lock().unwrap();
            let possible: Vec<_> = history.states[first..].iter().map(|state| state.readable(user, &token)).collect();
            assert!(possible.contains(&answer), "{} got {answer:?}, and not one of {possible:?}", USERS[user]);
        }
        rounds
    }

    /// Makes a change, with the readers told before and after.
    async fn make(&self, change: Change) {
        let mut next = self.state();
        match change {
            Change::Membership(user, group) => {
                if !next.members.remove(&(user, group)) {
                    next.members.insert((user, group));
                }
            }
            Change::Grant(group, table) => {
                if next.grants.remove(&(group, table)).is_none() {
                    next.grants.insert((group, table), String::new());
                }
            }
            Change::Active(user) => {
                if !next.inactive.remove(&user) {
                    next.inactive.insert(user);
                }
                next.tokens.insert(user, [None, None]);
            }
            Change::SignOut(user) => next.tokens.get_mut(&user).unwrap()[0] = None,
            Change::RevokeToken(user) => next.tokens.get_mut(&user).unwrap()[1] = None,
            Change::Password(user) => _ = next.tokens.insert(user, [None, None]),
        }
        let before = self.state();
        {
            let mut history = self.history.lock().unwrap();
            history.states.push(next);
            history.is_changing = true;
        }
        let grant = self.send(change, &before).await;
        let mut history = self.history.lock().unwrap();
        if let (Change::Grant(group, table), Some(id)) = (change, grant) {
            history.states.last_mut().unwrap().grants.insert((group, table), id);
        }
        history.is_changing = false;
    }

    /// Sends the request that makes the change; returns the id of a new grant.
    async fn send(&self, change: Change, before: &State) -> Option<String> {
        let admin = self.app.admin().await;
        let user_path = |user: usize, verb: &str| format!("/api/users/{}/{verb}", self.users[user]);
        match change {
            Change::Membership(user, group) => {
                let members = format!("/api/admin/groups/{}/members", self.groups[group]);
                match before.members.contains(&(user, group)) {
                    true => admin.delete(&format!("{members}/{}", self.users[user])).await.ok(),
                    false => admin.post_json(&members, json!({ "email": USERS[user] })).await.ok(),
                };
            }
            Change::Grant(group, table) => {
                let Some(id) = before.grants.get(&(group, table)) else {
                    return Some(self.app.grant(GROUPS[group], TABLES[table]).await);
                };
                admin.delete(&format!("/api/admin/grants/{id}")).await.ok();
            }
            Change::Active(user) => {
                let verb = if before.inactive.contains(&user) { "activate" } else { "deactivate" };
                admin.send(admin.request(Method::POST, &user_path(user, verb))).await.ok();
            }
            Change::SignOut(user) => {
                if let Some(token) = &before.tokens[&user][0] {
                    let session = self.app.with_token(token);
                    session.send(session.request(Method::POST, "/auth/logout")).await.ok();
                }
            }
            Change::RevokeToken(user) => {
                if let Some(token) = &before.tokens[&user][1]
                    && !before.inactive.contains(&user)
                {
                    let personal = self.app.with_token(token);
                    let id = text(&personal.get("/auth/me").await.ok()["auth"]["token_id"]);
                    personal.delete(&format!("/auth/tokens/{id}")).await.ok();
                }
            }
            Change::Password(user) => {
                admin.post_json(&user_path(user, "set-password"), json!({ "password": PASSWORD })).await.ok();
            }
        }
        None
    }

    /// What everybody's tokens open, the dead ones included, asked in all four ways.
    async fn check(&self, dead: &[(usize, String)]) {
        let state = self.state();
        let alive = state.tokens.iter().flat_map(|(user, tokens)| tokens.iter().flatten().map(|t| (*user, t.clone())));
        for (user, token) in alive.chain(dead.iter().cloned()) {
            let expected = state.readable(user, &token);
            for way in 0..4 {
                let found = asked(&self.app.with_token(&token), way).await;
                assert_eq!(found, expected, "{} asked in way {way}", USERS[user]);
            }
        }
    }

    /// Signs in again whoever has lost something.
    async fn renew(&self) {
        let mut state = self.state();
        for (user, tokens) in &mut state.tokens {
            if state.inactive.contains(user) || tokens.iter().all(Option::is_some) {
                continue;
            }
            let session = self.app.anonymous().sign_in(USERS[*user], PASSWORD).await;
            let personal = match tokens[1].take() {
                Some(token) => token,
                None => personal_token(&session).await,
            };
            *tokens = [Some(session.token().to_owned()), Some(personal)];
        }
        self.history.lock().unwrap().states.push(state);
    }
}

async fn personal_token(session: &Client) -> String {
    text(&session.post_json("/auth/tokens", json!({ "name": "test" })).await.ok()["token"])
}

async fn hold(changes: Vec<Change>) {
    let world = World::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..READERS)
        .map(|number| tokio::spawn(World::read(world.history.clone(), world.app.anonymous(), number, stop.clone())))
        .collect();
    world.check(&[]).await;
    for change in changes {
        let before = world.state();
        world.make(change).await;
        let after = world.state();
        let lost = before.tokens.iter().flat_map(|(user, tokens)| tokens.iter().flatten().map(|t| (*user, t.clone())));
        let dead: Vec<_> =
            lost.filter(|(user, token)| !after.tokens[user].iter().flatten().any(|good| good == token)).collect();
        world.check(&dead).await;
        world.renew().await;
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.expect("a reader whose answers fit") > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 10, failure_persistence: None, ..Default::default() })]

    #[test]
    fn all_ways_agree_before_and_after_each_change(changes in prop::collection::vec(change(), 6..12)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(hold(changes));
    }
}
