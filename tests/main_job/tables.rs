//! Finding a table and its columns, and keeping a part of it, with commands that `agnes catalog --help` names.

use serde_json::{Value, json};

use super::Person;

fn json_of(person: &Person, args: &[&str]) -> Value {
    serde_json::from_str(&person.run(&[args, &["--json"]].concat())).unwrap()
}

/// Somebody who may read `flights` finds it and its columns, and nothing else.
pub fn finds_what_is_granted(person: &Person, rows: &Value) {
    let help = person.run(&["catalog", "--help"]);
    for command in
        ["agnes catalog --long", "agnes schema", "agnes describe", "agnes catalog --metrics", "agnes snapshot"]
    {
        assert!(help.contains(command), "{command}: {help}");
    }
    let catalog = json_of(person, &["catalog"]);
    let found: Vec<&Value> = catalog["tables"].as_array().unwrap().iter().map(|table| &table["id"]).collect();
    assert_eq!((found, &catalog["tables"][0]["rows"]), (vec![&json!("flights")], rows), "{catalog}");
    let listed = person.run(&["catalog", "--long"]);
    assert!(listed.lines().nth(1).unwrap().starts_with("flights  ") && listed.lines().count() == 2, "{listed}");
    let schema = json_of(person, &["schema", "flights"]);
    let column = |name: &str| schema["columns"].as_array().unwrap().iter().find(|column| column["name"] == name);
    assert_eq!(column("distance").unwrap()["type"], "BIGINT", "{schema}");
    let described = json_of(person, &["describe", "flights", "-n", "3"]);
    assert_eq!((&described["schema"], described["sample"]["rows"].as_array().unwrap().len()), (&schema, 3));
    let explored = json_of(person, &["explore", "flights"]);
    assert_eq!(
        (&explored["row_count"], &explored["sample_rows"][0]["carrier"]),
        (rows, &described["sample"]["rows"][0]["carrier"])
    );
    for hidden in ["planes", "no_such_table"] {
        for args in [vec!["schema", hidden], vec!["describe", hidden]] {
            let ran = person.run_with(&args, "");
            assert_eq!((ran.code, ran.stdout.as_str()), (8, ""), "{args:?}: {ran:?}");
        }
    }
    let metrics = json_of(person, &["catalog", "--metrics"]);
    assert!(metrics.as_array().unwrap().iter().all(|metric| metric["table_name"] == "flights"), "{metrics}");
    let metric = json_of(person, &["catalog", "--metrics", "--show", "operations/flights"]);
    let sum = format!("SELECT sum(flights)::BIGINT AS n FROM ({})", metric["sql"].as_str().unwrap());
    assert_eq!(json_of(person, &["query", &sum])[0]["n"], *rows, "{metric}");
}

/// A part of a table, filtered by the server, holds what the whole table says.
pub fn keeps_a_part(person: &Person) {
    let part = ["snapshot", "create", "flights", "--select", "carrier,distance", "--where", "carrier = 'AA'"];
    let estimate = json_of(person, &[&part[..], &["--estimate"]].concat());
    let made = json_of(person, &[&part[..], &["--as", "american"]].concat());
    assert!(estimate["estimated_result_rows"].as_u64().unwrap() >= made["rows"].as_u64().unwrap(), "{estimate} {made}");
    let count = |sql: &str| person.run(&["query", "--format", "csv", sql]);
    let figures = "SELECT count(*), sum(distance)::BIGINT FROM";
    let whole = count(&format!("{figures} flights WHERE carrier = 'AA'"));
    assert_eq!(count(&format!("{figures} american")), whole);
    person.pull();
    assert_eq!(count(&format!("{figures} american")), whole, "a pull leaves it");
    let refreshed = person.run(&["snapshot", "refresh", "american"]);
    assert!(refreshed.ends_with("identical: yes\n"), "{refreshed}");
    for (refused, code) in [
        (["--where", "carrier = (SELECT 'AA')"], 2),
        (["--where", "no_such_column = 1"], 2),
        (["--select", "no_such_column"], 2),
        (["--order-by", "carrier; DROP"], 2),
    ] {
        let args = [&["snapshot", "create", "flights", "--as", "other"][..], &refused].concat();
        let ran = person.run_with(&args, "");
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{refused:?}: {ran:?}");
    }
    let ran = person.run_with(&["snapshot", "create", "planes"], "");
    assert_eq!(ran.code, 8, "{ran:?}");
    assert_eq!(person.run(&["snapshot", "prune", "--all"]), "dropped: american\n");
}
