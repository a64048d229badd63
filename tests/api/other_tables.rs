//! Nobody can find out by queries which tables there are beside their own, or what these hold.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;

use crate::statements::{GRANTED, Generator, PUBLISHED};
use crate::support::{Answer, Client, TestApp};

/// Each generator makes statements over two of the tables.
const GENERATORS: u64 = 8;
const STATEMENTS: usize = 50;
/// Answers of each kind whose times are compared.
const ROUNDS: usize = 300;

/// A server with the tables that Bob may read, and with those that he may not, if `secret` says what they hold.
async fn world(secret: Option<&str>) -> (TestApp, Client) {
    let app = TestApp::start_with(&[("AGNES_QUERY_THREADS", "1")]).await;
    for (name, _) in GRANTED {
        app.drop_file(&format!("{name}.csv"), format!("id,name\n1,{name} 1\n2,{name} 2\n3,\n"));
        app.register(name).await.ok();
        app.grant("analysts", &name.to_lowercase()).await;
    }
    for (name, _) in PUBLISHED {
        let Some(secret) = secret else { break };
        app.drop_file(&format!("{name}.csv"), format!("id,name\n7,{secret}\n"));
        app.register(name).await.ok();
    }
    app.sync().await;
    let bob = app.user("bob@example.com", &["analysts"]).await;
    (app, bob)
}

async fn query(caller: &Client, sql: &str) -> Answer {
    caller.post_json("/api/query", json!({ "sql": sql })).await
}

#[tokio::test]
async fn answers_are_the_same_whatever_other_tables_there_are() {
    let ((_one, bob), (_other, robert)) = tokio::join!(world(Some("top-secret")), world(None));
    let generators = (0..GENERATORS).map(Generator::new);
    let statements = generators.flat_map(|mut generator| (0..STATEMENTS).map(move |_| generator.statement().sql));
    let (mut right, mut denied) = (0, 0);
    for sql in statements {
        let (one, other) = tokio::join!(query(&bob, &sql), query(&robert, &sql));
        assert_eq!(one.to_string(), other.to_string(), "{sql}");
        assert!(!one.to_string().contains("top-secret"), "{sql}\n{one}");
        right += usize::from(one.status == StatusCode::OK);
        denied += usize::from(one.status == StatusCode::FORBIDDEN);
    }
    assert!(right >= 100 && denied >= 10, "{right} answers, {denied} denied");
}

#[tokio::test]
async fn a_table_without_a_grant_is_refused_as_fast_as_one_that_is_not_there() {
    let (_app, bob) = world(Some("top-secret")).await;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (times, table) in times.iter_mut().zip(["salaries", "salariez"]) {
            let started = Instant::now();
            let answer = query(&bob, &format!("SELECT * FROM {table}")).await;
            times.push(started.elapsed());
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer}");
        }
    }
    let [there, missing] = times.map(|mut times: Vec<Duration>| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64()
    });
    // What a lookup takes is about a thousandth of it.
    assert!((0.5..2.0).contains(&(there / missing)), "{there} s, {missing} s");
}
