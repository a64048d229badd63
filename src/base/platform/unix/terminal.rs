//! Standard input and output, where they are a terminal.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Columns of the terminal that stdout is, if it is one.
pub fn width() -> Option<usize> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

/// Returns whether a terminal understands escape sequences.
pub fn shows_colors() -> bool {
    true
}

/// Turns the echo of what is typed off until dropped.
pub struct Hidden(Option<Termios>);

impl Hidden {
    pub fn stdin() -> Self {
        let Ok(previous) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut silent = previous.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        Self(tcsetattr(io::stdin(), OptionalActions::Now, &silent).is_ok().then_some(previous))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(previous) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, previous);
        }
    }
}
