//! Standard input and output, where they are a console.

use winapi_util::HandleRef;
use winapi_util::console::{Console, mode, screen_buffer_info, set_mode};

/// `ENABLE_ECHO_INPUT`
const ECHO: u32 = 0x4;

/// Columns of the console that stdout is, if it is one.
pub fn width() -> Option<usize> {
    let window = screen_buffer_info(HandleRef::stdout()).ok()?.window_rect();
    usize::try_from(window.right - window.left + 1).ok().filter(|columns| *columns > 0)
}

/// Returns whether the console of stderr understands escape sequences, and has it do so.
pub fn shows_colors() -> bool {
    Console::stderr().and_then(|mut console| console.set_virtual_terminal_processing(true)).is_ok()
}

/// Turns the echo of what is typed off until dropped.
pub struct Hidden(Option<u32>);

impl Hidden {
    pub fn stdin() -> Self {
        let Ok(previous) = mode(HandleRef::stdin()) else { return Self(None) };
        Self(set_mode(HandleRef::stdin(), previous & !ECHO).is_ok().then_some(previous))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(previous) = self.0 {
            let _ = set_mode(HandleRef::stdin(), previous);
        }
    }
}
