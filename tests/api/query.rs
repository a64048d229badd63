use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

async fn query(caller: &Client, sql: &str) -> Answer {
    caller.post_json("/api/query", json!({ "sql": sql })).await
}

/// A server with the tables `Orders` and `salaries`, and somebody who may read the first.
async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    app.drop_file("Orders.csv", "id,customer,amount\n1,Ann,1.5\n2,Bob,2.5\n3,Cyd,4\n");
    app.drop_file("salaries.csv", "name,salary\nAnn,100\n");
    app.register("Orders").await.ok();
    app.register("salaries").await.ok();
    app.sync().await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    (app, bob)
}

#[tokio::test]
async fn rows_and_columns() {
    let (_app, bob) = start().await;
    assert_snapshot!(query(&bob, "SELECT * FROM Orders ORDER BY id").await, @r#"
        200 OK
        {"columns":["id","customer","amount"],"rows":[[1,"Ann",1.5],[2,"Bob",2.5],[3,"Cyd",4.0]],"row_count":3,"truncated":false}
        "#);
    assert_snapshot!(query(&bob, "SELECT 1, 1, NULL AS n, sum(amount) FROM Orders").await, @r#"
        200 OK
        {"columns":["1","1","n","sum(amount)"],"rows":[[1,1,null,8.0]],"row_count":1,"truncated":false}
        "#);
    assert_snapshot!(query(&bob, "SELECT * FROM Orders WHERE false").await, @r#"
        200 OK
        {"columns":["id","customer","amount"],"rows":[],"row_count":0,"truncated":false}
        "#);
}

#[tokio::test]
async fn a_table_answers_to_every_spelling() {
    let (_app, bob) = start().await;
    for from in [
        "orders",
        "ORDERS",
        "\"Orders\"",
        "\"orders\"",
        "main.Orders",
        "server.main.orders",
        "local.Orders",
        "local.main.Orders",
    ] {
        assert_eq!(bob.value(&format!("SELECT count(*) FROM {from}")).await, 3, "{from}");
    }
}

#[tokio::test]
async fn tables_without_a_grant_are_refused_wherever_they_stand() {
    let (app, bob) = start().await;
    assert_snapshot!(query(&bob, "SELECT * FROM salaries").await, @r#"
        403 Forbidden
        {"detail":"Access denied to table 'salaries'"}
        "#);
    for sql in [
        "SELECT * FROM SALARIES",
        "SELECT * FROM \"Salaries\"",
        "SELECT * FROM local.salaries",
        "SELECT * FROM server.main.salaries",
        "WITH x AS (SELECT * FROM salaries) SELECT * FROM x",
        "SELECT (SELECT max(salary) FROM salaries) FROM Orders",
        "SELECT * FROM Orders o, LATERAL (SELECT * FROM salaries s WHERE s.name = o.customer)",
        "SELECT * FROM Orders UNION ALL SELECT name, name, salary FROM salaries",
    ] {
        assert_eq!(query(&bob, sql).await.status, 403, "{sql}");
        assert_ne!(query(app.admin().await, sql).await.status, 403, "{sql}");
    }
    // A word is not a table.
    assert_eq!(query(&bob, "SELECT 'salaries' AS salaries FROM Orders").await.status, 200);
}

#[tokio::test]
async fn statements_that_people_type_besides_select() {
    let (app, bob) = start().await;
    assert_snapshot!(query(&bob, "SHOW TABLES").await, @r#"
        200 OK
        {"columns":["name"],"rows":[["Orders"]],"row_count":1,"truncated":false}
        "#);
    assert_snapshot!(query(&bob, "DESCRIBE orders").await, @r#"
        200 OK
        {"columns":["column_name","column_type","null","key","default","extra"],"rows":[["id","BIGINT","YES",null,null,null],["customer","VARCHAR","YES",null,null,null],["amount","DOUBLE","YES",null,null,null]],"row_count":3,"truncated":false}
        "#);
    assert_snapshot!(query(&bob, "FROM Orders SELECT id ORDER BY id LIMIT 2").await, @r#"
        200 OK
        {"columns":["id"],"rows":[[1],[2]],"row_count":2,"truncated":false}
        "#);
    let summary = query(&bob, "SUMMARIZE orders").await.ok();
    assert_eq!((&summary["row_count"], &summary["rows"][2][2]), (&json!(3), &json!("1.5")), "{summary}");
    let pivoted = query(&bob, "PIVOT orders ON customer IN ('Ann', 'Bob') USING sum(amount) GROUP BY id").await.ok();
    assert_eq!(pivoted["columns"], json!(["id", "Ann", "Bob"]));
    for sql in [
        "DESCRIBE salaries",
        "SUMMARIZE salaries",
        "FROM salaries",
        "PIVOT salaries ON name IN ('a') USING max(salary)",
    ] {
        assert_eq!(query(&bob, sql).await.status, 403, "{sql}");
    }
    let nobody = app.user("nobody@example.com", &[]).await;
    assert_eq!(query(&nobody, "show tables;").await.ok()["rows"], json!([]));
    let admin = app.admin().await;
    assert_eq!(query(admin, "/* all */ SHOW TABLES").await.ok()["rows"], json!([["Orders"], ["salaries"]]));
    let pivoted = query(&bob, "PIVOT orders ON customer USING sum(amount) GROUP BY id").await.ok();
    assert_eq!(pivoted["columns"], json!(["id", "Ann", "Bob", "Cyd"]));
}

#[tokio::test]
async fn what_is_no_select() {
    let (_app, bob) = start().await;
    assert_snapshot!(query(&bob, "DROP TABLE Orders").await, @r#"
        400 Bad Request
        {"detail":"Only single SELECT queries are allowed"}
        "#);
    assert_snapshot!(query(&bob, "EXPLAIN SELECT 1").await, @r#"
        400 Bad Request
        {"detail":"Query must start with SELECT or WITH"}
        "#);
    assert_snapshot!(query(&bob, " ").await, @r#"
        400 Bad Request
        {"detail":"Query must start with SELECT or WITH"}
        "#);
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE Orders",
        "INSERT INTO Orders VALUES (1)",
        "COPY Orders TO 'x.csv'",
        "ATTACH 'x.duckdb'",
        "INSTALL httpfs",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('../state/.jwt_secret')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        "SET memory_limit = '1TB'",
    ] {
        assert_eq!(query(&bob, sql).await.status, 400, "{sql}");
    }
    assert_eq!(query(&bob, "SELECT 1;").await.status, 200);
    assert_eq!(query(&bob, &format!("SELECT '{}'", "x".repeat(1 << 20))).await.status, 400);
}

#[tokio::test]
async fn errors_of_the_engine() {
    let (app, bob) = start().await;
    assert_snapshot!(query(app.admin().await, "SELECT * FROM nothing").await, @r#"
        400 Bad Request
        {"detail":"Query error: Catalog Error: Table with name nothing does not exist!\n\nLINE 1: SELECT * FROM nothing\n                      ^"}
        "#);
    // Whoever may not read all tables does not learn which ones there are.
    assert_snapshot!(query(&bob, "SELECT * FROM nothing").await, @r#"
        403 Forbidden
        {"detail":"Access denied to table 'nothing'"}
        "#);
    assert_snapshot!(query(&bob, "SELECT nothing FROM Orders").await, @r#"
        400 Bad Request
        {"detail":"Query error: Binder Error: Referenced column \"nothing\" not found in FROM clause!\nCandidate bindings: \"amount\"\n\nLINE 1: SELECT nothing FROM Orders\n               ^"}
        "#);
    assert_snapshot!(query(&bob, "SELECT FROM WHERE").await, @r#"
        400 Bad Request
        {"detail":"Query error: Parser Error: syntax error at or near \"WHERE\"\n\nLINE 1: SELECT FROM WHERE\n                    ^"}
        "#);
    assert_snapshot!(query(&bob, "SELECT *\nFROM Ordrs").await, @r#"
        403 Forbidden
        {"detail":"Access denied to table 'Ordrs'\nDid you mean \"Orders\"?"}
        "#);
    assert_snapshot!(query(app.admin().await, "SELECT *\nFROM Ordrs").await, @r#"
        400 Bad Request
        {"detail":"Query error: Catalog Error: Table with name Ordrs does not exist!\nDid you mean \"Orders\"?\n\nLINE 2: FROM Ordrs\n             ^"}
        "#);
    assert_snapshot!(query(&bob, "SELECT 'x'::INTEGER").await, @r#"
        400 Bad Request
        {"detail":"Query error: Conversion Error: Could not convert string 'x' to INT32"}
        "#);
}

#[tokio::test]
async fn limits() {
    let (_app, bob) = start().await;
    let limited = async |limit: Value| {
        let body = json!({ "sql": "SELECT id FROM Orders ORDER BY id", "limit": limit });
        bob.post_json("/api/query", body).await
    };
    assert_snapshot!(limited(json!(2)).await, @r#"
        200 OK
        {"columns":["id"],"rows":[[1],[2]],"row_count":2,"truncated":true}
        "#);
    assert_snapshot!(limited(json!(3)).await, @r#"
        200 OK
        {"columns":["id"],"rows":[[1],[2],[3]],"row_count":3,"truncated":false}
        "#);
    assert_snapshot!(limited(json!(0)).await, @r#"
        200 OK
        {"columns":["id"],"rows":[],"row_count":0,"truncated":true}
        "#);
    assert_eq!(limited(json!("2")).await.ok()["row_count"], 2);
    assert_eq!(limited(json!(2.0)).await.ok()["row_count"], 2);
    assert_eq!(limited(json!(100_000)).await.ok()["truncated"], false);
    for bad in [json!(-1), json!(2.5), json!("x"), json!(null)] {
        let answer = limited(bad.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["detail"][0]["loc"][1].clone()),
            (422, json!("limit")),
            "{bad}"
        );
    }
    let huge = json!({ "sql": "SELECT * FROM range(100001)", "limit": 2_000_000 });
    let huge = bob.post_json("/api/query", huge).await.ok();
    assert_eq!((&huge["row_count"], &huge["truncated"]), (&json!(100_000), &json!(true)));
    let many = bob.post_json("/api/query", json!({ "sql": "SELECT * FROM range(5000)" })).await.ok();
    assert_eq!((&many["row_count"], &many["truncated"]), (&json!(1000), &json!(true)));
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let (app, bob) = start().await;
    assert_snapshot!(bob.post_json("/api/query", json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","sql"],"msg":"Field required","input":{}}]}
        "#);
    assert_snapshot!(bob.post_json("/api/query", json!({ "sql": 5 })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","sql"],"msg":"Input should be a valid string","input":5}]}
        "#);
    assert_snapshot!(app.post_json("/api/query", json!({})).await, @r#"
        401 Unauthorized
        {"detail":"Missing or invalid Authorization header"}
        "#);
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_stopped() {
    let app = TestApp::start_with(&[("AGNES_QUERY_TIMEOUT", "3")]).await;
    let admin = app.admin().await;
    let endless = "SELECT sum(hash(a.range * b.range)) FROM range(10000000) a, range(10000000) b";
    let answer = query(admin, endless).await;
    assert_eq!(answer.status, 504);
    let detail = &answer.json()["detail"];
    assert_eq!(detail["kind"], "timeout");
    let elapsed = detail["elapsed_ms"].as_u64().unwrap();
    assert!((3000..12_000).contains(&elapsed), "{elapsed}");
    assert_eq!(admin.value("SELECT 42").await, 42, "the next query runs");
}
