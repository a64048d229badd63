use crate::sandbox::Sandbox;

#[test]
fn help_version_and_usage_errors() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let bare = sandbox.run(&[]);
    assert_eq!((bare.code, bare.stderr.as_str()), (2, ""));
    assert!(bare.stdout.contains("Usage: agnes"), "{}", bare.text);
    assert_eq!(sandbox.run(&["--version"]).stdout, format!("agnes {}\n", env!("CARGO_PKG_VERSION")));
    for help in [&["-h"][..], &["pull", "--help"], &["admin", "group", "-h"]] {
        let ran = sandbox.run(help);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text);
    }
    for usage in [&["trigger"][..], &["auth"], &["admin", "grant"], &["pull", "--bad"], &["admin", "add-user"]] {
        let ran = sandbox.run(usage);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.text);
    }
    let ran = sandbox.run(&["pull", "--server", "agnes.example.com"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 2
    --- stdout
    --- stderr
    Error: 'agnes.example.com' is not a server address: relative URL without a base
      hint: Write it like https://agnes.example.com
    ");
    assert!(sandbox.files().is_empty());
}
