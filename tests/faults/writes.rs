//! What was acknowledged is there after a kill.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use rand::RngExt;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;

use crate::http::Http;
use crate::{SCHEDULER, place, random};

#[test]
fn acknowledged_writes_survive_a_kill() {
    let mut random = random();
    let place = place();
    let mut acknowledged = BTreeSet::new();
    for round in 0..6 {
        let server = place.serve(&[]);
        let http = Http::new(&server.url, SCHEDULER);
        let groups = http.get("/api/admin/groups").json();
        let names: Vec<_> = groups.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
        let stored: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(stored.len(), names.len(), "no group is there twice");
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        if round == 5 {
            // The writes really went on until each kill.
            assert!(acknowledged.len() > 20, "{}", acknowledged.len());
            assert_eq!(server.end(Signal::TERM).0, Some(0));
            return;
        }
        let delay = Duration::from_millis(random.random_range(50..500));
        let (url, start) = (server.url.clone(), Barrier::new(5));
        let write = |client: u32| {
            let http = Http::new(&url, SCHEDULER);
            let mut made = Vec::new();
            start.wait();
            // Until the connection breaks.
            for number in 0.. {
                let name = format!("r{round}-c{client}-{number}");
                let Some(reply) = http.try_send(Method::POST, "/api/admin/groups", &json!({ "name": name })) else {
                    break;
                };
                assert_eq!(reply.status, 201, "{}", reply.text());
                made.push(name);
            }
            made
        };
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..4).map(|client| scope.spawn(move || write(client))).collect();
            start.wait();
            std::thread::sleep(delay);
            assert_eq!(server.end(Signal::KILL).0, None);
            acknowledged.extend(clients.into_iter().flat_map(|client| client.join().unwrap()));
        });
    }
}
