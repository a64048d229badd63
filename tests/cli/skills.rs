//! The guides that are part of the program.

use crate::sandbox::Sandbox;

#[test]
fn the_list_has_a_title_for_each_guide() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    insta::assert_snapshot!(sandbox.run(&["skills", "list"]).text, @r"
    exit 0
    --- stdout
      agnes-data-querying       Answering questions from company data
      agnes-table-registration  Registering a table
      connectors                Connectors: where tables come from
      corporate-memory          Corporate memory: rules for agents
      deploy                    Deploying and running a server
      notifications             Notifications
      security                  Security: who may do what
      setup                     Setting up: a new server, a new workspace
      troubleshoot              Troubleshooting
    --- stderr
    Read one with: agnes skills show NAME
    ");
    let listed = sandbox.run(&["skills", "list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 9, "{listed}");
    assert_eq!(listed[8]["name"], "troubleshoot");
    assert_eq!(listed[8]["title"], "Troubleshooting");
}

#[test]
fn a_guide_is_shown_as_it_is() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let listed = sandbox.run(&["skills", "list"]).stdout;
    for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        let source = format!("{}/src/cli/skills/{name}.md", env!("CARGO_MANIFEST_DIR"));
        let ran = sandbox.run(&["skills", "show", name]);
        assert_eq!((ran.code, ran.stdout, ran.stderr.as_str()), (0, std::fs::read_to_string(source).unwrap(), ""));
    }
    assert!(sandbox.run(&["skills", "show", "setup"]).stdout.contains("Prerequisites"));
    let shown = sandbox.run(&["--json", "skills", "show", "deploy"]).json();
    assert_eq!(shown["title"], "Deploying and running a server");
    assert!(shown["text"].as_str().unwrap().starts_with("# Deploying"), "{shown}");
    insta::assert_snapshot!(sandbox.run(&["skills", "show", "deploying"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: there is no guide 'deploying'
      hint: The guides are: agnes-data-querying, agnes-table-registration,
        connectors, corporate-memory, deploy, notifications, security, setup,
        troubleshoot
    ");
}
