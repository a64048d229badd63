//! Every page that a person can open, with 2,000 tables, 1,000 people, 500 groups, 60,000 grants, and a history.

use std::time::Instant;

use agnes::engine::{self, Limits};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::caller::Caller;
use crate::data::{place, publish};
use crate::{CALLERS, TABLES, report};

const PEOPLE: usize = 1000;
/// Of each group.
const GRANTS: usize = 120;
const REQUESTS: usize = 100;

/// `(who, path)`; `user-0` is an admin.
const PAGES: &[(&str, &str)] = &[
    ("user-1", "/dashboard"),
    ("user-1", "/catalog"),
    ("user-0", "/dashboard"),
    ("user-0", "/catalog"),
    ("user-0", "/catalog?q=orders"),
    ("user-0", "/catalog?sort=rows&page=20"),
    ("user-0", "/catalog/t7"),
    ("user-0", "/catalog/t7?view=columns"),
    ("user-0", "/query"),
    ("user-0", "/reads"),
    ("user-0", "/setup"),
    ("user-1", "/access-requests"),
    ("user-0", "/profile"),
    ("user-1", "/profile/access"),
    ("user-0", "/profile/sessions"),
    ("user-0", "/tokens"),
    ("user-0", "/first-time-setup"),
    ("user-0", "/admin"),
    ("user-0", "/admin/tables"),
    ("user-0", "/admin/tables?q=t7&page=2"),
    ("user-0", "/admin/tables/id-7"),
    ("user-0", "/admin/register-table"),
    ("user-0", "/admin/upload-table"),
    ("user-0", "/admin/sync"),
    ("user-0", "/admin/sources"),
    ("user-0", "/admin/system"),
    ("user-0", "/admin/audit"),
    ("user-0", "/admin/audit?q=user-7"),
    ("user-0", "/admin/users"),
    ("user-0", "/admin/users?q=user-77"),
    ("user-0", "/admin/users/user-7"),
    ("user-0", "/admin/users/user-7/access"),
    ("user-0", "/admin/groups"),
    ("user-0", "/admin/groups/group-7"),
    ("user-0", "/admin/groups/group-7/grants"),
    ("user-0", "/admin/access"),
    ("user-0", "/admin/access?group=group-7"),
    ("user-0", "/admin/access?table=id-7"),
    ("user-0", "/admin/access?person=user-7"),
    ("user-0", "/admin/access?person=user-7&join=group-8"),
    ("user-0", "/admin/access?by=person"),
    ("user-0", "/admin/access-requests"),
    ("user-0", "/admin/access-requests/request-7"),
    ("user-0", "/admin/tokens"),
    ("user-0", "/admin/server-config"),
    ("user-0", "/admin/agent-prompt"),
    ("user-0", "/admin/workspace-prompt"),
    ("nobody", "/login"),
    ("nobody", "/login/password"),
];

pub fn measure(runtime: &Runtime) {
    let place = place(&[]);
    let tables = (0..TABLES).map(|table| {
        (
            format!("t{table}"),
            format!("SELECT i AS order_id, 'order ' || i AS note, i * {table} AS amount FROM range(10) t(i)"),
        )
    });
    publish(&place, &tables.collect::<Vec<_>>());
    let database =
        engine::open(&place.data_dir().join("state/system.duckdb"), &Limits::small()).expect("the state database");
    let rows = format!(
        "INSERT INTO users (id, email, name, active, created_at)
             SELECT 'user-' || n, 'user-' || n || '@example.com', 'User ' || n, true, current_timestamp
             FROM range({CALLERS}, {PEOPLE}) t(n);
         INSERT INTO user_group_members (user_id, group_id, source)
             SELECT 'user-' || n, 'group-' || (n % {CALLERS}), 'admin' FROM range({CALLERS}, {PEOPLE}) t(n);
         INSERT INTO resource_grants (id, group_id, resource_type, resource_id)
             SELECT 'more-' || n || '-' || k, 'group-' || n, 'table', 'id-' || ((n * 7 + k * 13) % {TABLES})
             FROM range({CALLERS}) t(n), range({GRANTS}) u(k);
         INSERT INTO personal_access_tokens (id, user_id, name, token_hash, prefix, created_at)
             SELECT 'token-' || n, 'user-' || n, 'laptop', 'hash ' || n, 'p', current_timestamp FROM range({PEOPLE}) t(n);
         INSERT INTO access_requests (id, user_id, user_email, table_id, reason, status, requested_at)
             SELECT 'request-' || n, 'user-' || n, 'user-' || n || '@example.com', 'id-' || (n * 3 % {TABLES}), 'for a report',
                    CASE WHEN n < 100 THEN 'pending' ELSE 'denied' END, current_timestamp FROM range(1, {PEOPLE}) t(n);
         INSERT INTO audit_log (id, timestamp, user_id, action, resource, params)
             SELECT 'audit-' || n, current_timestamp::TIMESTAMP - to_seconds(n), 'user-' || (n % {PEOPLE}), 'user.update',
                    'user-' || (n * 7 % {PEOPLE}), '{{}}' FROM range(20000) t(n);
         CHECKPOINT"
    );
    database.execute_batch(&rows).expect("rows");
    drop(database);
    let server = place.serve(&[]);
    runtime.block_on(async {
        let callers = [Caller::new(&server, "user-0"), Caller::new(&server, "user-1"), Caller::stranger(&server)];
        callers[0].published(&format!("t{}", TABLES - 1)).await;
        println!(
            "{:<58} {:>12} {:>12}",
            format!("{TABLES} tables, {PEOPLE} people, one page after the other"),
            "median",
            "95th"
        );
        for (who, path) in PAGES {
            let caller =
                &callers[["user-0", "user-1", "nobody"].iter().position(|name| name == who).expect("a caller")];
            let mut times = Vec::new();
            for n in 0..=REQUESTS {
                let begun = Instant::now();
                let (status, body) = caller.send("GET", path, Value::Null).await;
                assert_eq!(status, 200, "{path}: {body}");
                // The first one makes what others find.
                if n > 0 {
                    times.push(begun.elapsed());
                }
            }
            report(&format!("  {path} ({who})"), &mut times);
        }
    });
    println!();
}
