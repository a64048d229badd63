//! `agnes mcp install`

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Place, Ran, finish};

fn install(place: &Place, args: &[&str]) -> Ran {
    finish(&mut place.command(&[&["mcp", "install"], args].concat()), "")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn each_client_gets_its_entry() {
    let place = Place::new(&[]);
    let here = place.dir.path();
    let program = env!("CARGO_BIN_EXE_agnes");
    let folder = here.display().to_string();
    for (args, file, entry) in [
        (&[][..], ".mcp.json", json!({"type": "stdio", "command": program, "args": ["mcp"]})),
        (
            &["--client", "cursor"],
            ".cursor/mcp.json",
            json!({"type": "stdio", "command": program, "args": ["mcp", "--workspace", "${workspaceFolder}"]}),
        ),
        (
            &["--client", "claude-desktop", "--server", "https://agnes.example.com/"],
            ".config/Claude/claude_desktop_config.json",
            json!({"command": program, "args": ["mcp", "--workspace", folder, "--server", "https://agnes.example.com"]}),
        ),
    ] {
        let printed = install(&place, &[args, &["--print"]].concat());
        let document: Value = serde_json::from_str(&printed.stdout).unwrap();
        assert_eq!(document, json!({"mcpServers": {"agnes": entry}}), "{printed:?}");
        assert!(!here.join(file).exists(), "only printed");

        let ran = install(&place, args);
        assert!(ran.code == 0 && ran.stdout.starts_with("Entered agnes into "), "{ran:?}");
        assert_eq!(read(&here.join(file)), document);
        let before = std::fs::metadata(here.join(file)).unwrap().modified().unwrap();
        let again = install(&place, args);
        assert!(again.code == 0 && again.stdout.contains("nothing to do"), "{again:?}");
        assert_eq!(std::fs::metadata(here.join(file)).unwrap().modified().unwrap(), before);

        let removed = install(&place, &[args, &["--remove"]].concat());
        assert!(removed.stdout.starts_with("Removed agnes from "), "{removed:?}");
        assert_eq!(read(&here.join(file)), json!({"mcpServers": {}}));
        assert!(install(&place, &[args, &["--remove"]].concat()).stdout.contains("nothing to do"));
    }
}

/// Files in a workspace may be shared with people who have the program elsewhere.
#[test]
fn a_program_on_the_path_is_named_alone() {
    let place = Place::new(&[]);
    let folder = place.dir.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    let program = env!("CARGO_BIN_EXE_agnes");
    let printed = |client: &str, target: &str| {
        let link = folder.join("agnes");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link).unwrap();
        let mut command = place.command(&["mcp", "install", "--print", "--client", client]);
        let ran = finish(command.env("PATH", &folder), "");
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["mcpServers"]["agnes"]["command"].clone()
    };
    assert_eq!(printed("claude-code", program), "agnes");
    assert_eq!(printed("cursor", program), "agnes");
    assert_eq!(printed("claude-desktop", program), program, "it is started without the PATH of a shell");
    assert_eq!(printed("claude-code", "/bin/true"), program, "another program of that name");
}

#[test]
fn other_entries_links_and_modes_stay() {
    let place = Place::new(&[]);
    let (file, kept) = (place.dir.path().join(".mcp.json"), place.dir.path().join("dotfiles.json"));
    let text = "{\n    \"mcpServers\": {\n        \"b\": {\"command\": \"x\"},\n        \"a\": {\"url\": \"http://y\"}\n    },\n    \"z\": 1.0\n}\n";
    std::fs::write(&kept, text).unwrap();
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink("dotfiles.json", &file).unwrap();
    assert_eq!(install(&place, &[]).code, 0);
    assert!(std::fs::symlink_metadata(&file).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o644);
    let entered = std::fs::read_to_string(&kept).unwrap();
    let names: Vec<String> = read(&kept)["mcpServers"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["b", "a", "agnes"]);
    assert!(entered.ends_with("    \"z\": 1.0\n}\n"), "{entered}");
    assert_eq!(install(&place, &["--remove"]).code, 0);
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), text);
}

#[test]
fn a_file_that_cannot_be_read_is_left_alone() {
    let place = Place::new(&[]);
    let file = place.dir.path().join(".mcp.json");
    for text in ["{\"mcpServers\": {", "[]", "{\"mcpServers\": 1}", "\u{0}\u{1}"] {
        std::fs::write(&file, text).unwrap();
        for args in [&[][..], &["--remove"]] {
            let ran = install(&place, args);
            let is_refused =
                ran.code == 1 && ran.stderr.contains("cannot be changed") && ran.stderr.contains("--print");
            let is_harmless = args == ["--remove"] && ran.code == 0 && ran.stdout.contains("nothing to do");
            assert!(is_refused || is_harmless, "{text} {args:?}: {ran:?}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    let ran = install(&place, &[]);
    assert!(ran.code == 1 && ran.stderr.contains("cannot be read"), "{ran:?}");
}
