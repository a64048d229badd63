//! One story in which every command succeeds, with a real server: what is typed, and what is shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use regex::Regex;
use rustix::process::Signal;

use super::masked;
use crate::http::Http;
use crate::program::{Place, Ran, Serving, finish};

/// What no story can show, and where it is tried.
const ELSEWHERE: &[(&str, &str)] = &[
    ("serve", "the server of this story"),
    ("schedule", "tests/schedule"),
    ("extract custom", "needs a connector: tests/connectors"),
    ("extract keboola", "needs Keboola: tests/keboola"),
    ("extract materialize", "needs another database: tests/remote"),
    ("admin catalog-export", "needs OpenMetadata: tests/cli/admin.rs"),
    ("admin user reset-second-factor", "needs a second factor: tests/cli/accounts.rs"),
];

/// More lines of one output are not shown.
const LINES: usize = 40;

const DOCKER: &str = "#!/bin/sh
echo \"${0##*/} $*\"
for last; do :; done
if [ \"$2\" = cp ]; then mkdir -p \"$last\" && : > \"$last/system.duckdb\"; fi
";

/// Who types. Each has a home with the files that the story names.
struct Typist {
    place: Place,
}

impl Typist {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Place::new(&[("SERVER_URL", ""), ("PATH", "programs:/usr/bin:/bin")]);
        for (name, content) in files {
            let path = place.dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { place }
    }

    fn run(&self, args: &[String], input: &str) -> Ran {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        finish(&mut self.place.command(&args), input)
    }

    fn home(&self) -> String {
        self.place.dir.path().to_string_lossy().into_owned()
    }
}

/// The words of a line, of which some are in quotes.
fn words(line: &str) -> Vec<String> {
    let word = Regex::new(r#"'([^']*)'|"([^"]*)"|(\S+)"#).unwrap();
    let text = |found: regex::Captures| (1..=3).find_map(|at| Some(found.get(at)?.as_str().to_owned()));
    word.captures_iter(line).filter_map(text).collect()
}

fn story() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/every_command/story.txt")).unwrap()
}

pub fn named() -> Vec<String> {
    let elsewhere = ELSEWHERE.iter().map(|(command, _)| (*command).to_owned());
    let story = story();
    let typed = story.lines().filter_map(|line| Some(line.split_once("$ ")?.1.to_owned()));
    elsewhere.chain(typed).collect()
}

struct Story {
    ada: Typist,
    ann: Typist,
    host: Typist,
    server: Option<Serving>,
    url: String,
    /// What was printed last.
    token: String,
    id: String,
    shown: String,
}

impl Story {
    fn begin() -> Self {
        let host = Typist::new(&[
            ("tables/stock.csv", "id,pieces\n1,12\n"),
            ("programs/docker", DOCKER),
            ("programs/kamal", DOCKER),
        ]);
        let server = host.place.serve(&[]);
        Self {
            ada: Typist::new(&[
                ("orders.csv", "id,amount,country\n1,2.50,CZ\n2,4.00,DE\n3,1.25,CZ\n"),
                (
                    "metrics.yml",
                    "- name: revenue\n  display_name: Revenue\n  category: finance\n  table: orders\n  \
                     expression: sum(amount)\n  dimensions: [country]\n",
                ),
                (
                    "proposal.json",
                    r#"{"tables": {"orders": {"columns": {"amount": {"basetype": "DECIMAL", "description": "with tax"}}}}}"#,
                ),
            ]),
            ann: Typist::new(&[]),
            host,
            url: server.url.clone(),
            server: Some(server),
            token: String::new(),
            id: String::new(),
            shown: String::new(),
        }
    }

    /// Replaces the placeholders.
    fn filled(&self, text: &str) -> String {
        text.replace("[SERVER]", &self.url).replace("[TOKEN]", &self.token).replace("[ID]", &self.id)
    }

    /// One line of the story, with what is typed into the command.
    fn step(&mut self, line: &str, input: &str) {
        if line == "stop" {
            assert_eq!(self.server.take().unwrap().end(Signal::TERM).0, Some(0));
        } else if let Some((_, request)) = line.split_once("> ") {
            let (path, body) = request.split_once(' ').unwrap();
            let reply = Http::new(&self.url, &self.token).post(path, &serde_json::from_str(body).unwrap());
            assert_eq!(reply.status, 201, "{line}: {}", reply.text());
        } else {
            let (who, command) = line.split_once("$ ").unwrap();
            let who = [("ada", &self.ada), ("ann", &self.ann), ("host", &self.host)]
                .into_iter()
                .find_map(|(name, typist)| (name == who).then_some(typist))
                .unwrap();
            let ran = who.run(&words(&self.filled(command)), &self.filled(input));
            assert_eq!(ran.code, 0, "{line}: {ran:?}");
            let last = |pattern: &str| {
                Regex::new(pattern).unwrap().find_iter(&ran.stdout).last().map(|it| it.as_str().to_owned())
            };
            self.token = last(r"eyJ[\w.-]+").unwrap_or(std::mem::take(&mut self.token));
            self.id = last(r"\b([0-9a-f]{32}|[0-9a-f-]{36})\b").unwrap_or(std::mem::take(&mut self.id));
            let shown = self.as_shown(line, &ran);
            self.shown.push_str(&shown);
        }
    }

    /// Lines of standard error begin with `! `.
    fn as_shown(&self, line: &str, ran: &Ran) -> String {
        let stderr: String = ran.stderr.lines().map(|line| format!("! {line}\n")).collect();
        let all = format!("{}{stderr}", ran.stdout);
        let text: String = all.split_inclusive('\n').take(LINES).collect();
        let more = all.lines().count().saturating_sub(LINES);
        let more = if more > 0 { "… and more\n" } else { "" };
        let text = [&self.ada, &self.ann, &self.host]
            .iter()
            .fold(text.replace(&self.url, "[SERVER]"), |text, typist| text.replace(&typist.home(), "[HOME]"));
        format!("\n{line}\n{}{more}", masked(&text))
    }
}

#[test]
fn every_command_succeeds_in_a_story() {
    let mut story_so_far = Story::begin();
    let text = story();
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    while let Some(line) = lines.next() {
        let mut input = String::new();
        while let Some(typed) = lines.next_if(|line| line.starts_with("< ")) {
            input.push_str(&typed[2..]);
            input.push('\n');
        }
        story_so_far.step(line, &input);
    }
    insta::assert_snapshot!(story_so_far.shown);
}
