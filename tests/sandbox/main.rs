//! The layers that confine a query worker, one by one: what each holds back while the others are switched off.
//!
//! This program has no test harness, since a sandbox must be entered on the first thread: without arguments it starts
//! itself once for each case and looks at what came out.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test that fails ends")]

mod code;
mod sql;

/// What is switched on in a process. Policy and namespace never are.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize)]
struct Layers {
    /// The lock of the engine's settings.
    settings: bool,
    landlock: bool,
    seccomp: bool,
}

impl Layers {
    const NONE: Self = Self { settings: false, landlock: false, seccomp: false };
    const SETTINGS: Self = Self { settings: true, ..Self::NONE };
    const LANDLOCK: Self = Self { landlock: true, ..Self::NONE };
    const SECCOMP: Self = Self { seccomp: true, ..Self::NONE };
    const SANDBOX: Self = Self { landlock: true, seccomp: true, ..Self::NONE };

    /// Enters the layers of the kernel.
    fn enter(self, sandbox: &agnes::query::worker::sandbox::Sandbox) {
        if self.landlock && self.seccomp {
            assert_eq!(sandbox.enter().unwrap(), Vec::<&str>::new(), "this kernel has all layers");
        } else if self.landlock {
            assert!(sandbox.restrict_files().unwrap());
        } else if self.seccomp {
            assert!(sandbox.restrict_calls().unwrap());
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--code", task] => return code::attempt_all(&serde_json::from_str(task).unwrap()),
        ["--sql", task] => return sql::run_all(&serde_json::from_str(task).unwrap()),
        _ => {}
    }
    // The harness's arguments, such as a filter for the names of tests.
    if arguments.iter().any(|argument| !argument.starts_with('-') && !"sandbox".contains(argument.as_str())) {
        return;
    }
    code::check();
    sql::check();
}
