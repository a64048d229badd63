//! What an agent does that knows `agnes catalog --help` only: from a question to the right table, column or metric, and on
//! to the number.

use crate::program::Place;
use crate::{Person, shown};

#[test]
fn questions_over_the_demo_lead_to_numbers() {
    let host = Place::new(&[]);
    let server = host.serve(&["--demo"]);
    let admin = Person::new(&server.url, &[("AGNES_TOKEN", &shown(&server, "Token "))]);
    let agent = Agent { person: &admin };

    // The help names the commands that are used below.
    let help = admin.run(&["catalog", "--help"]);
    for command in ["agnes catalog search", "agnes schema", "agnes query --remote", "agnes metric run"] {
        assert!(help.contains(command), "{command}: {help}");
    }

    // Which airline cancels most of its flights?
    agent.finds("share of cancelled flights by airline", "metric  reliability/cancellation_rate");
    let rates = agent.metric("reliability/cancellation_rate", "carrier");
    let worst = agent.number(
        "SELECT carrier, round(100.0 * count(*) FILTER (dep_time IS NULL) / count(*), 2) AS rate FROM flights
         GROUP BY carrier ORDER BY rate DESC LIMIT 1",
    );
    assert!(rates.contains(&worst), "{worst}: {rates}");

    // How late do flights leave each airport?
    agent.finds("average delay at departure", "metric  reliability/average_departure_delay");
    let delays = agent.metric("reliability/average_departure_delay", "origin");
    let latest = agent.number(
        "SELECT origin, round(avg(dep_delay), 1) AS delay FROM flights GROUP BY origin ORDER BY delay DESC LIMIT 1",
    );
    assert!(delays.contains(&latest), "{latest}: {delays}");

    // Which maker built most of the aircraft?
    agent.finds("manufacturer of aircraft", "table   planes");
    agent.shows("planes", "manufacturer");
    assert_eq!(
        agent.number("SELECT manufacturer, count(*) AS n FROM planes GROUP BY ALL ORDER BY n DESC LIMIT 1"),
        "BOEING,1630"
    );

    // How windy was it at most, and where? With a typo.
    agent.finds("wind sped", "table   weather");
    agent.shows("weather", "wind_speed");
    assert_eq!(
        agent.number("SELECT origin, max(wind_speed) AS mph FROM weather GROUP BY ALL ORDER BY mph DESC LIMIT 1"),
        "EWR,1048.36"
    );

    // What is the full name of the airline 9E?
    agent.finds("full name of the airline", "table   airlines");
    agent.shows("airlines", "name");
    assert_eq!(agent.number("SELECT carrier, name FROM airlines WHERE carrier = '9E'"), "9E,Endeavor Air Inc.");
}

struct Agent<'a> {
    person: &'a Person,
}

impl Agent<'_> {
    /// The best match of a search begins so.
    fn finds(&self, question: &str, best: &str) {
        let found = self.person.run(&["catalog", "search", question]);
        assert!(found.starts_with(best), "{question}: {found}");
    }

    fn shows(&self, table: &str, column: &str) {
        let schema = self.person.run(&["schema", table]);
        assert!(schema.lines().any(|line| line.split_whitespace().next() == Some(column)), "{column}: {schema}");
    }

    fn metric(&self, id: &str, dimension: &str) -> String {
        self.person.run(&["metric", "run", id, "--by", dimension, "--format", "csv"])
    }

    /// The only row of an answer.
    fn number(&self, sql: &str) -> String {
        let answer = self.person.run(&["query", "--remote", sql, "--format", "csv"]);
        let rows: Vec<_> = answer.lines().skip(1).collect();
        assert_eq!(rows.len(), 1, "{sql}: {answer}");
        rows[0].to_owned()
    }
}
