//! What other programs make of the commands: completions of shells, manual pages.

use std::process::Command;

use crate::sandbox::Sandbox;

#[test]
fn completions() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = sandbox.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text);
        assert!(ran.stdout.contains("agnes") && ran.stdout.contains("access-request"), "{shell}: {}", ran.text);
    }
    assert_eq!(sandbox.run(&["completions", "tcsh"]).code, 2);
    let script = sandbox.home().join("agnes.bash");
    std::fs::write(&script, sandbox.run(&["completions", "bash"]).stdout).unwrap();
    let complete = format!(
        "source '{}'; COMP_WORDS=(agnes admin us); COMP_CWORD=2; _agnes agnes us admin; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let output = Command::new("bash").args(["-c", &complete]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "user\n");
}

#[test]
fn the_shell_need_not_be_named() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let run =
        |args: &[&str], shell: &str| sandbox.finished(sandbox.command(args).env("SHELL", shell).output().unwrap());
    let fish = sandbox.run(&["completions", "fish"]).stdout;
    assert_eq!(run(&["completions"], "/usr/bin/fish").stdout, fish);
    assert_eq!(run(&["--show-completion"], "/usr/bin/fish").stdout, fish);
    assert_eq!(run(&["--show-completion=fish"], "/bin/bash").stdout, fish);
    for args in [&["completions"][..], &["--install-completion"]] {
        let ran = run(args, "/bin/dash");
        assert!(ran.code == 2 && ran.stderr.contains("agnes completions bash"), "{}", ran.text);
    }
    let help = sandbox.run(&["--help"]).stdout;
    assert!(!help.contains("-completion"), "{help}");
}

#[test]
fn completions_are_written_to_where_shells_look() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    for (shell, file) in [
        ("bash", ".local/share/bash-completion/completions/agnes"),
        ("fish", ".config/fish/completions/agnes.fish"),
        ("zsh", ".zfunc/_agnes"),
    ] {
        let script = sandbox.run(&["completions", shell]).stdout;
        for args in [
            vec!["completions".to_owned(), shell.into(), "--install".into()],
            vec![format!("--install-completion={shell}")],
        ] {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ran = sandbox.run(&args);
            assert_eq!(ran.code, 0, "{}", ran.text);
            assert_eq!(std::fs::read_to_string(sandbox.home().join(file)).unwrap().trim_end(), script.trim_end());
            std::fs::remove_file(sandbox.home().join(file)).unwrap();
        }
    }
    assert_eq!(sandbox.run(&["completions", "powershell", "--install"]).code, 2);
}

#[test]
fn manual_pages() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let page = sandbox.run(&["man"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    assert!(page.stdout.contains(".TH agnes 1") && page.stdout.contains("agnes\\-skills(1)"), "{}", page.stdout);
    let ran = sandbox.run(&["man", "--dir", "pages/man1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Manual pages written to pages/man1\n"), "{}", ran.text);
    let pages = sandbox.files();
    let has = |name: &str| pages.contains(&format!("pages/man1/{name}.1"));
    assert!(has("agnes") && has("agnes-admin-user-add") && has("agnes-saved-schedule"), "{pages:?}");
    assert!(!has("agnes-whoami") && !has("agnes-internal") && !has("agnes-admin-add-user"), "{pages:?}");
    let text = std::fs::read_to_string(sandbox.workspace.join("pages/man1/agnes-admin-user-add.1")).unwrap();
    assert!(text.contains("Create a user"), "{text}");
    std::fs::write(sandbox.workspace.join("file"), "").unwrap();
    assert_eq!(sandbox.run(&["man", "--dir", "file"]).code, 1);
}
