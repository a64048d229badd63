//! The scripts that install the command line, as run by shells.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::client_program::{PROGRAM, offering, own_name, text};
use crate::support::TestApp;

#[tokio::test]
async fn a_script_names_no_address_that_could_be_code() {
    let app = TestApp::start_with(&[("SERVER_URL", "")]).await;
    for host in ["a'b", "a$(id)", "a`id`", "a b", "user@a"] {
        let answer = app.get_with("/cli/install.sh", &[("host", host)]).await;
        assert_eq!(answer.status, 400, "{host}: {answer}");
    }
    let configured = TestApp::start_with(&[("SERVER_URL", "https://agnes.example.com")]).await;
    let script = configured.get_with("/cli/install.sh", &[("host", "evil.example")]).await;
    assert!(
        script.text().contains("server='https://agnes.example.com'") && !script.text().contains("evil"),
        "{script}"
    );
    let script = configured.get("/cli/install.ps1").await;
    assert!(script.text().contains("$server = 'https://agnes.example.com'"), "{script}");
}

/// A shell, and where it looks for programs.
struct Shell {
    program: PathBuf,
    path: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Shell {
    /// One of this machine, with all that is installed here.
    fn named(name: &str) -> Self {
        Self { program: Path::new("/usr/bin").join(name), path: "/usr/bin:/bin".into(), _folder: None }
    }

    /// That of Alpine, which has nothing but busybox.
    fn busybox() -> Self {
        let tools = Self::dash_without("");
        Self { program: tools.path.join("ash"), ..tools }
    }

    /// The tools of busybox but one. Its own shell would find that all the same, within itself.
    fn dash_without(tool: &str) -> Self {
        let list = Command::new("busybox").arg("--list").output().expect("busybox, which .ci/run installs");
        let busybox = ["/usr/bin/busybox", "/bin/busybox"].into_iter().find(|path| Path::new(path).exists()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in String::from_utf8(list.stdout).unwrap().lines().filter(|name| *name != tool) {
            std::os::unix::fs::symlink(busybox, folder.path().join(name)).unwrap();
        }
        Self { program: "/usr/bin/dash".into(), path: folder.path().to_owned(), _folder: Some(folder) }
    }

    fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", home).env("PATH", &self.path).env("NO_PROXY", "*");
        command
    }

    /// Runs the script of a server with a home of its own.
    async fn install(&self, app: &TestApp, home: &Path, env: &[(&str, &str)]) -> Output {
        let script = app.get("/cli/install.sh").await;
        assert_eq!(script.status, 200, "{script}");
        let mut command = self.command(home);
        command.arg("-s").envs(env.iter().copied());
        run(command, script.text().to_owned()).await
    }
}

/// Feeds a script to a shell, as `curl … | sh` does.
async fn run(mut command: Command, script: String) -> Output {
    use std::io::Write;
    use std::process::Stdio;
    tokio::task::spawn_blocking(move || {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn the_script_installs_in_every_shell_and_replaces_a_link() {
    let (app, _folder) = offering(&[(&own_name("9.9.9"), PROGRAM)]).await;
    for shell in [Shell::named("dash"), Shell::named("bash"), Shell::busybox()] {
        let name = shell.program.display();
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join(".local/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let old = home.path().join("old");
        std::fs::write(&old, "the older version").unwrap();
        std::os::unix::fs::symlink(&old, bin.join("agnes")).unwrap();
        let output = shell.install(&app, home.path(), &[]).await;
        assert!(output.status.success(), "{name}: {}", text(&output));
        assert!(
            text(&output).contains("Installed agnes 9.9.9") && text(&output).contains("export PATH="),
            "{name}: {}",
            text(&output)
        );
        assert_eq!(std::fs::read_to_string(bin.join("agnes")).unwrap(), PROGRAM);
        assert!(!bin.join("agnes").is_symlink());
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "the older version", "not written through the link");
        let called = std::fs::read_to_string(home.path().join("called")).unwrap();
        assert_eq!(called, format!("setup init --server {}\n", app.url));
        assert_eq!(std::fs::read_dir(&bin).unwrap().count(), 1, "nothing else is left");
    }
}

#[tokio::test]
async fn what_is_installed_has_the_version_that_the_server_names() {
    let app = TestApp::start_with(&[("SERVER_URL", "")]).await;
    let latest = app.get("/cli/latest").await.ok();
    for (shell, fetch) in [(Shell::named("dash"), "curl -fsSL"), (Shell::busybox(), "wget -qO-")] {
        let home = tempfile::tempdir().unwrap();
        let mut command = shell.command(home.path());
        command.args(["-c", &format!("{fetch} {}/cli/install.sh | sh", app.url)]);
        let output = run(command, String::new()).await;
        assert!(output.status.success(), "{fetch}: {}", text(&output));
        let program = home.path().join(".local/bin/agnes");
        let version = Command::new(&program).arg("--version").env_clear().env("HOME", home.path()).output().unwrap();
        assert_eq!(text(&version), format!("agnes {}\n", latest["version"].as_str().unwrap()));
        let config = std::fs::read_to_string(home.path().join(".config/agnes/config.yaml")).unwrap();
        assert_eq!(config, format!("server: {}\n", app.url));
    }
}

#[tokio::test]
async fn the_script_names_the_tool_that_is_missing() {
    let (app, _folder) = offering(&[(&own_name("9.9.9"), PROGRAM)]).await;
    let ca = ("AGNES_CA_FILE", "/etc/hosts");
    for (shell, env, problem) in [
        (Shell::dash_without("wget"), None, "error: this needs curl or wget"),
        (
            Shell::dash_without("sha256sum"),
            None,
            "error: this needs sha256sum, shasum or openssl, to check the download",
        ),
        (
            Shell::busybox(),
            Some(ca),
            "error: the download failed; if this wget does not know --ca-certificate, install curl",
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        let output = shell.install(&app, home.path(), env.as_slice()).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains(problem), "{}", text(&output));
        assert_eq!(std::fs::read_dir(home.path().join(".local/bin")).unwrap().count(), 0, "nothing is left");
    }
}

/// Not run: there is no PowerShell here.
#[tokio::test]
async fn the_script_for_windows_is_powershell() {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let mut is_sound = |script: &str| !parser.parse(script, None).unwrap().root_node().has_error();
    let windows = |arch: &str| format!("agnes-9.9.9-windows-{arch}.exe");
    for files in [&[][..], &[(&*windows("x86_64"), "x")], &[(&*windows("x86_64"), "x"), (&*windows("aarch64"), "y")]] {
        let (app, _folder) = offering(files).await;
        let script = app.get("/cli/install.ps1").await.text().to_owned();
        assert!(files.iter().all(|(name, _)| script.contains(&format!("File = '{name}'"))), "{script}");
        assert!(is_sound(&script), "{script}");
        assert!(!is_sound(&script[..script.len() / 2]), "half of it is not a script");
    }
}

#[tokio::test]
async fn what_is_not_the_program_is_not_installed() {
    let name = own_name("9.9.9");
    let (app, folder) = offering(&[(&name, PROGRAM)]).await;
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin dir");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("agnes"), "the previous one").unwrap();
    let env = [("AGNES_INSTALL_DIR", bin.to_str().unwrap())];
    let shell = Shell::named("sh");
    let script = app.get("/cli/install.sh").await.text().to_owned();
    let previous = || {
        assert_eq!(std::fs::read_to_string(bin.join("agnes")).unwrap(), "the previous one");
        assert_eq!(std::fs::read_dir(&bin).unwrap().count(), 1, "nothing else is left");
    };

    // Other bytes than those of the script's checksum.
    std::fs::write(folder.path().join(&name), PROGRAM.replace("9.9.9", "6.6.6")).unwrap();
    let mut command = shell.command(home.path());
    command.arg("-s").envs(env);
    let output = run(command, script.clone()).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("error: what was downloaded is not the program"), "{}", text(&output));
    previous();

    // A program that does not run.
    std::fs::write(folder.path().join(&name), "#!/bin/sh\necho broken; exit 3\n").unwrap();
    let output = shell.install(&app, home.path(), &env).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("error: the program does not run on this machine: broken"), "{}", text(&output));
    previous();

    // A script that arrived in part does nothing.
    let mut command = shell.command(home.path());
    command.arg("-s").envs(env);
    let output = run(command, script[..script.len() * 2 / 3].to_owned()).await;
    assert!(!text(&output).contains("Installed"), "{}", text(&output));
    previous();

    let (none, _folder) = offering(&[]).await;
    drop(app);
    let missing = none.get("/cli/bin/agnes-9.9.9-linux-x86_64").await;
    assert_eq!(missing.status, 404);
}
